"""The rows that were found, in tables of their own that end with the connection.

They stand on disk, without order and as often as they were found. What was
forgotten or cleared since a row was written is dropped, so that no older
page brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import apsw

from amberfile.stores.sqlite.rows import Row
from amberfile.stores.sqlite.salvage.records import SHAPES, Recognised
from amberfile.stores.sqlite.salvage.witnesses import dig_graves

_COLUMNS = {shape.table: shape.columns for shape in reversed(SHAPES)}  # today's form last

_BURIED = """
    EXISTS (SELECT 1 FROM grave t
             WHERE t.scope = abs({table}.scope) AND t.id = {table}.id
               AND t.kind <> 'session' AND t.{order} {than} {table}.{order})
"""
_FORGOTTEN = (
    "DELETE FROM found_item WHERE " + _BURIED.format(table="found_item", order="handle", than=">"),
    "DELETE FROM found_message WHERE "
    + _BURIED.format(table="found_message", order="handle", than=">"),
    "DELETE FROM found_version WHERE "
    + _BURIED.format(table="found_version", order="rev", than=">="),
    """DELETE FROM found_message WHERE EXISTS (
        SELECT 1 FROM found_session s JOIN grave t
            ON t.scope = abs(s.scope) AND t.id = s.name AND t.kind = 'session'
         WHERE s.id = found_message.session AND abs(s.scope) = abs(found_message.scope)
           AND t.handle > found_message.handle)""",
    """DELETE FROM found_session WHERE EXISTS (
        SELECT 1 FROM grave t
         WHERE t.scope = abs(found_session.scope) AND t.id = found_session.name
           AND t.kind = 'session' AND t.rev > found_session.rev)""",
)

_BY_SESSION = "CREATE INDEX temp.by_session ON found_session (id)"

WITH_SCOPE = ("item", "version", "session", "message")
"""Tables whose rows have a checksum, so that their scope's number is to be believed.

It is negative in a row that bears another than the one it was written under.
"""

NUMBERED = (*WITH_SCOPE, "tombstone", "op", "job", "link", "import")
"""Those and the others whose rows bear a scope's number."""

_WITH_REV = ("item", "version", "session", "message", "store", "tombstone")
_WITH_HANDLE = ("item", "message", "tombstone")


class Found:
    """What was found, in temporary tables `found_…` of a connection.

    Args:
        proofs: rows with a checksum, which only a store of ours has.
    """

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self.proofs = 0
        db.execute("PRAGMA temp_store = FILE").fetchall()
        for table, columns in _COLUMNS.items():
            db.execute(f"CREATE TEMP TABLE found_{table} ({', '.join(map(_quoted, columns))})")

    def add(self, rows: Iterable[Recognised]) -> None:
        by_table = sorted(rows, key=lambda found: found[0].table)
        for table, some in groupby(by_table, key=lambda found: found[0].table):
            columns = _COLUMNS[table]
            marks = ", ".join("?" * len(columns))
            values = [_filled(row, len(columns)) for _, row in some]
            self._db.executemany(f"INSERT INTO found_{table} VALUES ({marks})", values)
            self.proofs += len(values) * (table in WITH_SCOPE)

    def without_forgotten(self) -> None:
        dig_graves(self._db)
        for statement in (_BY_SESSION, *_FORGOTTEN):
            self._db.execute(statement)

    def numbers(self) -> tuple[int, int]:
        """The highest rev and serial that were seen."""
        revs = [self._highest(table, "rev") for table in _WITH_REV]
        serials = [self._highest(table, "handle") >> 1 for table in _WITH_HANDLE]
        return max(revs), max(*serials, self._highest("store", "serial"))

    def _highest(self, table: str, column: str) -> int:
        query = f"SELECT coalesce(max({column}), 0) FROM found_{table}"
        rows: Any = self._db.execute(query).fetchall()
        return int(rows[0][0])


def _quoted(name: str) -> str:
    return f'"{name}"'


def _filled(row: Row, width: int) -> tuple[Any, ...]:
    """A row of an older schema with the columns that came later, which began with 0."""
    return row + (0,) * (width - len(row))
