"""One transaction: the batches of several callers, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import apsw

from amberfile.changes import (
    Append,
    Batch,
    Claim,
    ClearSession,
    CloseTurn,
    DropImport,
    Enqueue,
    Finish,
    Forget,
    MarkImport,
    OpenTurn,
    Put,
    RenameSession,
    Restore,
    Result,
    Retract,
    Written,
)
from amberfile.errors import AmberfileError, OpIdReused
from amberfile.stores.sqlite import imports, items, jobs, sessions
from amberfile.stores.sqlite.commit import Ticket
from amberfile.stores.sqlite.connect import Connections
from amberfile.stores.sqlite.errors import DRIVER_ERRORS, translated
from amberfile.stores.sqlite.index import KnownTerms
from amberfile.stores.sqlite.restore import replace
from amberfile.stores.sqlite.rows import bound, from_json, to_json
from amberfile.stores.sqlite.writing import Writing

OP_ID_KEPT = 24 * 3600 * 1_000_000
"""Microseconds that an op_id is remembered."""

T = TypeVar("T")

_APPLY: dict[type, Callable[[Writing, Any], Result]] = {
    Put: items.put,
    Retract: items.retract,
    Restore: items.restore,
    Forget: items.forget,
    Append: sessions.append,
    OpenTurn: sessions.open_turn,
    CloseTurn: sessions.close_turn,
    ClearSession: sessions.clear,
    RenameSession: sessions.rename,
    Enqueue: jobs.enqueue,
    Claim: jobs.claim,
    Finish: jobs.finish,
    MarkImport: imports.mark,
    DropImport: imports.drop,
}

# Errors of one value or statement; the others are the file's, and everybody's.
_HIS_ALONE = (apsw.TooBigError, apsw.BindingsError, apsw.RangeError)


class Transaction:
    """Writes tickets through a store's one writer. Used by one thread at a time."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known = KnownTerms()

    def commit(self, take: Callable[[], Sequence[Ticket]]) -> None:
        """Write what `take` gives, once the file is ours, and answer each ticket."""
        with self._connections.mapped:
            db = self._connections.writer()
        outcomes: list[tuple[Ticket, Written | BaseException]] = []
        committing = False
        try:
            db.execute("BEGIN IMMEDIATE")
            self._write(db, take(), outcomes)
            committing = db.in_transaction
            if committing:
                db.execute("COMMIT")
            _answer(outcomes)
        except BaseException as error:
            self._known.forget()
            committed = committing and not db.in_transaction
            if isinstance(error, DRIVER_ERRORS) or not committed:
                self._undo(db, error)
            else:
                _answer(outcomes)  # interrupted after the commit
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self._connections.path) from error
            self._connections.blame_damage(db, error)
            raise

    def alone(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do `work` in a transaction of its own, which takes a rev."""
        with self._connections.mapped:
            db = self._connections.writer()
        self._known.forget()
        try:
            db.execute("BEGIN IMMEDIATE")
            answer = work(db)
            db.execute("UPDATE store SET rev = rev + 1")
            db.execute("COMMIT")
        except BaseException as error:
            self._undo(db, error)
            if isinstance(error, DRIVER_ERRORS):
                raise translated(error, self._connections.path) from error
            self._connections.blame_damage(db, error)
            raise
        return answer

    def replace(self, copy: apsw.Connection) -> None:
        """Everything becomes what `copy` holds, in one transaction; its rev is above both."""
        with self._connections.mapped:
            self._known.forget()
            replace(self._connections, copy)

    def _undo(self, db: apsw.Connection, error: BaseException) -> None:
        try:
            if db.in_transaction:
                db.execute("ROLLBACK")
        finally:
            if isinstance(error, DRIVER_ERRORS) and not isinstance(error, apsw.BusyError):
                self._connections.drop_writer(error)

    def _write(
        self,
        db: apsw.Connection,
        tickets: Sequence[Ticket],
        outcomes: list[tuple[Ticket, Written | BaseException]],
    ) -> None:
        rev, serial = next(db.execute("SELECT rev, serial FROM store"))
        self._known.begin(rev)
        alone = len(tickets) == 1  # then the transaction is savepoint enough, and cheaper
        for ticket in tickets:
            if not alone:
                db.execute("SAVEPOINT batch")
            try:
                written, serial = self._one(db, ticket.batch, rev, serial)
                rev = max(rev, written.rev)
                outcomes.append((ticket, written))
            except (AmberfileError, *_HIS_ALONE) as error:
                db.execute("ROLLBACK" if alone else "ROLLBACK TO batch")
                self._known.forget()
                if isinstance(error, DRIVER_ERRORS):
                    outcomes.append((ticket, translated(error, self._connections.path)))
                else:
                    outcomes.append((ticket, error))
            if not alone:
                db.execute("RELEASE batch")
        if db.in_transaction:
            db.execute("UPDATE store SET rev = ?, serial = ?", (rev, serial))
            self._known.end(rev)

    def _one(self, db: apsw.Connection, batch: Batch, rev: int, serial: int) -> tuple[Written, int]:
        """Write one batch; returns its answer and the last serial that it used."""
        writing = Writing(db, batch, rev=rev + 1, serial=serial, known=self._known)
        if batch.op_id is not None:
            replayed = _replayed(writing, batch.op_id)
            if replayed is not None:
                return replayed, serial
        results = tuple([_APPLY[type(change)](writing, change) for change in batch.changes])
        writing.finish()
        if batch.op_id is not None:
            _remember(writing, batch.op_id, results)
        return Written(writing.rev, results), writing.serial


def _answer(outcomes: Sequence[tuple[Ticket, Written | BaseException]]) -> None:
    for ticket, outcome in outcomes:
        if isinstance(outcome, BaseException):
            ticket.error = outcome
        else:
            ticket.answer = outcome


def _replayed(writing: Writing, op_id: str) -> Written | None:
    """The first answer to the same call; None if this is the first."""
    writing.db.execute(
        "DELETE FROM op WHERE scope = ? AND at < ?", (writing.scope, writing.at - OP_ID_KEPT)
    )
    row = writing.row(
        "SELECT digest, rev, results FROM op WHERE scope = ? AND op_id = ?",
        (writing.scope, bound(op_id)),
    )
    if row is None:
        return None
    digest, rev, results = row
    if digest != writing.batch.digest:
        raise OpIdReused(op_id)
    answers = tuple(Result(tuple(ids), number) for ids, number in from_json(results))
    return Written(rev, answers, replayed=True)


def _remember(writing: Writing, op_id: str, results: tuple[Result, ...]) -> None:
    writing.db.execute(
        "INSERT INTO op (scope, op_id, digest, rev, results, at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            writing.scope,
            bound(op_id),
            writing.batch.digest,
            writing.rev,
            to_json(results),
            writing.at,
        ),
    )
