"""What a caller gives before the store gives the rest: checked, and made an item or a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from amberfile import checks
from amberfile.checks import optional
from amberfile.types import Item, Message, Parts, Scope, Source


@dataclass(frozen=True)
class Draft:
    """One item for `Memory.remember_all`; the fields are those of `Memory.remember`.

    `created_at` is for what is older than this store, such as an import.
    """

    text: str
    key: str | None = None
    kind: str | None = None
    topics: Sequence[str] = ()
    metadata: Mapping[str, Any] | None = None
    source: Source | None = None
    importance: float = 0.5
    derived_from: Sequence[str] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expires_at: datetime | None = None
    id: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Said:
    """One message for `Session.extend`; the fields are those of `Session.append`."""

    role: str
    content: str | None
    name: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] | None = None
    tool_call_id: str | None = None
    parts: Parts | None = None
    created_at: datetime | None = None
    id: str | None = None


class Unset(Enum):
    """What a change was not given, where None would be a value."""

    UNSET = "not given"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Literal[Unset.UNSET] = Unset.UNSET

Fields = dict[str, Any]
"""Checked values by the name of their argument."""

_CHECKS: dict[type, dict[str, Callable[[str, Any], Any]]] = {
    Draft: {
        "text": checks.text,
        "key": optional(checks.name),
        "kind": optional(checks.item_kind),
        "topics": checks.names,
        "metadata": optional(checks.json_object),
        "source": optional(checks.source),
        "importance": checks.share,
        "derived_from": checks.names,
        "valid_from": optional(checks.time),
        "valid_to": optional(checks.time),
        "expires_at": optional(checks.time),
        "id": optional(checks.name),
        "created_at": optional(checks.time),
    },
    Said: {
        "role": checks.name,
        "content": optional(checks.text),
        "name": optional(checks.text),
        "tool_calls": optional(checks.tool_calls),
        "tool_call_id": optional(checks.text),
        "parts": optional(checks.parts),
        "created_at": optional(checks.time),
        "id": optional(checks.name),
    },
}


def checked(form: type, fields: Mapping[str, Any]) -> Fields:
    """Some fields of a `Draft` or a `Said`, as a store keeps them."""
    return {name: _CHECKS[form][name](name, value) for name, value in fields.items()}


def checked_draft(draft: Draft) -> Fields:
    if not isinstance(draft, Draft):
        raise checks.refused("a draft", draft, "is not a Draft. Give one: Draft('text').")
    return checked(Draft, vars(draft))


def checked_said(said: Said) -> Fields:
    if not isinstance(said, Said):
        raise checks.refused("a message", said, "is not Said. Give one: Said('user', 'text').")
    return checked(Said, vars(said))


def to_item(fields: Fields, scope: Scope, now: datetime, id: str) -> Item:
    """The item of a checked draft; `id` is used if it has none of its own."""
    given = {name: value for name, value in fields.items() if value is not None}
    given.setdefault("id", id)
    given.setdefault("kind", "fact" if "key" in given else "note")
    given.setdefault("created_at", now)
    return Item(**given, scope=scope, updated_at=now)


def to_message(fields: Fields, scope: Scope, session: str, now: datetime, id: str) -> Message:
    """The message of a checked `Said`; `id` is used if it has none of its own."""
    own = {"id": fields["id"] or id, "created_at": fields["created_at"] or now}
    return Message(**(fields | own), scope=scope, session=session)
