"""What of a source comes in: what is new here, was not forgotten, and has no other item's key.

An import and its dry run both ask here, so they count alike. Entries are judged
in their order, as if those that came in before them were written already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from amberfile.shared import Shared
from amberfile.types import Message, Scope, Version

Versions: TypeAlias = Sequence[Version]
"""An item's history, oldest first."""

Newcomer: TypeAlias = Message | Versions

BRANCH = "/branch-"
"""Stands in a session between its conversation and a number: a message that has only moved
from one branch of a conversation to another is the same."""

_Key: TypeAlias = tuple[str, str]

_Known: TypeAlias = Message | bytes
"""What a message says: itself, or its digest."""


@dataclass(frozen=True)
class Spoken:
    """A message on its way in, and the id that it takes if its own is another's."""

    message: Message
    other_id: str

    def free_of(self, taken: Mapping[str, _Known]) -> Message | None:
        """The message under an id that is free; None if it stands here."""
        here = taken.get(self.message.id)
        if here is None:
            return self.message
        if not self.other_id or self.other_id in taken or _said(here) == _said(self.message):
            return None
        return replace(self.message, id=self.other_id)


class Admission:
    """Lets entries in, and counts those that are known here or may not come in.

    Args:
        lasting: nothing is written, so what was let in is kept in mind: its
            ids and keys, and 16 bytes a message.
    """

    def __init__(self, shared: Shared, scope: Scope, *, lasting: bool) -> None:
        self._shared, self._scope, self._lasting = shared, scope, lasting
        self.known = self.skipped = 0
        self._clear()

    def let_in(self, waiting: Sequence[Spoken | Versions]) -> list[Newcomer]:
        """Those that come in, in order; a message under the id that it will have."""
        if not self._lasting:
            self._clear()
        self._look_up(waiting)
        each = (
            self._message(one) if isinstance(one, Spoken) else self._item(one) for one in waiting
        )
        return [entry for entry in each if entry is not None]

    def _clear(self) -> None:
        self._messages: dict[str, _Known] = {}
        self._items: set[str] = set()
        self._owners: dict[_Key, str] = {}
        self._gone: set[str] = set()

    def _look_up(self, waiting: Sequence[Spoken | Versions]) -> None:
        """What the store has under the names of those who wait."""
        store, scope = self._shared.store(), self._scope
        spoken = [one for one in waiting if isinstance(one, Spoken)]
        said = [id for one in spoken for id in (one.message.id, one.other_id) if id]
        histories = [one for one in waiting if not isinstance(one, Spoken)]
        items = [versions[0].item.id for versions in histories]
        keys = [key for versions in histories for key in _keys(versions)]
        here = store.known_messages(scope, said) if said else []
        self._messages |= {message.id: self._noted(message) for message in here}
        self._items |= {item.id for item in store.get(scope, items)} if items else set()
        self._owners |= store.keyed(scope, keys) if keys else {}
        strange = [id for id in said if id not in self._messages]
        strange += [id for id in items if id not in self._items]
        self._gone = store.forgotten(scope, strange) if strange else set()

    def _message(self, spoken: Spoken) -> Message | None:
        message = spoken.free_of(self._messages)
        if message is None:
            self.known += 1
        elif message.id in self._gone:
            self.skipped += 1
        else:
            self._messages[message.id] = self._noted(message)
            return message
        return None

    def _noted(self, message: Message) -> _Known:
        return _said(message) if self._lasting else message

    def _item(self, versions: Versions) -> Versions | None:
        id = versions[0].item.id
        if id in self._items:
            self.known += 1
            return None
        fitting = None if id in self._gone else self._with_free_keys(id, versions)
        if fitting is None:
            self.skipped += 1
            return None
        self._items.add(id)
        last = [version.item for version in fitting if writes(version)][-1]
        if last.key is not None:
            self._owners[last.kind, last.key] = id
        return fitting

    def _with_free_keys(self, id: str, versions: Versions) -> Versions | None:
        """The history; without its earlier keys where another item has one; None if the last."""
        for history in (versions, _without_old_keys(versions)):
            if all(self._owners.get(key, id) == id for key in _keys(history)):
                return history
        return None


def possible(versions: Iterable[Version]) -> Iterator[Version]:
    """A history as it can have happened: only what stands is hidden, only what is hidden restored.

    The first version is "created", a restored one that was not hidden "updated".
    What is hidden or restored says what it said before.
    """
    before: Version | None = None
    for version in versions:
        hidden = before is not None and before.change == "retracted"
        if version.change == "retracted" and hidden:
            continue
        if before is None:
            version = replace(version, change="created")
        elif version.change == "restored" and not hidden:
            version = replace(version, change="updated")
        elif not writes(version):
            item = replace(before.item, updated_at=version.item.updated_at)
            version = replace(version, item=item)
        before = version
        yield version


def writes(version: Version) -> bool:
    """Whether the version has fields of its own, and is not the one before, hidden or restored."""
    return version.change not in ("retracted", "restored")


def _keys(versions: Versions) -> list[_Key]:
    """(kind, key) of each version that has a key."""
    written = (version.item for version in versions if writes(version))
    return [(item.kind, item.key) for item in written if item.key is not None]


def _without_old_keys(versions: Versions) -> Versions:
    """The same history, where only the key that the item has now was ever its."""
    key = versions[-1].item.key
    return [
        version
        if version.item.key in (key, None)
        else replace(version, item=replace(version.item, key=None))
        for version in versions
    ]


def _said(message: _Known) -> bytes:
    """The same for messages that say the same."""
    from hashlib import blake2b  # it loads OpenSSL, which nobody else needs

    if isinstance(message, bytes):
        return message
    conversation = message.session.partition(BRANCH)[0]
    said = (conversation, message.role, message.content, message.name, message.tool_call_id)
    return blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()
