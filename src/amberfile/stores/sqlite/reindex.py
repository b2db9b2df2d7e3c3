"""The whole index made again from the rows, within the transaction of its caller."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Any

import apsw

from amberfile.stores.base import Found, TermsOf, is_message
from amberfile.stores.sqlite.index import Index, Known
from amberfile.stores.sqlite.queries import SCOPES
from amberfile.stores.sqlite.rows import (
    ITEM_COLUMNS,
    MESSAGE_COLUMNS,
    to_item,
    to_messages,
    unbound,
)
from amberfile.stores.sqlite.writing import scope_number
from amberfile.types import Scope

_TOGETHER = 1_000
"""Entries that are read, indexed and written at once."""

_EMPTY = (
    "DELETE FROM posting",
    "DELETE FROM tail",
    "DELETE FROM term",
    "UPDATE scope SET entries = 0, passages = 0, words = 0, waiting = 0",
)
_ITEMS = f"""
    SELECT handle, {ITEM_COLUMNS} FROM item
     WHERE scope = ? AND handle > ? AND state = 'current' ORDER BY handle LIMIT ?
"""
_M = ", ".join(f"m.{name.strip()}" for name in MESSAGE_COLUMNS.split(","))
_MESSAGES = f"""
    SELECT m.handle, s.name, {_M}
      FROM message m INDEXED BY message_handle JOIN session s ON s.id = m.session
     WHERE m.scope = ? AND m.handle > ? ORDER BY m.handle LIMIT ?
"""
_KEEP_ITEM = "UPDATE item SET terms = ? WHERE scope = ? AND handle = ?"
_KEEP_MESSAGE = "UPDATE message SET terms = ? WHERE scope = ? AND handle = ?"
_COUNT = """
    UPDATE scope SET entries = ?, passages = ?, words = ?, waiting = ? WHERE id = ?
"""


def rebuilt(db: apsw.Connection, terms: TermsOf, analysis: int) -> int:
    """Replace the index; gives the entries in it.

    Raises:
        StoreCorrupt: a row is not what was written.
    """
    for statement in _EMPTY:
        db.execute(statement)
    scopes = [Scope(*map(unbound, row)) for row in db.execute(SCOPES).fetchall()]
    entries = sum(_scope_rebuilt(db, scope, terms) for scope in scopes)
    db.execute("UPDATE store SET analysis = ?", (analysis,))
    return entries


def _scope_rebuilt(db: apsw.Connection, scope: Scope, terms: TermsOf) -> int:
    """Index a scope's entries in order of handle, as they were written."""
    number = scope_number(db, scope) or 0
    index = Index(db, number, Known())
    found = heapq.merge(_items(db, scope, number), _messages(db, scope, number))
    while some := list(islice(found, _TOGETHER)):
        packed = [(index.add(handle, terms(entry)), number, handle) for handle, entry in some]
        index.finish()
        db.executemany(_KEEP_ITEM, [row for row in packed if not is_message(row[2])])
        db.executemany(_KEEP_MESSAGE, [row for row in packed if is_message(row[2])])
    db.execute(_COUNT, (index.entries, index.passages, index.words, index.waiting, number))
    return index.entries


def _items(db: apsw.Connection, scope: Scope, number: int) -> Iterator[Found]:
    for handle, *row in _pages(db, _ITEMS, number):
        yield Found(handle, to_item(tuple(row), scope, number))


def _messages(db: apsw.Connection, scope: Scope, number: int) -> Iterator[Found]:
    for handle, session, *row in _pages(db, _MESSAGES, number):
        yield Found(handle, to_messages([tuple(row)], scope, number, unbound(session))[0])


def _pages(db: apsw.Connection, query: str, number: int) -> Iterator[Any]:
    """Rows in order of handle, in pieces: what was read is written meanwhile."""
    rows: Any
    last: Any = 0
    while rows := db.execute(query, (number, last, _TOGETHER)).fetchall():
        yield from rows
        last = rows[-1][0]
