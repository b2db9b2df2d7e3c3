"""A batch on its way into the tables, and the way back if it fails."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar

from amberfile.changes import Batch, Result, Terms, Written
from amberfile.errors import OpIdReused
from amberfile.stores.base import Changed
from amberfile.stores.ram.tables import Call, Data, Name, Session, first_number
from amberfile.types import MESSAGE, Entry, Item, Message, Version

K = TypeVar("K")
V = TypeVar("V")

OP_ID_LIFE = timedelta(hours=24)
"""How long an op_id answers as it did first."""


class Journal:
    """How to undo what a batch has done so far."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def did(self, undo: Callable[[], object]) -> None:
        self._steps.append(undo)

    def set(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            self.did(partial(table.__setitem__, key, table[key]))
        else:
            self.did(partial(table.__delitem__, key))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> V:
        value = table[key]
        self.did(partial(table.__setitem__, key, value))
        del table[key]
        return value

    def undo(self) -> None:
        while self._steps:
            self._steps.pop()()


@contextmanager
def undone_on_error() -> Iterator[Journal]:
    journal = Journal()
    try:
        yield journal
    except BaseException:
        journal.undo()
        raise


class Write:
    """One batch: its scope's tables, and the steps that its changes share."""

    def __init__(self, data: Data, batch: Batch, journal: Journal) -> None:
        self.batch, self.at, self.journal = batch, batch.at, journal
        self.tables = data.of(batch.scope)
        self.rev = data.last["rev"] + 1
        self._data = data
        self._numbers = count(first_number(self.rev))

    def replayed(self) -> Written | None:
        """The first answer to the same call; None if this is the first."""
        op_id = self.batch.op_id
        if op_id is None:
            return None
        self._drop_old_calls()
        call = self.tables.calls.get(op_id)
        if call is None:
            return None
        if call.digest != self.batch.digest:
            raise OpIdReused(op_id)
        return call.answer._replace(replayed=True)

    def applied(self, results: Iterable[Result]) -> Written:
        """The answer to the batch. Its changes happen while `results` are read."""
        self.journal.set(self._data.last, "rev", self.rev)
        if self.batch.scope not in self._data.scopes:
            self.journal.set(self._data.scopes, self.batch.scope, self.tables)
        answer = Written(self.rev, tuple(results))
        if self.batch.op_id is not None:
            self._keep_call(self.batch.op_id, answer)
        return answer

    def number(self) -> int:
        """A number above every other that was given out before, in any scope."""
        return next(self._numbers)

    def record(self, version: Version, terms: Terms | None) -> None:
        """Let an item's next version stand, found by these terms; without any it is hidden."""
        item = version.item
        before = self.tables.item(item.id)
        if before is None:
            self.journal.set(self.tables.items, item.id, [])
        elif before.state == "current":
            self.hide(("item", item.id))
        versions = self.tables.items[item.id]
        versions.append(version)
        self.journal.did(versions.pop)
        self.rekey(before, item)
        handle = self._next_serial() << 1
        if terms is not None:
            self.show(("item", item.id), handle, item, terms)
        self.log(("item", item.id), item.kind, None if terms is None else item)

    def say(self, message: Message, terms: Terms) -> int:
        """Let a message stand; answers its handle."""
        handle = self._next_serial() << 1 | 1
        self.show(("message", message.id), handle, message, terms)
        self.log(("message", message.id), MESSAGE, message)
        return handle

    def show(self, name: Name, handle: int, entry: Entry, terms: Terms) -> None:
        self.journal.set(self.tables.handles, name, handle)
        self.journal.set(self.tables.current, handle, entry)
        self.tables.index.add(handle, terms._replace(postings=tuple(terms.postings)))
        self.journal.did(partial(self.tables.index.remove, handle))

    def hide(self, name: Name) -> None:
        handle = self.journal.drop(self.tables.handles, name)
        self.journal.drop(self.tables.current, handle)
        terms = self.tables.index.remove(handle)
        self.journal.did(partial(self.tables.index.add, handle, terms))

    def log(self, name: Name, kind: str, entry: Entry | None) -> None:
        """Let `changes` tell this of a name, in place of what it told before."""
        self.unlog(name)
        number = self.number()
        change = Changed(self.rev, self.batch.scope, kind, name[1], entry)
        self.journal.set(self.tables.logged, name, number)
        self.journal.set(self.tables.log, number, change)

    def unlog(self, name: Name) -> None:
        if name in self.tables.logged:
            self.journal.drop(self.tables.log, self.journal.drop(self.tables.logged, name))

    def rekey(self, before: Item | None, after: Item | None) -> None:
        """Give up the key of `before` and take that of `after`."""
        if before is not None and before.key is not None:
            kinds = dict(self.tables.keys[before.key])
            del kinds[before.kind]
            self.journal.set(self.tables.keys, before.key, kinds)
            if not kinds:
                self.journal.drop(self.tables.keys, before.key)
        if after is not None and after.key is not None:
            kinds = self.tables.keys.get(after.key, {}) | {after.kind: after.id}
            self.journal.set(self.tables.keys, after.key, kinds)

    def touch(self, id: str, session: Session, **fields: Any) -> None:
        """Store a session's row with these fields, at the front of the listing."""
        self.journal.set(self.tables.sessions, id, replace(session, rev=self.rev, **fields))

    def _next_serial(self) -> int:
        serial = self._data.last["serial"] + 1
        self.journal.set(self._data.last, "serial", serial)
        return serial

    def _keep_call(self, op_id: str, answer: Written) -> None:
        self.journal.set(self.tables.calls, op_id, Call(self.at, self.batch.digest, answer))
        insort(self.tables.ages, (self.at, op_id))
        self.journal.did(partial(self.tables.ages.remove, (self.at, op_id)))

    def _drop_old_calls(self) -> None:
        ages = self.tables.ages
        while ages and self.at - ages[0][0] > OP_ID_LIFE:
            oldest = ages.pop(0)
            self.journal.did(partial(ages.insert, 0, oldest))
            self.journal.drop(self.tables.calls, oldest[1])
