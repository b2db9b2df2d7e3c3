"""What a person means by a few characters, what a call is about to remove, what is hidden."""

from __future__ import annotations

from collections.abc import Sequence

from amberfile import checks
from amberfile.errors import Ambiguous, NotFound
from amberfile.memory import Memory
from amberfile.replay import recorded
from amberfile.types import ALL, Entry, Filter, Item, Message


def find_id(memory: Memory, prefix: str) -> str:
    """The id of the one item or message that has this id or, if none has, begins with it.

    In the memory's own scope; hidden items count.

    Raises:
        NotFound: there is none.
        Ambiguous: there are several.
    """
    wanted = checks.name("prefix", prefix)
    found = memory._shared.store().ids(memory._scope, wanted, limit=checks.MAX_LIMIT)
    if not found:
        raise NotFound(
            f"no item or message begins with {wanted!r} in {memory.scope}. "
            "find() and messages() list them."
        )
    if wanted != found[0] and len(found) > 1:
        raise Ambiguous("entry", wanted, found)
    return found[0]


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


def hidden(memory: Memory, filter: Filter = ALL) -> list[Item]:
    """The retracted items that match, the last retracted first. Reads the whole scope."""
    wanted = checks.filter("filter", filter)
    each = (one[-1].item for one in recorded(memory) if not isinstance(one, Message))
    found = [item for item in each if item.state == "retracted" and wanted.matches(item)]
    return found[::-1]
