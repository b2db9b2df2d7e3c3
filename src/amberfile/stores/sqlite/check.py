"""The whole check of a file: its pages, each row's checksum, and the counts kept of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import apsw

from amberfile.errors import StoreCorrupt
from amberfile.stores.base import INDEX_FAULT
from amberfile.stores.sqlite.index import WAITING, unpacked
from amberfile.stores.sqlite.rows import (
    ITEM_COLUMNS,
    MESSAGE_COLUMNS,
    SESSION_COLUMNS,
    to_item,
    to_messages,
    to_session,
    to_version,
)
from amberfile.types import Scope

MOST_TOLD = 20

_SCOPE = Scope()  # rows are checked, not shown, so the name of their scope does not matter

_ROWS: tuple[tuple[str, Callable[[Any], object]], ...] = (
    (f"SELECT scope, {ITEM_COLUMNS} FROM item", lambda row: to_item(row[1:], _SCOPE, row[0])),
    (f"SELECT scope, {ITEM_COLUMNS} FROM version", lambda row: to_version(row[1:], _SCOPE, row[0])),
    (
        f"SELECT scope, {MESSAGE_COLUMNS} FROM message",
        lambda row: to_messages([row[1:]], _SCOPE, row[0], ""),
    ),
    (
        f"SELECT scope, {SESSION_COLUMNS} FROM session",
        lambda row: to_session(row[1:], _SCOPE, row[0]),
    ),
)
_COUNTS = (
    ("the store's own row is gone", "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM store)"),
    (
        "item {0} has version {1} and {2} before it",
        "SELECT id, version, found FROM (SELECT id, version,"
        " (SELECT count(*) FROM version WHERE scope = item.scope AND id = item.id) AS found"
        " FROM item) WHERE version <> found + 1",
    ),
    (
        "{0} earlier versions have no item",
        "SELECT n FROM (SELECT count(*) AS n FROM version WHERE NOT EXISTS"
        " (SELECT 1 FROM item WHERE scope = version.scope AND id = version.id)) WHERE n > 0",
    ),
    (
        "session {0} says it holds {1} messages and holds {2}",
        "SELECT s.id, s.messages, count(m.seq) FROM session s LEFT JOIN message m"
        " ON m.scope = s.scope AND m.session = s.id GROUP BY s.id"
        " HAVING s.messages <> count(m.seq)",
    ),
    (
        "{0} messages have no session",
        "SELECT n FROM (SELECT count(*) AS n FROM message WHERE NOT EXISTS"
        " (SELECT 1 FROM session WHERE id = message.session AND scope = message.scope))"
        " WHERE n > 0",
    ),
    (
        "{0} turns have no session",
        "SELECT n FROM (SELECT count(*) AS n FROM turn"
        " WHERE session NOT IN (SELECT id FROM session)) WHERE n > 0",
    ),
)
_COUNTS_OF_IMPORTS = (
    (
        "{0} revs of imports have no import",
        "SELECT n FROM (SELECT count(*) AS n FROM import_rev"
        " WHERE import NOT IN (SELECT number FROM import)) WHERE n > 0",
    ),
)
_SCHEMA_OF_IMPORTS = 2
"""An older file that cannot be written is read as it is."""

_INDEX_COUNTS = (
    (
        f"{INDEX_FAULT} of scope {{0}} counts {{1}} entries, and the scope has {{2}}",
        "SELECT id, entries, found FROM (SELECT id, entries,"
        " (SELECT count(*) FROM item WHERE scope = scope.id AND state = 'current')"
        " + (SELECT count(*) FROM message WHERE scope = scope.id) AS found FROM scope)"
        " WHERE entries <> found",
    ),
    (
        f"{INDEX_FAULT} of scope {{0}} counts {{1}} postings that wait, and has {{2}}",
        "SELECT id, waiting, found FROM (SELECT id, waiting,"
        f" (SELECT coalesce(sum(length(data)), 0) / {WAITING.size} FROM tail"
        " WHERE scope = scope.id) AS found FROM scope) WHERE waiting <> found",
    ),
    (
        f"{INDEX_FAULT} has {{0}} rows of postings without a term",
        "SELECT n FROM (SELECT count(*) AS n FROM posting"
        " WHERE term NOT IN (SELECT id FROM term)) WHERE n > 0",
    ),
)

_WITHOUT_POSTING = (
    "SELECT id FROM term WHERE NOT EXISTS (SELECT 1 FROM posting WHERE term = term.id)"
)


def faults(db: apsw.Connection) -> list[str]:
    """What is wrong, in words; [] if nothing is. Cost: reads everything once."""
    check = db.execute(f"PRAGMA integrity_check({MOST_TOLD})")
    found = [text for (text,) in check if text != "ok"]
    return found or list(islice(_all_faults(db), MOST_TOLD))


def _all_faults(db: apsw.Connection) -> Iterator[str]:
    for query, read in _ROWS:
        for row in db.execute(query):
            try:
                read(row)
            except StoreCorrupt as error:
                yield str(error).split(":", 1)[0]
    yield from miscounts(db)


def miscounts(db: apsw.Connection) -> Iterator[str]:
    """Rows that others say are there and are not, as when a page is an older or empty one."""
    yield from row_miscounts(db)
    yield from _told(db, _INDEX_COUNTS)
    try:
        waiting = {term for term, _, _ in unpacked(db.execute("SELECT data FROM tail"), WAITING)}
    except StoreCorrupt:
        yield f"{INDEX_FAULT} has postings that wait and cannot be read"
        return
    for (term,) in db.execute(_WITHOUT_POSTING):
        if term not in waiting:
            yield f"{INDEX_FAULT} has term {term} without a posting"


def row_miscounts(db: apsw.Connection) -> Iterator[str]:
    """The same of what is not derived."""
    yield from _told(db, _COUNTS)
    if db.pragma("user_version") >= _SCHEMA_OF_IMPORTS:
        yield from _told(db, _COUNTS_OF_IMPORTS)


def _told(db: apsw.Connection, counts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for message, query in counts:
        for row in db.execute(query):
            yield message.format(*row)
