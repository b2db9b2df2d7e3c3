"""What was written elsewhere, written again as it was: ids, times, earlier versions.

Both sides keep the order of the last writes, which breaks ties in a ranking.
An entry that stands here already is left out, so a second import adds nothing.

What it leaves out: turns, and the marks of what was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TypeAlias

from amberfile import checks
from amberfile.changes import Append, Batch, Change, Put, RenameSession, Restore, Retract
from amberfile.drafts import Draft, Said, checked_draft, checked_said, to_item, to_message
from amberfile.errors import Conflict
from amberfile.memory import Memory
from amberfile.recall.shape import item_terms, message_terms
from amberfile.shared import BATCH
from amberfile.types import MESSAGE, Message, Version

Versions: TypeAlias = Sequence[Version]
"""An item's history, oldest first."""


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Args:
        sessions: that got new messages.
        known: entries that stood here already.
        skipped: entries that were forgotten here, and items whose key another item has.
    """

    sessions: int = 0
    messages: int = 0
    items: int = 0
    known: int = 0
    skipped: int = 0


def recorded(memory: Memory) -> Iterator[Message | Versions]:
    """Everything in the memory's own scope, in the order of its last write; hidden items too.

    What is written meanwhile may be in it or not, but nothing is there twice.
    """
    store, scope = memory._shared.store(), memory._scope
    told: set[str] = set()
    since = 0
    while page := store.changes([scope], since, limit=BATCH):
        for change in page:
            if isinstance(change.entry, Message):
                yield change.entry
            elif change.kind != MESSAGE and change.id not in told:
                told.add(change.id)
                yield from filter(None, [store.history(scope, change.id)])
        since = page[-1].rev


class Replay:
    """Writes entries in the order in which they come, a thousand at a time.

    `finish` writes the rest. An error leaves the thousands before it written.
    """

    def __init__(self, memory: Memory) -> None:
        self._shared, self._scope = memory._shared, memory._scope
        self._waiting: list[_Spoken | Versions] = []
        self._titles: dict[str, str] = {}
        self._begun: set[str] = set()
        self._messages = self._items = self._known = self._skipped = 0

    def message(self, session: str, said: Said, *, other_id: str = "") -> None:
        """Append to a session.

        Args:
            other_id: instead of `said.id`, where that is a different message's.
        """
        name, given = checks.name("session", session), checked_said(said)
        now, new_id = self._shared.now(), self._shared.new_id()
        self._add(_Spoken(to_message(given, self._scope, name, now, new_id), other_id))

    def item(self, versions: Versions) -> None:
        """Write an item with its history; its ids, times and reasons count, not its numbers."""
        self._add([self._checked(version) for version in versions])

    def title(self, session: str, title: str) -> None:
        """Name a session in `finish`, if it has begun by then and has no title."""
        self._titles[checks.name("session", session)] = checks.text("title", title)

    def finish(self) -> Imported:
        self._flush()
        self._rename()
        return Imported(len(self._begun), self._messages, self._items, self._known, self._skipped)

    def _checked(self, version: Version) -> Version:
        given = checked_draft(
            Draft(**{field.name: getattr(version.item, field.name) for field in fields(Draft)})
        )
        updated_at = checks.time("updated_at", version.item.updated_at)
        item = to_item(given, self._scope, updated_at, version.item.id)
        return Version(item, version.change, checks.text("reason", version.reason))

    def _add(self, entry: _Spoken | Versions) -> None:
        self._waiting.append(entry)
        if len(self._waiting) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        together: list[_Entry] = []
        for entry in self._unknown(waiting):
            if isinstance(entry, Message) or not _is_dated(entry):
                together.append(entry)
            else:
                self._write(together)
                self._write_dated(entry)
                together = []
        self._write(together)

    def _unknown(self, waiting: Sequence[_Spoken | Versions]) -> Iterator[_Entry]:
        """Those that do not stand here yet; a message under the id that it will have."""
        spoken = [entry for entry in waiting if isinstance(entry, _Spoken)]
        wanted = [id for one in spoken for id in (one.message.id, one.other_id) if id]
        items = [entry[0].item.id for entry in waiting if not isinstance(entry, _Spoken)]
        store = self._shared.store()
        taken = {one.id: one for one in store.known_messages(self._scope, wanted)}
        stands = {item.id for item in store.get(self._scope, items)}
        for entry in waiting:
            if isinstance(entry, _Spoken):
                message = entry.free_of(taken)
                if message is None:
                    self._known += 1
                else:
                    taken[message.id] = message
                    yield message
            elif (id := entry[0].item.id) in stands:
                self._known += 1
            else:
                stands.add(id)
                yield entry

    def _write(self, entries: Sequence[_Entry]) -> None:
        """Write them at once; when one conflicts, find it by halving."""
        if not entries:
            return
        try:
            self._commit(_changes(entries))
        except Conflict:
            half = len(entries) // 2
            if half:
                self._write(entries[:half])
                self._write(entries[half:])
            else:
                self._write_keyless(entries[0])
        else:
            for entry in entries:
                self._count(entry)

    def _write_keyless(self, entry: _Entry) -> None:
        """Write an item whose earlier key is another's now without it; skip any other entry."""
        if isinstance(entry, Message) or (plain := _without_old_keys(entry)) == entry:
            self._skipped += 1
        else:
            self._write([plain])

    def _write_dated(self, versions: Versions) -> None:
        """Write a history in which something was hidden: that takes the time of its batch."""
        (first_at, first), *rest = _steps(versions)
        try:
            self._commit(first, at=first_at)
        except Conflict:
            plain = _without_old_keys(versions)
            if plain == versions:
                self._skipped += 1
            else:
                self._write_dated(plain)
            return
        for at, changes in rest:
            self._commit(changes, at=at)
        self._count(versions)

    def _commit(self, changes: Sequence[Change], *, at: datetime | None = None) -> None:
        batch = Batch(self._scope, tuple(changes), at or self._shared.now())
        self._shared.store().write(batch)

    def _count(self, entry: _Entry) -> None:
        if isinstance(entry, Message):
            self._messages += 1
            self._begun.add(entry.session)
        else:
            self._items += 1

    def _rename(self) -> None:
        titles, self._titles = self._titles, {}
        begun = self._shared.store().sessions(self._scope) if titles else []
        renames = [
            RenameSession(one.id, titles[one.id])
            for one in begun
            if not one.title and titles.get(one.id)
        ]
        if renames:
            self._commit(renames)


@dataclass(frozen=True)
class _Spoken:
    """A message on its way in, and the id that it takes if its own is another's."""

    message: Message
    other_id: str

    def free_of(self, taken: Mapping[str, Message]) -> Message | None:
        """The message under an id that is free; None if it stands here."""
        here = taken.get(self.message.id)
        if here is None:
            return self.message
        if _same(here, self.message) or not self.other_id or self.other_id in taken:
            return None
        return replace(self.message, id=self.other_id)


_Entry: TypeAlias = Message | Versions


def _same(one: Message, other: Message) -> bool:
    said = (one.session, one.role, one.content, one.name, one.tool_call_id)
    return said == (other.session, other.role, other.content, other.name, other.tool_call_id)


def _changes(entries: Sequence[_Entry]) -> list[Change]:
    """What writes these entries; neighbours of one session are appended together."""
    changes: list[Change] = []
    for entry in entries:
        if not isinstance(entry, Message):
            changes += _steps(entry)[0][1]
            continue
        last = changes[-1] if changes else None
        messages: tuple[Message, ...] = (entry,)
        if isinstance(last, Append) and last.session == entry.session:
            messages = (*last.messages, entry)
            changes.pop()
        changes.append(Append(entry.session, messages, ()))
    return [_with_terms(one) if isinstance(one, Append) else one for one in changes]


def _with_terms(append: Append) -> Append:
    return replace(append, terms=tuple(map(message_terms, append.messages)))


def _is_dated(versions: Versions) -> bool:
    return any(version.change in ("retracted", "restored") for version in versions)


def _steps(versions: Versions) -> list[tuple[datetime | None, list[Change]]]:
    """The changes of a history, as batches: each with the time that it needs, if any."""
    steps: list[tuple[datetime | None, list[Change]]] = [(None, [])]
    for number, version in enumerate(versions):
        item, (at, changes) = version.item, steps[-1]
        if number == 0 or version.change not in ("retracted", "restored"):
            changes.append(Put(item, item_terms(item), if_version=number))
            continue
        if at not in (None, item.updated_at):
            changes = []
            steps.append((None, changes))
        if version.change == "retracted":
            changes.append(Retract(item.id, version.reason))
        else:
            changes.append(Restore(item.id, item_terms(item), if_version=number))
        steps[-1] = (item.updated_at, changes)
    return steps


def _without_old_keys(versions: Versions) -> Versions:
    """The same history, where only the key that the item has now was ever its."""
    key = versions[-1].item.key
    return [
        version
        if version.item.key in (key, None)
        else replace(version, item=replace(version.item, key=None))
        for version in versions
    ]
