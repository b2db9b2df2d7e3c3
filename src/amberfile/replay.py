"""What was written elsewhere, written again as it was: ids, times, earlier versions.

Both sides keep the order of the last writes, which breaks ties in a ranking.
An entry that stands here already is left out, so a second import adds nothing.

What it leaves out: turns, and the marks of what was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import groupby

from amberfile import checks
from amberfile.admission import Admission, Newcomer, Spoken, Versions, possible, writes
from amberfile.changes import (
    Append,
    Batch,
    Change,
    MarkImport,
    Put,
    RenameSession,
    Restore,
    Retract,
)
from amberfile.drafts import Draft, Said, checked_draft, checked_said, to_item, to_message
from amberfile.errors import Conflict
from amberfile.memory import Memory
from amberfile.recall.shape import item_terms, message_terms
from amberfile.shared import BATCH
from amberfile.types import MESSAGE, Message, Version

__all__ = ["Imported", "Replay", "Versions", "recorded"]


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Args:
        sessions: that got new messages.
        known: entries that stood here already.
        skipped: entries that were forgotten here, and items whose key another item has.
        id: of its record, by which it can be undone; None if it left none.
        hidden: entries that the source itself hides, which are left out.
    """

    sessions: int = 0
    messages: int = 0
    items: int = 0
    known: int = 0
    skipped: int = 0
    id: str | None = field(default=None, compare=False)
    hidden: int = 0


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


LARGE = 1 << 22
"""Characters that are written together, about, where a thousand entries have more."""


class Replay:
    """Writes entries in the order in which they come, a thousand at a time, long ones fewer.

    `finish` writes the rest. An error leaves the batches before it written.

    Args:
        source: what is imported, as it was named. Its record says what it
            brought, also when it is cut short. "" leaves no record.
        format: of the source.
        dry_run: write nothing; `finish` tells what would have been written.
    """

    def __init__(
        self, memory: Memory, *, source: str = "", format: str = "", dry_run: bool = False
    ) -> None:
        self._shared, self._scope, self._dry_run = memory._shared, memory._scope, dry_run
        self._source, self._format = checks.text("source", source), checks.text("format", format)
        self._admission = Admission(self._shared, self._scope, lasting=dry_run)
        self._waiting: list[Spoken | Versions] = []
        self._length = 0
        self._titles: dict[str, str] = {}
        self._begun: set[str] = set()
        self._id: str | None = None
        self._messages = self._items = self._overtaken = self._hidden = 0

    def now(self) -> datetime:
        """The time of the import, for what has none."""
        return self._shared.now()

    def message(self, session: str, said: Said, *, other_id: str = "") -> None:
        """Append to a session.

        Args:
            other_id: instead of `said.id`, where that is a different message's.
        """
        name, given = checks.name("session", session), checked_said(said)
        now, new_id = self._shared.now(), given["id"] or self._shared.new_id()
        self._add(Spoken(to_message(given, self._scope, name, now, new_id), other_id))

    def item(self, versions: Versions) -> None:
        """Write an item with its history; its ids, times and reasons count, not its numbers."""
        self._add([self._checked(version) for version in possible(versions)])

    def title(self, session: str, title: str) -> None:
        """Name a session in `finish`, if it has begun by then and has no title."""
        self._titles[checks.name("session", session)] = checks.text("title", title)

    def hide(self, count: int = 1) -> None:
        """Count entries that the source itself hides."""
        self._hidden += count

    def finish(self) -> Imported:
        self._flush()
        self._rename()
        return Imported(
            sessions=len(self._begun),
            messages=self._messages,
            items=self._items,
            known=self._admission.known,
            skipped=self._admission.skipped + self._overtaken,
            id=self._id,
            hidden=self._hidden,
        )

    def _checked(self, version: Version) -> Version:
        given = checked_draft(
            Draft(**{one.name: getattr(version.item, one.name) for one in fields(Draft)})
        )
        updated_at = checks.time("updated_at", version.item.updated_at)
        item = to_item(given, self._scope, updated_at, version.item.id)
        return Version(item, version.change, checks.text("reason", version.reason))

    def _add(self, entry: Spoken | Versions) -> None:
        self._waiting.append(entry)
        self._length += _length(entry)
        if len(self._waiting) >= BATCH or self._length >= LARGE:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting, self._length = self._waiting, [], 0
        together: list[Newcomer] = []
        for entry in self._admission.let_in(waiting):
            if self._dry_run:
                self._count(entry)
            elif isinstance(entry, Message) or not _is_dated(entry):
                together.append(entry)
            else:
                self._write(together)
                self._write_dated(entry)
                together = []
        self._write(together)

    def _write(self, entries: Sequence[Newcomer]) -> None:
        """Write them at once; where somebody else was first, find by halving which one he took."""
        if not entries:
            return
        try:
            self._commit(_changes(entries), entries=len(entries))
        except Conflict:
            half = len(entries) // 2
            if half:
                self._write(entries[:half])
                self._write(entries[half:])
            else:
                self._overtaken += 1
        else:
            for entry in entries:
                self._count(entry)

    def _write_dated(self, versions: Versions) -> None:
        """Write a history in which something was hidden: that takes the time of its batch."""
        (first_at, first), *rest = _steps(versions)
        try:
            self._commit(first, entries=1, at=first_at)
        except Conflict:
            self._overtaken += 1
            return
        self._count(versions)
        with suppress(Conflict):  # somebody changed it meanwhile, and his change stands
            for at, changes in rest:
                self._commit(changes, entries=0, at=at)

    def _commit(
        self, changes: Sequence[Change], *, entries: int, at: datetime | None = None
    ) -> None:
        """Write a batch, and on the record of the import that it is one of its own."""
        id = self._id or (self._shared.new_id() if self._source and entries else None)
        marks = [] if id is None else [MarkImport(id, self._source, self._format, entries)]
        batch = Batch(self._scope, (*changes, *marks), at or self._shared.now())
        self._shared.store().write(batch)
        self._id = id

    def _count(self, entry: Newcomer) -> None:
        if isinstance(entry, Message):
            self._messages += 1
            self._begun.add(entry.session)
        else:
            self._items += 1

    def _rename(self) -> None:
        titles, self._titles = self._titles, {}
        if self._dry_run or not titles:
            return
        renames = [
            RenameSession(one.id, titles[one.id])
            for one in self._shared.store().sessions(self._scope)
            if not one.title and titles.get(one.id)
        ]
        if renames:
            self._commit(renames, entries=0)


def _length(entry: Spoken | Versions) -> int:
    """Characters, about."""
    if isinstance(entry, Spoken):
        said = entry.message
        odd = (said.parts and said.parts.data, said.tool_calls)
        return len(said.text) + sum(len(repr(one)) for one in odd if one)
    each = (version.item for version in entry)
    return sum(len(one.text) + (len(repr(one.metadata)) if one.metadata else 0) for one in each)


def _changes(entries: Sequence[Newcomer]) -> list[Change]:
    """What writes these entries; neighbours of one session are appended together."""
    changes: list[Change] = []
    for session, together in groupby(entries, _session):
        if session is None:
            for entry in together:
                changes += [] if isinstance(entry, Message) else _steps(entry)[0][1]
        else:
            messages = tuple(entry for entry in together if isinstance(entry, Message))
            changes.append(Append(session, messages, tuple(map(message_terms, messages))))
    return changes


def _session(entry: Newcomer) -> str | None:
    """A message's; None for an item."""
    return entry.session if isinstance(entry, Message) else None


def _is_dated(versions: Versions) -> bool:
    return not all(map(writes, versions))


def _steps(versions: Versions) -> list[tuple[datetime | None, list[Change]]]:
    """The changes of a history, as batches: each with the time that it needs, if any."""
    steps: list[tuple[datetime | None, list[Change]]] = [(None, [])]
    for number, version in enumerate(versions):
        item, (at, changes) = version.item, steps[-1]
        if writes(version):
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
