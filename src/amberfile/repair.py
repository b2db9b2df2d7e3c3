"""A new store with what can be read of a damaged file, which stays as it is."""

from __future__ import annotations

import os

from amberfile import checks, config
from amberfile.recall.analysis import VERSION
from amberfile.recall.shape import entry_terms
from amberfile.stores.base import Progress, Repaired

__all__ = ["Repaired", "repair"]


def repair(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
) -> Repaired:
    """Read the damaged file `source` page by page, and make a new store at `target`.

    A row that is not what was written is left out. Messages whose session is
    lost get one named "recovered-" and its number; entries whose scope is lost
    get the space of such a name. An item whose last version is lost comes back
    hidden. Neither the file nor its log is written. Cost: reads everything
    once, and needs room on the disk for twice as much.

    Args:
        progress: told the pages that were read, of how many.

    Raises:
        NotFound: nothing is at `source`.
        InvalidInput: something stands at `target`.
        NotAStore: there is nothing of ours in it.
        StoreBusy, StoreUnavailable: it is in use, here or in another process.
    """
    return config.salvage(
        checks.path("source", source),
        checks.path("target", target),
        terms=entry_terms,
        analysis=VERSION,
        progress=progress,
    )
