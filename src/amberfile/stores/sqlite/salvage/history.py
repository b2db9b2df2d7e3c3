"""Items and their versions, made to fit each other: numbered from 1 without a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

import apsw

from amberfile.stores.sqlite.rows import ITEM_COLUMNS, Row, Stamp, item_row, to_version, unbound
from amberfile.stores.sqlite.salvage.told import Lost
from amberfile.types import Scope, Version

REASON = "its last version was lost when the store was repaired"

_MARKS = ", ".join("?" * (ITEM_COLUMNS.count(",") + 1))
_STATES = f"""
    SELECT scope, handle, {ITEM_COLUMNS} FROM found_item
    UNION ALL SELECT scope, 0, {ITEM_COLUMNS} FROM found_version
    ORDER BY scope, id, version, rev
"""
_INSERT_ITEM = (
    f"INSERT OR IGNORE INTO item (scope, handle, terms, {ITEM_COLUMNS})"
    f" VALUES (?, ?, x'', {_MARKS})"
)
_INSERT_VERSION = f"INSERT INTO version (scope, {ITEM_COLUMNS}) VALUES (?, {_MARKS})"


class _State(NamedTuple):
    """One version: its row of `ITEM_COLUMNS`, and its handle where it was the item's own row."""

    scope: int
    handle: int
    row: Row

    @property
    def id(self) -> Any:
        return self.row[0]

    @property
    def version(self) -> int:
        return int(self.row[1])


def bring_items(db: apsw.Connection, serial: int, rev: int, lost: Lost) -> int:
    """Every item with its history; gives the last serial that it used.

    Where the version that stood is lost, the one before it is kept hidden: it
    may not be what was true last, and `restore` brings it back.

    Args:
        serial, rev: the last serial that was given, and the rev of the repair.
    """
    states = (_State(scope, handle, tuple(row)) for scope, handle, *row in db.execute(_STATES))
    for _, group in groupby(states, key=lambda state: (state.scope, state.id)):
        history = list(_each_once(group))
        top = history[-1]
        if not top.handle:
            serial += 1
            history.append(_hidden(top, serial << 1, rev))
            _tell(lost, top, f"its last version is lost; version {top.version} is kept hidden")
        _write(db, history, lost)
    return serial


def _each_once(states: Iterator[_State]) -> Iterator[_State]:
    """Of each number one, in order. One that stands among the earlier ones does not stand."""
    for _, same in groupby(states, key=lambda state: state.version):
        found = list(same)
        earlier = [state for state in found if not state.handle]
        yield max(earlier or found, key=lambda state: state.row[-2])


def _hidden(top: _State, handle: int, rev: int) -> _State:
    """What follows the last version that was found: the same, retracted."""
    before = to_version(top.row, Scope(), top.scope).item
    stamp = Stamp(
        before.id, top.version + 1, "retracted", before.created_at, "retracted", REASON, rev
    )
    return _State(top.scope, handle, item_row(before, stamp, top.scope))


def _write(db: apsw.Connection, history: list[_State], lost: Lost) -> None:
    if (missing := history[-1].version - len(history)) > 0:
        _tell(lost, history[-1], f"{missing} of its earlier versions are lost")
        history = [_renumbered(state, number) for number, state in enumerate(history, start=1)]
    *earlier, top = history
    db.execute(_INSERT_ITEM, (top.scope, top.handle, *top.row))
    if db.changes() != 1:
        _tell(lost, top, "another item stands in its place or under its key")
        return
    db.executemany(_INSERT_VERSION, [(state.scope, *state.row) for state in earlier])


def _renumbered(state: _State, number: int) -> _State:
    version: Version = to_version(state.row, Scope(), state.scope)
    item = replace(version.item, version=number)
    stamp = Stamp(
        item.id, number, item.state, item.created_at, version.change, version.reason, item.rev
    )
    return state._replace(row=item_row(item, stamp, state.scope))


def _tell(lost: Lost, state: _State, what: str) -> None:
    lost.tell(f"item {unbound(state.id)!r} of scope {state.scope}: {what}")
