"""Who the rows belong to: their scopes and sessions, named anew where the name is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import apsw

from amberfile.stores.sqlite.rows import SESSION_COLUMNS, bound, session_row, to_session, unbound
from amberfile.stores.sqlite.salvage.found import NUMBERED, WITH_SCOPE
from amberfile.stores.sqlite.salvage.told import Lost
from amberfile.types import Scope, SessionInfo, moment

_NAMES = """
    SELECT id, space, user, agent FROM found_scope
    UNION SELECT id, space, user, agent FROM found_scope_name ORDER BY id
"""
_USED = " UNION ".join(f"SELECT scope FROM found_{table} WHERE scope > 0" for table in WITH_SCOPE)
_HIGHEST = "SELECT max(scope) FROM ({})".format(
    " UNION ALL ".join(f"SELECT max(scope) AS scope FROM found_{table}" for table in NUMBERED)
)
_INSERT_SCOPE = "INSERT OR IGNORE INTO scope (id, space, user, agent) VALUES (?, ?, ?, ?)"

_MARKS = ", ".join("?" * (SESSION_COLUMNS.count(",") + 1))
_SESSIONS = f"SELECT id, scope, {SESSION_COLUMNS} FROM found_session ORDER BY rev DESC"
_INSERT_SESSION = (
    f"INSERT OR IGNORE INTO session (id, scope, {SESSION_COLUMNS}) VALUES (?, ?, {_MARKS})"
)
_NAMELESS = """
    SELECT scope, session, min(created_at), max(created_at), max(seq), max(rev)
      FROM found_message
     WHERE NOT EXISTS (SELECT 1 FROM session
                        WHERE id = found_message.session AND scope = found_message.scope)
     GROUP BY scope, session
"""
_STANDING = f"""
    SELECT s.id, s.scope, count(m.seq), coalesce(max(m.seq), 0),
           {", ".join(f"s.{name.strip()}" for name in SESSION_COLUMNS.split(","))}
      FROM session s LEFT JOIN message m ON m.scope = s.scope AND m.session = s.id GROUP BY s.id
"""
_UPDATE = "UPDATE session SET messages = ?, last_seq = ?, sum = ? WHERE id = ?"


def bring_scopes(db: apsw.Connection, lost: Lost) -> None:
    """Every scope that was found, under its number; a nameless one becomes a space of its own.

    A name stands twice, in its row and in an index; where the two differ,
    neither is believed, so that nothing comes into another's scope.
    """
    names: dict[int, set[Scope]] = {}
    for number, *name in _rows(db, _NAMES):
        names.setdefault(number, set()).add(Scope(*map(unbound, name)))
    for (number,) in _rows(db, _USED):
        names.setdefault(number, set())
    nameless = [
        number
        for number, known in sorted(names.items())
        if len(known) != 1 or not _scope_added(db, number, *known)
    ]
    for number in nameless:
        scope = _named_anew(db, number, number)
        lost.tell(f"the name of scope {number} is lost; what stood in it is in {scope}")


def new_scope(db: apsw.Connection, number: int) -> tuple[int, Scope]:
    """A space for what may be of the scope `number`, under a number that no row bears."""
    highest = max(_rows(db, _HIGHEST)[0][0] or 0, _rows(db, "SELECT max(id) FROM scope")[0][0] or 0)
    return highest + 1, _named_anew(db, highest + 1, number)


def _named_anew(db: apsw.Connection, number: int, told: int) -> Scope:
    scopes = (Scope(space=name) for name in _free_names(told))
    return next(scope for scope in scopes if _scope_added(db, number, scope))


def _scope_added(db: apsw.Connection, number: int, scope: Scope) -> bool:
    names = map(bound, (scope.space, scope.user, scope.agent))
    db.execute(_INSERT_SCOPE, (number, *names))
    return db.changes() == 1


def _free_names(number: int) -> Iterator[str]:
    """ "recovered-7", then "recovered-7-2", for a store that was repaired before."""
    yield f"recovered-{number}"
    tries = 2
    while True:
        yield f"recovered-{number}-{tries}"
        tries += 1


def bring_sessions(db: apsw.Connection, lost: Lost) -> None:
    """Every session that was found, and a new one for messages whose session is lost."""
    for row in _rows(db, _SESSIONS):
        db.execute(_INSERT_SESSION, row)
    for scope, number, first, last, seq, rev in _rows(db, _NAMELESS):
        name = _session_added(db, scope, number, (moment(first), moment(last), seq, rev))
        lost.tell(f"the row of session {number} is lost; its messages are in session {name!r}")


def _session_added(
    db: apsw.Connection, scope: int, number: int, told: tuple[datetime, datetime, int, int]
) -> str:
    """Add a session for what is numbered `number` in a scope; gives its name."""
    first, last, seq, rev = told
    taken: Any = db.execute("SELECT 1 FROM session WHERE id = ?", (number,)).fetchall()
    given = None if taken else number
    for name in _free_names(number):
        row = session_row(SessionInfo(name, Scope(), "", 0, seq, first, last), scope, rev)
        db.execute(_INSERT_SESSION, (given, scope, *row))
        if db.changes() == 1:
            moved = (db.last_insert_rowid(), scope, number)
            db.execute(
                "UPDATE found_message SET session = ? WHERE scope = ? AND session = ?", moved
            )
            break
    return name


def count_messages(db: apsw.Connection, lost: Lost) -> None:
    """Make each session say how many messages it holds, and tell where it said more."""
    for number, scope, held, seq, *row in _rows(db, _STANDING):
        said = to_session(tuple(row), Scope(), scope)
        if said.messages > held:
            lost.tell(
                f"session {said.id!r} says it holds {said.messages} messages; {held} were found"
            )
        counted = replace(said, messages=held, last_seq=max(seq, said.last_seq))
        if counted != said:
            made = session_row(counted, scope, row[-2])
            db.execute(_UPDATE, (made[2], made[3], made[-1], number))


def _rows(db: apsw.Connection, query: str) -> list[Any]:
    return db.execute(query).fetchall()
