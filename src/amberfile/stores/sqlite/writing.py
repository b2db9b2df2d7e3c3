"""What the changes of one batch share while they are written."""

from __future__ import annotations

from typing import Any

import apsw

from amberfile.changes import Batch, Terms
from amberfile.errors import Conflict
from amberfile.stores.sqlite.index import Index, KnownTerms
from amberfile.stores.sqlite.rows import bound
from amberfile.types import MESSAGE, Scope, micros

_BURIED = "SELECT kind, may_return FROM tombstone WHERE scope = ? AND id = ? AND kind <> 'session'"
_BURY = (
    "INSERT OR REPLACE INTO tombstone (scope, kind, id, handle, at, rev, may_return)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_UNBURY = "DELETE FROM tombstone WHERE scope = ? AND id = ? AND kind = ? AND may_return"
_SCOPE = "SELECT id, waiting FROM scope WHERE space = ? AND user = ? AND agent = ?"


class Writing:
    """One batch inside a transaction: its scope's number, its rev, its index.

    Args:
        rev: the batch's.
        serial: the last handle's serial given in the store; grows here.
    """

    def __init__(
        self, db: apsw.Connection, batch: Batch, *, rev: int, serial: int, known: KnownTerms
    ) -> None:
        self.db = db
        self.batch = batch
        self.rev = rev
        self.serial = serial
        self.at = micros(batch.at)
        self.scope = known.numbers.get(batch.scope) or self._number(known)
        self.index = Index(db, self.scope, known.of(self.scope))

    def _number(self, known: KnownTerms) -> int:
        scope = self.batch.scope
        names = (bound(scope.space), bound(scope.user), bound(scope.agent))
        number, waiting = self.row(_SCOPE, names) or (_add_scope(self.db, scope), 0)
        known.numbers[scope] = number
        known.of(number).waiting = waiting
        return int(number)

    def row(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None."""
        for row in self.db.execute(query, values):
            return row
        return None

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self.db.execute(query, values).fetchall()

    def add_entry(self, terms: Terms, *, message: bool) -> tuple[int, bytes]:
        """A new handle, and what the index needs to take the entry out again."""
        self.serial += 1
        handle = self.serial << 1 | message
        return handle, self.index.add(handle, terms)

    def bury(self, kind: str, id: str, *, may_return: bool = False) -> None:
        """Leave a mark that it was there, without its text."""
        self.serial += 1
        when = (self.serial << 1, self.at, self.rev)
        self.db.execute(_BURY, (self.scope, bound(kind), bound(id), *when, may_return))

    def admit(self, id: str, *, message: bool) -> None:
        """Let a new entry have this id, and take away the mark that it went if it may return."""
        for kind, may_return in self.rows(_BURIED, (self.scope, bound(id))):
            if not may_return:
                raise Conflict(
                    f"{id!r} was forgotten, and a forgotten id never returns. Use a new id"
                )
            if message == (kind == MESSAGE):
                self.db.execute(_UNBURY, (self.scope, bound(id), kind))

    def finish(self) -> None:
        """Write what was saved up for the end of the batch."""
        index = self.index
        index.finish()
        if index.changed:
            self.db.execute(
                "UPDATE scope SET entries = entries + ?, passages = passages + ?,"
                " words = words + ?, waiting = ? WHERE id = ?",
                (index.entries, index.passages, index.words, index.waiting, self.scope),
            )


def scope_number(db: apsw.Connection, scope: Scope) -> int | None:
    """The scope's number; None if nothing was ever written in it."""
    names = (bound(scope.space), bound(scope.user), bound(scope.agent))
    for (number,) in db.execute(
        "SELECT id FROM scope WHERE space = ? AND user = ? AND agent = ?", names
    ):
        return int(number)
    return None


def _add_scope(db: apsw.Connection, scope: Scope) -> int:
    names = (bound(scope.space), bound(scope.user), bound(scope.agent))
    db.execute("INSERT INTO scope (space, user, agent) VALUES (?, ?, ?)", names)
    return db.last_insert_rowid()
