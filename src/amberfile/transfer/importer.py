"""What an importer is: it knows its files when it sees them, and takes them in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from amberfile.replay import Replay
from amberfile.transfer.source import Source


class Importer(NamedTuple):
    """A format that can be imported.

    Args:
        name: as a caller names it.
        told: what it is, for people, in a few words.
        fits: whether a source looks like it. Cheap: the name, `head` and
            `first`; it raises nothing.
        take: brings a source into the replay. Raises `InvalidInput`, with the
            place, for what it cannot read; what came before it stays.
    """

    name: str
    told: str
    fits: Callable[[Source], bool]
    take: Callable[[Replay, Source], None]
