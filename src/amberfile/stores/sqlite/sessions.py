"""Changes of sessions, their messages and turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from amberfile.changes import (
    Append,
    ClearSession,
    CloseTurn,
    OpenTurn,
    RenameSession,
    Result,
)
from amberfile.errors import Conflict, NotFound
from amberfile.stores.sqlite.rows import (
    MESSAGE_COLUMNS,
    SESSION_COLUMNS,
    bound,
    message_row,
    session_row,
    to_session,
    unbound,
)
from amberfile.stores.sqlite.writing import Writing
from amberfile.types import MESSAGE, SessionInfo, micros

SESSION = "session"

_MARKS = ", ".join("?" * (MESSAGE_COLUMNS.count(",") + 1))
_INSERT_MESSAGE = (
    f"INSERT INTO message (scope, session, handle, terms, {MESSAGE_COLUMNS})"
    f" VALUES (?, ?, ?, ?, {_MARKS})"
)
_KNOWN_MESSAGE = "SELECT 1 FROM message WHERE scope = ? AND id = ?"
_FIND = f"SELECT id, {SESSION_COLUMNS} FROM session WHERE scope = ? AND name = ?"
_ANY_TURN = "SELECT 1 FROM turn WHERE session = ?"
_FIND_NUMBER = f"SELECT id, {SESSION_COLUMNS} FROM session WHERE id = ?"
_INSERT = f"INSERT INTO session (scope, {SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = (
    "UPDATE session SET name = ?, title = ?, messages = ?, last_seq = ?, created_at = ?,"
    " updated_at = ?, rev = ?, sum = ? WHERE id = ?"
)


class Forgetting(NamedTuple):
    """Whether what goes may return, and which batches' entries are meant; None: any."""

    may_return: bool
    revs: frozenset[int] | None

    def means(self, rev: int) -> bool:
        return self.revs is None or rev in self.revs


def append(writing: Writing, change: Append) -> Result:
    if change.turn is not None:
        _open_turn(writing, change.session, change.turn)
    if not change.messages:
        found = writing.row(_FIND, (writing.scope, bound(change.session)))
        return Result(
            (),
            to_session(found[1:], writing.batch.scope, writing.scope).last_seq + 1 if found else 1,
        )
    number, session = _begun(writing, change.session, change.messages[0].created_at)
    first = session.last_seq + 1
    rows = []
    for offset, (message, terms) in enumerate(zip(change.messages, change.terms, strict=True)):
        handle, packed = writing.add_entry(terms, message=True)
        row = message_row(
            message, writing.scope, seq=first + offset, turn=change.turn, rev=writing.rev
        )
        rows.append((writing.scope, number, handle, packed, *row))
    _check_new(writing, change)
    writing.db.executemany(_INSERT_MESSAGE, rows)
    count = len(change.messages)
    session = replace(
        session,
        messages=session.messages + count,
        last_seq=session.last_seq + count,
        updated_at=change.messages[-1].created_at,
    )
    _store(writing, number, session)
    return Result(tuple(message.id for message in change.messages), first)


def forget_message(writing: Writing, id: str, how: Forgetting) -> bool:
    """Remove one message; its session keeps counting where it was."""
    row = writing.row(
        "SELECT session, seq, handle, terms, rev FROM message WHERE scope = ? AND id = ?",
        (writing.scope, bound(id)),
    )
    if row is None or not how.means(row[-1]):
        return False
    number, seq, handle, packed, _ = row
    writing.index.remove(handle, packed)
    writing.db.execute(
        "DELETE FROM message WHERE scope = ? AND session = ? AND seq = ?",
        (writing.scope, number, seq),
    )
    writing.bury(MESSAGE, id, may_return=how.may_return)
    row = writing.row(_FIND_NUMBER, (number,))
    session = to_session(row[1:], writing.batch.scope, writing.scope)
    # The session's rev stays: to forget is not to speak in it.
    values = session_row(replace(session, messages=session.messages - 1), writing.scope, row[-2])
    writing.db.execute(_UPDATE, (*values, number))
    return True


def clear(writing: Writing, change: ClearSession) -> Result:
    row = writing.row(_FIND, (writing.scope, bound(change.session)))
    if row is None:
        return Result()
    number, session = row[0], to_session(row[1:], writing.batch.scope, writing.scope)
    if change.if_empty and (session.messages or writing.row(_ANY_TURN, (number,))):
        return Result()
    where = (writing.scope, number)
    entries = "SELECT handle, terms FROM message WHERE scope = ? AND session = ?"
    for handle, packed in writing.rows(entries, where):
        writing.index.remove(handle, packed)
    writing.db.execute("DELETE FROM message WHERE scope = ? AND session = ?", where)
    writing.db.execute("DELETE FROM turn WHERE session = ?", (number,))
    writing.bury(SESSION, change.session)
    if change.drop:
        writing.db.execute("DELETE FROM session WHERE id = ?", (number,))
    else:
        _store(writing, number, replace(session, messages=0))
    return Result((change.session,), session.messages)


def rename(writing: Writing, change: RenameSession) -> Result:
    row = writing.row(_FIND, (writing.scope, bound(change.session)))
    if row is None:
        raise NotFound(f"session {change.session!r} has not begun. Append a message to begin it")
    session = to_session(row[1:], writing.batch.scope, writing.scope)
    _store(writing, row[0], replace(session, title=change.title))
    return Result()


def open_turn(writing: Writing, change: OpenTurn) -> Result:
    number, session = _begun(writing, change.session, writing.batch.at)
    _end_lapsed_turn(writing, number, change.session)
    known = writing.row(
        "SELECT 1 FROM turn WHERE session = ? AND id = ?", (number, bound(change.turn))
    )
    if known:
        raise Conflict(f"turn {change.turn!r} of session {change.session!r} was opened before")
    writing.db.execute(
        "INSERT INTO turn (session, number, id, state, lease_until, opened_at, rev)"
        " SELECT ?, coalesce(max(number), 0) + 1, ?, 'open', ?, ?, ? FROM turn WHERE session = ?",
        (
            number,
            bound(change.turn),
            micros(change.lease_until),
            writing.at,
            writing.rev,
            number,
        ),
    )
    _store(writing, number, session)
    return Result()


def close_turn(writing: Writing, change: CloseTurn) -> Result:
    number, turn = _open_turn(writing, change.session, change.turn)
    _close(writing, number, turn, change.state)
    row = writing.row(_FIND_NUMBER, (number,))
    _store(writing, number, to_session(row[1:], writing.batch.scope, writing.scope))
    return Result()


def _check_new(writing: Writing, change: Append) -> None:
    """Every id is given once, and neither stored nor forgotten."""
    ids = [message.id for message in change.messages]
    doubled = len(set(ids)) < len(ids)
    for id in ids:
        if doubled or writing.row(_KNOWN_MESSAGE, (writing.scope, bound(id))):
            raise Conflict(
                f"message {id!r} of session {change.session!r} is stored already, or given "
                "twice. Leave out what is known, or give a new id"
            )
        writing.admit(id, message=True)


def _begun(writing: Writing, name: str, at: datetime) -> tuple[int, SessionInfo]:
    """The session's number and state; it begins now if it has not."""
    row = writing.row(_FIND, (writing.scope, bound(name)))
    if row is not None:
        return row[0], to_session(row[1:], writing.batch.scope, writing.scope)
    session = SessionInfo(name, writing.batch.scope, "", 0, 0, at, at)
    writing.db.execute(_INSERT, (writing.scope, *session_row(session, writing.scope, writing.rev)))
    return writing.db.last_insert_rowid(), session


def _store(writing: Writing, number: int, session: SessionInfo) -> None:
    writing.db.execute(_UPDATE, (*session_row(session, writing.scope, writing.rev), number))


def _open_turn(writing: Writing, session: str, turn: str) -> tuple[int, int]:
    """The numbers of a session and its open turn."""
    row = writing.row(
        "SELECT session.id, turn.number FROM session JOIN turn ON turn.session = session.id"
        " WHERE session.scope = ? AND session.name = ? AND turn.id = ? AND turn.state = 'open'",
        (writing.scope, bound(session), bound(turn)),
    )
    if row is None:
        raise Conflict(
            f"turn {turn!r} of session {session!r} is not open: it was never opened, is closed, "
            "or its lease ran out. Open a new one"
        )
    return row[0], row[1]


def _end_lapsed_turn(writing: Writing, session: int, name: str) -> None:
    """A turn that was left open fails when its lease has run out, else it is in the way."""
    row = writing.row(
        "SELECT number, id, lease_until FROM turn WHERE session = ? AND state = 'open'", (session,)
    )
    if row is None:
        return
    number, id, lease_until = row
    if lease_until > writing.at:
        raise Conflict(
            f"turn {unbound(id)!r} of session {name!r} is open. Wait until it is closed or its "
            "lease has run out"
        )
    _close(writing, session, number, "failed")


def _close(writing: Writing, session: int, turn: int, state: str) -> None:
    writing.db.execute(
        "UPDATE turn SET state = ?, closed_at = ?, rev = ? WHERE session = ? AND number = ?",
        (state, writing.at, writing.rev, session, turn),
    )
