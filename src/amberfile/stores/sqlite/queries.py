"""The statements that read, and the few reads that need more than one."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import apsw

from amberfile.stores.base import Changed, Found, Posting, Tally
from amberfile.stores.sqlite.index import TAIL, WAITING, unpacked
from amberfile.stores.sqlite.rows import (
    ITEM_COLUMNS,
    JOB_COLUMNS,
    MESSAGE_COLUMNS,
    SESSION_COLUMNS,
    TURN_COLUMNS,
    bound,
    to_item,
    to_messages,
    unbound,
)
from amberfile.types import EPOCH, Scope
from amberfile.types import MESSAGE as MESSAGE_KIND

_M = ", ".join(f"m.{name.strip()}" for name in MESSAGE_COLUMNS.split(","))
_LAST_HANDLE = 1 << 62

# In a damaged tree a search may stop at the wrong place, and SQLite would give what follows
# without a second look at its scope. Rows with a checksum tell, for it begins with their scope's
# number. In others `+scope` is looked at again, or the row itself is asked what its index says.

# Without being told, SQLite prefers the primary key and reads the whole scope.
ITEM = f"SELECT {ITEM_COLUMNS} FROM item INDEXED BY item_id WHERE scope = ? AND id = ?"
ITEM_OF_HANDLE = (
    f"SELECT {ITEM_COLUMNS} FROM item WHERE scope = ? AND handle = ? AND state = 'current'"
)
VERSIONS = f"SELECT {ITEM_COLUMNS} FROM version WHERE scope = ? AND id = ? ORDER BY version"
_NEWEST_ITEMS = f"""
    SELECT handle, {ITEM_COLUMNS} FROM item
     WHERE scope = ? AND handle < ? AND state = 'current' {{and_key}}
     ORDER BY handle DESC
"""
LAST_MESSAGES = f"""
    SELECT {MESSAGE_COLUMNS} FROM message
     WHERE scope = ? AND session = (SELECT id FROM session WHERE scope = ? AND name = ?)
       AND seq > ?
     ORDER BY seq DESC LIMIT ?
"""
MESSAGE = f"""
    SELECT m.handle, s.name, {_M} FROM message m JOIN session s ON s.id = m.session
     WHERE m.scope = ? AND m.id = ?
"""
MESSAGE_OF_HANDLE = f"""
    SELECT m.handle, s.name, {_M} FROM message m JOIN session s ON s.id = m.session
     WHERE m.scope = ? AND m.handle = ?
"""
NEWEST_MESSAGES = f"""
    SELECT m.handle, s.name, {_M}
      FROM message m INDEXED BY message_handle JOIN session s ON s.id = m.session
     WHERE m.scope = ? AND m.handle < ? ORDER BY m.handle DESC
"""
NEAR = f"""
    SELECT m.seq - own.seq, m.handle, s.name, {_M}
      FROM message own INDEXED BY message_handle
      JOIN message m ON m.scope = own.scope AND m.session = own.session
                    AND m.seq BETWEEN own.seq - ? AND own.seq + ? AND m.seq <> own.seq
      JOIN session s ON s.id = own.session
     WHERE own.scope = ? AND own.handle = ? ORDER BY m.seq
"""
SESSIONS = f"SELECT {SESSION_COLUMNS} FROM session WHERE scope = ?"
TURNS = f"""
    SELECT {TURN_COLUMNS} FROM turn
     WHERE session = (SELECT id FROM session AS entry WHERE scope = ? AND name = ? AND scope =
                             (SELECT scope FROM session NOT INDEXED WHERE id = entry.id))
     ORDER BY number
"""
TERM = "SELECT id FROM term WHERE scope = ? AND text = ?"
POSTINGS = """
    SELECT data FROM posting WHERE term = ? ORDER BY first
"""  # a posting goes when its entry is no longer current, so no row of an entry is read
STATS = "SELECT entries, passages, words FROM scope WHERE id = ?"
FORGOTTEN = (
    "SELECT 1 FROM tombstone WHERE scope = ? AND id = ? AND kind <> 'session' AND NOT may_return"
)
KEYED = "SELECT id FROM item INDEXED BY item_key WHERE scope = ? AND kind = ? AND key = ?"
JOBS = f"""
    SELECT {JOB_COLUMNS} FROM job AS entry
     WHERE scope = ? AND scope = (SELECT scope FROM job NOT INDEXED WHERE number = entry.number)
     ORDER BY number
"""
SCOPES = "SELECT space, user, agent FROM scope ORDER BY id"

_TERMS_FROM = (
    "SELECT text FROM term WHERE scope = ?1 AND text >= ?2 AND text < x'' AND +scope = ?1"
    " ORDER BY text LIMIT ?3"
)
_TERMS_WITH = (
    "SELECT text FROM term WHERE scope = ?1 AND text < x'' AND instr(text, ?2) AND +scope = ?1"
    " ORDER BY text LIMIT ?3"
)
_ODD_TERMS = "SELECT text FROM term WHERE scope = ?1 AND text >= x'' AND +scope = ?1"

_DAY = 24 * 3600 * 1_000_000
_TALLY = f"""
    SELECT kind, (created_at - (created_at % {_DAY} + {_DAY}) % {_DAY}) / {_DAY} AS day, count(*)
      FROM (SELECT kind, created_at FROM item WHERE scope = ? AND state = 'current'
            UNION ALL SELECT '{MESSAGE_KIND}', created_at FROM message WHERE scope = ?)
     GROUP BY kind, day
"""  # the remainder of a time before 1970 is negative, and a division cuts towards zero

# All TEXT sorts before all BLOBs, and each of them by code points.
_IDS_FROM = (
    "SELECT id FROM {table} INDEXED BY {table}_id"
    " WHERE scope = ?1 AND id >= ?2 AND id < {end} AND +scope = ?1 AND rev > 0"
    " ORDER BY id LIMIT ?3"
)  # `rev` stands in the row alone, so an entry of the index without its row is none

_AT_OR_AFTER = (
    "SELECT handle, rev FROM {table} WHERE scope = ? AND handle >= ? ORDER BY handle LIMIT 1"
)
_CHANGED_ITEMS = (
    f"SELECT handle, {ITEM_COLUMNS} FROM item WHERE scope = ? AND handle >= ? ORDER BY handle"
)
_CHANGED_MESSAGES = f"""
    SELECT m.handle, s.name, {_M}
      FROM message m INDEXED BY message_handle JOIN session s ON s.id = m.session
     WHERE m.scope = ? AND m.handle >= ? ORDER BY m.handle
"""
_BURIED = (
    "SELECT handle, rev, kind, id FROM tombstone"
    " WHERE scope = ?1 AND handle >= ?2 AND +scope = ?1 ORDER BY handle"
)


def below(handle: int | None) -> int:
    return _LAST_HANDLE if handle is None else handle


def newest_items(
    db: apsw.Connection, scope: Scope, number: int, key: str | None, before: int | None
) -> Iterator[Found]:
    """A scope's current items, newest first; only those with `key` if it is given."""
    query = _NEWEST_ITEMS.format(and_key="" if key is None else "AND key = ?")
    values = (number, below(before)) if key is None else (number, below(before), bound(key))
    for handle, *row in db.execute(query, values):
        yield Found(handle, to_item(tuple(row), scope, number))


def postings(
    db: apsw.Connection, scope: int, terms: Sequence[str]
) -> Iterator[tuple[str, list[Posting]]]:
    """Where each term stands in a scope: in its rows, then in the tail, where the newest are."""
    rows: Any = [(term, *row) for term in terms for row in db.execute(TERM, (scope, bound(term)))]
    wanted = {number for _, number in rows}
    waiting: dict[int, list[Posting]] = {}
    for number, place, weight in unpacked(db.execute(TAIL, (scope,)), WAITING):
        if number in wanted:
            waiting.setdefault(number, []).append((place, weight))
    for term, number in rows:
        settled: list[Posting] = unpacked(db.execute(POSTINGS, (number,)))
        if standing := settled + waiting.get(number, []):
            yield term, standing


def vocabulary(
    db: apsw.Connection, scope: int, part: str, *, prefix: bool, limit: int
) -> list[str]:
    """A scope's terms that begin with or contain `part`; enough of them, in no order."""
    text = part.encode("utf-8", "replace").decode()
    fits = str.startswith if prefix else str.__contains__
    query = _TERMS_FROM if prefix else _TERMS_WITH
    found = [term for (term,) in db.execute(query, (scope, text, limit))]
    odd = [unbound(term) for (term,) in db.execute(_ODD_TERMS, (scope,))]
    return [term for term in (*found, *odd) if fits(term, part)]


def ids(db: apsw.Connection, scope: int, prefix: str, limit: int) -> Iterator[str]:
    """A scope's ids that begin with `prefix`; enough of them, in no order."""
    raw = prefix.encode("utf-8", "surrogatepass")
    starts: list[tuple[str | bytes, str]] = [(raw, "x'ff'")]
    if isinstance(text := bound(prefix), str):
        starts.append((text, "x''"))
    for table in ("item", "message"):
        for start, end in starts:
            rows = db.execute(_IDS_FROM.format(table=table, end=end), (scope, start, limit))
            yield from (id for (odd,) in rows if (id := unbound(odd)).startswith(prefix))


def tally(db: apsw.Connection, scopes: Sequence[int]) -> list[Tally]:
    counts: Counter[tuple[str, int]] = Counter()
    for scope in scopes:
        for kind, day, count in db.execute(_TALLY, (scope, scope)):
            counts[unbound(kind), day] += count
    return [Tally(kind, _day(day), count) for (kind, day), count in sorted(counts.items())]


def _day(number: int) -> date:
    return EPOCH.date() + timedelta(number)


def changed(
    db: apsw.Connection, scope: Scope, number: int, since: int
) -> Iterator[tuple[int, Changed]]:
    """(handle, change) of everything in a scope after `since`, in order."""
    starts = {
        table: _first_after(db, table, number, since) for table in ("item", "message", "tombstone")
    }
    return heapq.merge(
        _changed_items(db, scope, number, starts["item"]),
        _changed_messages(db, scope, number, starts["message"]),
        _buried(db, scope, number, starts["tombstone"]),
        key=lambda pair: pair[0],
    )


def _first_after(db: apsw.Connection, table: str, scope: int, since: int) -> int:
    """The first handle whose rev is above `since`: revs grow with handles, so by halving."""
    query = _AT_OR_AFTER.format(table=table)
    low, high = 0, _LAST_HANDLE
    while since > 0 and low < high:
        middle = (low + high) // 2
        rows: Any = db.execute(query, (scope, middle)).fetchall()
        if not rows or rows[0][1] > since:
            high = middle
        else:
            low = rows[0][0] + 1
    return low


def _changed_items(
    db: apsw.Connection, scope: Scope, number: int, start: int
) -> Iterator[tuple[int, Changed]]:
    for handle, *row in db.execute(_CHANGED_ITEMS, (number, start)):
        item = to_item(tuple(row), scope, number)
        entry = item if item.state == "current" else None
        yield handle, Changed(item.rev, scope, item.kind, item.id, entry)


def _changed_messages(
    db: apsw.Connection, scope: Scope, number: int, start: int
) -> Iterator[tuple[int, Changed]]:
    for handle, session, *row in db.execute(_CHANGED_MESSAGES, (number, start)):
        message = to_messages([tuple(row)], scope, number, unbound(session))[0]
        yield handle, Changed(message.rev, scope, MESSAGE_KIND, message.id, message)


def _buried(
    db: apsw.Connection, scope: Scope, number: int, start: int
) -> Iterator[tuple[int, Changed]]:
    for handle, rev, kind, id in db.execute(_BURIED, (number, start)):
        yield handle, Changed(rev, scope, unbound(kind), unbound(id), None)
