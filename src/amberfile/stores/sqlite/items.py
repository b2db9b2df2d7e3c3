"""Changes of items: put, retract, restore, forget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amberfile.changes import NO_TERMS, Forget, Put, Restore, Result, Retract, Terms
from amberfile.errors import Conflict
from amberfile.stores.sqlite import imports
from amberfile.stores.sqlite.rows import (
    ITEM_COLUMNS,
    Stamp,
    bound,
    item_row,
    to_item,
    unbound,
)
from amberfile.stores.sqlite.sessions import Forgetting, forget_message
from amberfile.stores.sqlite.writing import Writing
from amberfile.types import Item

_MARKS = ", ".join("?" * (ITEM_COLUMNS.count(",") + 1))
_INSERT = f"INSERT INTO item (scope, handle, terms, {ITEM_COLUMNS}) VALUES (?, ?, ?, {_MARKS})"
_BY_ID = (
    f"SELECT handle, terms, {ITEM_COLUMNS} FROM item INDEXED BY item_id WHERE scope = ? AND id = ?"
)
_ID_OF_KEY = "SELECT id FROM item INDEXED BY item_key WHERE scope = ? AND kind = ? AND key = ?"
_KEEP_VERSION = (
    f"INSERT INTO version (scope, {ITEM_COLUMNS})"
    f" SELECT scope, {ITEM_COLUMNS} FROM item WHERE scope = ? AND handle = ?"
)
_DELETE = "DELETE FROM item WHERE scope = ? AND handle = ?"
_DELETE_VERSIONS = "DELETE FROM version WHERE scope = ? AND id = ?"


class _Standing:
    """An item as it stands in its row: to be replaced or removed."""

    def __init__(self, writing: Writing, row: Any) -> None:
        self.handle, self.terms = row[0], row[1]
        self.item = to_item(row[2:], writing.batch.scope, writing.scope)

    @property
    def current(self) -> bool:
        return self.item.state == "current"


def put(writing: Writing, change: Put) -> Result:
    id, standing = _named(writing, change.item)
    before = standing.item if standing else None
    version = before.version if before else 0
    if change.if_version is not None and change.if_version != version:
        raise Conflict(
            f"item {id!r} has version {version}, not {change.if_version}: somebody changed "
            "it. Read it again and decide"
        )
    if before is None:
        writing.admit(id, message=False)
    stamp = Stamp(
        id,
        version + 1,
        "current",
        before.created_at if before else change.item.created_at,
        "updated" if before else "created",
        "",
        writing.rev,
    )
    _write(writing, standing, change.item, stamp, change.terms)
    return Result((id,), stamp.version)


def retract(writing: Writing, change: Retract) -> Result:
    standing = _standing(writing, change.id)
    if standing is None or not standing.current:
        return Result()
    _rewrite(writing, standing, "retracted", "retracted", change.reason, NO_TERMS)
    return Result(number=1)


def restore(writing: Writing, change: Restore) -> Result:
    standing = _standing(writing, change.id)
    if standing is None or standing.current:
        return Result()
    if standing.item.version != change.if_version:
        raise Conflict(f"item {change.id!r} changed while it was restored. Restore it again")
    _rewrite(writing, standing, "current", "restored", "", change.terms)
    return Result(number=1)


def forget(writing: Writing, change: Forget) -> Result:
    ids = list(change.ids)
    if change.key is not None:
        rows = writing.rows(
            "SELECT id FROM item WHERE scope = ? AND key = ?", (writing.scope, bound(change.key))
        )
        ids += [unbound(id) for (id,) in rows]
    gone: list[str] = []
    revs = None if change.written_by is None else imports.revs(writing, change.written_by)
    how = Forgetting(change.may_return, revs)
    for id in dict.fromkeys(ids):
        gone += [id] * (_forget_item(writing, id, how) + forget_message(writing, id, how))
    return Result(tuple(gone), len(gone))


def _named(writing: Writing, item: Item) -> tuple[str, _Standing | None]:
    """The id that `item` will have, and what stands there now."""
    standing = _standing(writing, item.id)
    if item.key is None:
        return item.id, standing
    found = writing.row(_ID_OF_KEY, (writing.scope, bound(item.kind), bound(item.key)))
    if found is None or unbound(found[0]) == item.id:
        return item.id, standing
    owner: str = unbound(found[0])
    if standing is not None:
        raise Conflict(
            f"key {item.key!r} of kind {item.kind!r} belongs to item {owner!r}, not to "
            f"{item.id!r}. Forget one of them, or give another key"
        )
    return owner, _standing(writing, owner)


def _standing(writing: Writing, id: str) -> _Standing | None:
    row = writing.row(_BY_ID, (writing.scope, bound(id)))
    return None if row is None else _Standing(writing, row)


def _rewrite(
    writing: Writing, standing: _Standing, state: str, change: str, reason: str, terms: Terms
) -> None:
    """The item as it stands, in another state: its next version."""
    item = standing.item
    stamp = Stamp(item.id, item.version + 1, state, item.created_at, change, reason, writing.rev)
    _write(writing, standing, replace(item, updated_at=writing.batch.at), stamp, terms)


def _write(
    writing: Writing, standing: _Standing | None, item: Item, stamp: Stamp, terms: Terms
) -> None:
    """Write the current version; the one before it becomes history."""
    if standing is not None:
        writing.db.execute(_KEEP_VERSION, (writing.scope, standing.handle))
        _remove_row(writing, standing)
    if stamp.state == "current":
        handle, packed = writing.add_entry(terms, message=False)
    else:
        writing.serial += 1
        handle, packed = writing.serial << 1, b""
    row = item_row(item, stamp, writing.scope)
    writing.db.execute(_INSERT, (writing.scope, handle, packed, *row))


def _remove_row(writing: Writing, standing: _Standing) -> None:
    if standing.current:
        writing.index.remove(standing.handle, standing.terms)
    writing.db.execute(_DELETE, (writing.scope, standing.handle))


def _forget_item(writing: Writing, id: str, how: Forgetting) -> bool:
    standing = _standing(writing, id)
    if standing is None or not how.means(standing.item.rev):
        return False
    _remove_row(writing, standing)
    writing.db.execute(_DELETE_VERSIONS, (writing.scope, bound(id)))
    writing.bury(standing.item.kind, id, may_return=how.may_return)
    return True
