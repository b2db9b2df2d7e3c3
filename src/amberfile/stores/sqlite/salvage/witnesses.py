"""Rows without a checksum against the indexes, which say a second time whose they are.

A row is left out if its own entry of the index names another owner. One whose
entry is lost is believed.
"""

from __future__ import annotations

from typing import NamedTuple

import apsw

from amberfile.stores.sqlite.salvage.told import Lost


class _Rule(NamedTuple):
    """What a table's rows have in common with the entries of its index, and whose they are."""

    table: str
    entries: str
    common: tuple[str, ...]
    owner: str = "scope"


_RULES = (
    _Rule("tombstone", "in_tombstones", ("handle", "id", "kind")),
    _Rule("link", "in_links", ("target", "source", "relation", "branch")),
    _Rule("op", "in_ops", ("at", "op_id")),
    _Rule("turn", "in_names", ("number", "id"), "session"),
    _Rule("job", "in_names", ("number", "id")),
    _Rule("import", "in_names", ("number", "id")),
)
_INDEXES = (
    "CREATE INDEX temp.by_handle ON found_in_tombstones (handle)",
    "CREATE INDEX temp.by_target ON found_in_links (target)",
    "CREATE INDEX temp.by_time ON found_in_ops (at)",
    "CREATE INDEX temp.by_number ON found_in_names (number, id)",
)
_GRAVES = """
    CREATE TEMP TABLE grave AS
        SELECT scope, id, kind, handle, rev FROM found_tombstone
        UNION
        SELECT w.scope, w.id, w.kind, w.handle, coalesce(t.rev, 0)
          FROM found_in_tombstones w LEFT JOIN found_tombstone t
            ON t.handle = w.handle AND t.id = w.id AND t.kind = w.kind
"""


def dig_graves(db: apsw.Connection) -> None:
    """A table `grave` of what was forgotten, as tombstones or their index say, whichever it is."""
    for statement in (*_INDEXES, _GRAVES, "CREATE INDEX temp.by_grave ON grave (scope, id)"):
        db.execute(statement)


def leave_out_contradicted(db: apsw.Connection, lost: Lost) -> None:
    for rule in _RULES:
        db.execute(_contradicted(rule))
        if count := db.changes():
            lost.tell(f"{count} rows of table {rule.table} name another owner than their index")


def _contradicted(rule: _Rule) -> str:
    same = " AND ".join(f"w.{name} = t.{name}" for name in rule.common)
    entry = f"SELECT 1 FROM found_{rule.entries} w WHERE {same} AND w.scope"
    return (
        f"DELETE FROM found_{rule.table} AS t"
        f" WHERE EXISTS ({entry} <> t.{rule.owner}) AND NOT EXISTS ({entry} = t.{rule.owner})"
    )
