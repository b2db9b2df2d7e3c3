"""What a call is about to remove, to be shown before it happens."""

from __future__ import annotations

from collections.abc import Sequence

from amberfile.memory import Memory
from amberfile.types import Entry, Filter


def entries(memory: Memory, ids: Sequence[str], key: str | None = None) -> list[Entry]:
    """The items and messages that `memory.forget(*ids, key=key)` would remove.

    A hidden item is found by its id, not by its key.
    """
    store, scope = memory._shared.store(), memory._scope
    found: list[Entry] = [*store.get(scope, ids), *store.known_messages(scope, ids)]
    if key is not None:
        named = store.find([scope], Filter(key=key), limit=1_000)
        found += [one.entry for one in named if one.entry.id not in ids]
    return found
