"""Records of imports: what each brought, and in which batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw

from amberfile.changes import DropImport, MarkImport, Result
from amberfile.stores.sqlite.rows import bound, unbound
from amberfile.stores.sqlite.writing import Writing
from amberfile.types import ImportInfo, Scope, moment

_FIND = "SELECT number FROM import WHERE scope = ? AND id = ?"
_BEGIN = (
    "INSERT INTO import (scope, id, source, format, entries, at) VALUES (?, ?, ?, ?, 0, ?)"
    " RETURNING number"
)
_COUNT = "UPDATE import SET entries = entries + ? WHERE number = ? RETURNING entries"
_ADD_REV = "INSERT OR IGNORE INTO import_rev (import, rev) VALUES (?, ?)"
_REVS = "SELECT rev FROM import_rev WHERE import = ? ORDER BY rev"
_IMPORTS = """
    SELECT number, id, source, format, entries, at FROM import AS entry
     WHERE scope = ? AND scope = (SELECT scope FROM import NOT INDEXED WHERE number = entry.number)
     ORDER BY number DESC
"""  # the row is asked too: its index alone might name another's


def mark(writing: Writing, change: MarkImport) -> Result:
    row = writing.row(_FIND, (writing.scope, bound(change.id)))
    if row is None:
        told = (bound(change.id), bound(change.source), bound(change.format), writing.at)
        row = writing.row(_BEGIN, (writing.scope, *told))
    (number,) = row
    writing.db.execute(_ADD_REV, (number, writing.rev))
    (entries,) = writing.row(_COUNT, (change.entries, number))
    return Result((), entries)


def drop(writing: Writing, change: DropImport) -> Result:
    row = writing.row(_FIND, (writing.scope, bound(change.id)))
    if row is None:
        return Result()
    writing.db.execute("DELETE FROM import_rev WHERE import = ?", row)
    writing.db.execute("DELETE FROM import WHERE number = ?", row)
    return Result(number=1)


def revs(writing: Writing, id: str) -> frozenset[int]:
    """The batches of an import; none if it has no record."""
    row = writing.row(_FIND, (writing.scope, bound(id)))
    return frozenset() if row is None else frozenset(_revs(writing.db, row[0]))


def imports(db: apsw.Connection, scope: Scope, number: int) -> Iterator[ImportInfo]:
    """A scope's imports, the last begun first."""
    rows: Any = db.execute(_IMPORTS, (number,)).fetchall()
    for own, id, source, format, entries, at in rows:
        yield ImportInfo(
            unbound(id),
            scope,
            unbound(source),
            unbound(format),
            entries,
            moment(at),
            tuple(_revs(db, own)),
        )


def _revs(db: apsw.Connection, number: int) -> list[int]:
    return [rev for (rev,) in db.execute(_REVS, (number,))]
