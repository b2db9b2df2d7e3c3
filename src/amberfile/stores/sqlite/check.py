"""The whole check of a file: its pages, each row's checksum, and the counts kept of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import apsw

from amberfile.errors import StoreCorrupt
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

_SCOPE = Scope()  # rows are checked, not shown, so whose they are does not matter

_ROWS: tuple[tuple[str, Callable[[Any], object]], ...] = (
    (f"SELECT {ITEM_COLUMNS} FROM item", lambda row: to_item(row, _SCOPE)),
    (f"SELECT {ITEM_COLUMNS} FROM version", lambda row: to_version(row, _SCOPE)),
    (f"SELECT {MESSAGE_COLUMNS} FROM message", lambda row: to_messages([row], _SCOPE, "")),
    (f"SELECT {SESSION_COLUMNS} FROM session", lambda row: to_session(row, _SCOPE)),
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
        "session {0} says it holds {1} messages and holds {2}",
        "SELECT s.id, s.messages, count(m.seq) FROM session s LEFT JOIN message m"
        " ON m.scope = s.scope AND m.session = s.id GROUP BY s.id"
        " HAVING s.messages <> count(m.seq)",
    ),
    (
        "scope {0} says it has {1} entries and has {2}",
        "SELECT id, entries, found FROM (SELECT id, entries,"
        " (SELECT count(*) FROM item WHERE scope = scope.id AND state = 'current')"
        " + (SELECT count(*) FROM message WHERE scope = scope.id) AS found FROM scope)"
        " WHERE entries <> found",
    ),
    (
        "scope {0} says that {1} postings wait and has {2}",
        "SELECT id, waiting, found FROM (SELECT id, waiting,"
        f" (SELECT coalesce(sum(length(data)), 0) / {WAITING.size} FROM tail"
        " WHERE scope = scope.id) AS found FROM scope) WHERE waiting <> found",
    ),
    (
        "{0} postings have no term",
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
    for message, query in _COUNTS:
        for row in db.execute(query):
            yield message.format(*row)
    waiting = {term for term, _, _ in unpacked(db.execute("SELECT data FROM tail"), WAITING)}
    for (term,) in db.execute(_WITHOUT_POSTING):
        if term not in waiting:
            yield f"term {term} has no posting"
