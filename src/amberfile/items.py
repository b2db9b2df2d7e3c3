"""Reading and writing single items: the steps that the calls of `Memory` share."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from amberfile import checks
from amberfile.changes import Put
from amberfile.errors import InvalidInput, NotFound
from amberfile.recall.shape import item_terms
from amberfile.shared import Call, Shared
from amberfile.types import Filter, Item, Page, Scope


def put(
    shared: Shared, item: Item, *, if_version: int | None = None, op_id: str | None, call: Call
) -> Item:
    """Write an item into its scope; gives it as it is stored."""
    change = Put(item, item_terms(item), if_version)
    written = shared.write(item.scope, [change], op_id=op_id, call=call)
    (id,), version = written.results[0]
    known = version == 1 or if_version is not None
    if known and not written.replayed:
        return replace(item, version=version, rev=written.rev)
    stored = shared.store().get(item.scope, [id])
    if not stored:
        raise NotFound(f"item {id!r} was forgotten meanwhile. Remember it under a new op_id.")
    return stored[0]


def standing(shared: Shared, scope: Scope, id: str) -> Item:
    """The item, which must be there, neither retracted nor expired."""
    items = shared.store().get(scope, [id])
    if not items or not stands(items[0], shared.now()):
        raise NotFound(
            f"no item {id!r} stands in {scope}. history() tells whether it was retracted."
        )
    return items[0]


def stands(item: Item, now: datetime) -> bool:
    expired = item.expires_at is not None and item.expires_at <= now
    return item.state == "current" and not expired


def page(
    shared: Shared, scopes: Sequence[Scope], filter: Filter, limit: int, cursor: str | None
) -> Page[Item]:
    """The items that match and were written before those of the last page."""
    before = None if cursor is None else _handle(cursor)
    if limit <= 0:
        return Page(())
    found = shared.store().find(scopes, filter, limit=limit + 1, before=before)
    items = tuple(entry for _, entry in found[:limit] if isinstance(entry, Item))
    return Page(items, _cursor(found[limit - 1].handle) if len(found) > limit else None)


def _cursor(handle: int) -> str:
    return urlsafe_b64encode(handle.to_bytes(9, "big")).decode("ascii")


def _handle(cursor: str) -> int:
    """The handle that a cursor stands for; only what `_cursor` made is one."""
    text = checks.text("cursor", cursor)
    try:
        handle = int.from_bytes(urlsafe_b64decode(text.encode("ascii")), "big")
    except ValueError:
        handle = -1
    if not 0 <= handle < 1 << 63 or _cursor(handle) != text:
        raise InvalidInput(f"cursor={text[:40]!r} is not one that find() gave. Begin without one.")
    return handle
