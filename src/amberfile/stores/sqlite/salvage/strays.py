"""Rows whose scope's number is not the one that they were written under.

They are whole, and which number is right cannot be told for sure: so they
come into a space of their own, and never into a scope that somebody reads.
"""

from __future__ import annotations

from typing import Any

import apsw

from amberfile.stores.sqlite.salvage.found import WITH_SCOPE
from amberfile.stores.sqlite.salvage.people import new_scope
from amberfile.stores.sqlite.salvage.records import SHAPES, under
from amberfile.stores.sqlite.salvage.told import Lost

_SEALED = {shape.table: (shape.columns, shape.seal) for shape in SHAPES if shape.seal}
_NUMBERS = " UNION ".join(
    f"SELECT -scope AS number FROM found_{table} WHERE scope < 0" for table in WITH_SCOPE
)
_KNOWN = f"SELECT number FROM ({_NUMBERS}) WHERE number IN (SELECT id FROM scope) ORDER BY number"


def bring_strays(db: apsw.Connection, lost: Lost) -> None:
    """Give the strays of each scope a new one; what names no scope there is was damage."""
    for (number,) in _rows(db, _KNOWN):
        scope, name = new_scope(db, number)
        moved = sum(_move(db, table, number, scope) for table in WITH_SCOPE)
        lost.tell(
            f"{moved} rows written in scope {number} stood under another number: they are in {name}"
        )
    for table in WITH_SCOPE:
        db.execute(f"DELETE FROM found_{table} WHERE scope < 0")


def _move(db: apsw.Connection, table: str, number: int, scope: int) -> int:
    """Write a table's strays of a scope under the number `scope`; gives how many they are."""
    columns, seal = _SEALED[table]
    assigned = ", ".join(f'"{name}" = ?' for name in columns)
    query = f"SELECT rowid, * FROM found_{table} WHERE scope = ?"
    rows = [(*under(seal, tuple(row), scope), rowid) for rowid, *row in _rows(db, query, -number)]
    db.executemany(f"UPDATE found_{table} SET {assigned} WHERE rowid = ?", rows)
    return len(rows)


def _rows(db: apsw.Connection, query: str, *values: int) -> list[Any]:
    return db.execute(query, values).fetchall()
