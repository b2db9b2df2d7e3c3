"""What no store accepts is refused here, before anything is written.

Each check takes the argument's name and value, and returns the value as a
store keeps it: plain types, aware UTC times, JSON that shares nothing with
the caller's. What it returns comes back equal from every store.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from reprlib import Repr
from typing import Any, TypeVar

from amberfile.errors import InvalidInput
from amberfile.types import MESSAGE, Filter, Parts, Scope, Source, micros, moment

T = TypeVar("T")

MAX_NAME = 1_000
"""Characters of an id, key, kind, topic, session or scope name."""

MAX_OP_ID = 200

MAX_TEXT = 16 * 1024 * 1024
"""Characters of a text, and of a JSON value, where each value in it counts as 64 more."""

MAX_DEPTH = 100
MAX_INT_BITS = 4_096
MAX_LIMIT = 1 << 31
MAX_LEASE = timedelta(days=365)

_shortened = Repr()
_shortened.maxstring = _shortened.maxother = 60


def text(what: str, value: Any) -> str:
    """Any str: marks, NUL and lone surrogates too."""
    return _string(what, value, 0, MAX_TEXT)


def name(what: str, value: Any) -> str:
    """What something is called by: compared exactly, never empty."""
    return _string(what, value, 1, MAX_NAME)


def op_id(what: str, value: Any) -> str:
    return _string(what, value, 1, MAX_OP_ID)


def item_kind(what: str, value: Any) -> str:
    kind = name(what, value)
    if kind == MESSAGE:
        raise refused(what, value, "is the messages' own. Append it to a session, or use 'note'.")
    return kind


def names(what: str, value: Any) -> tuple[str, ...]:
    """Names in the order given, without repeats; those of a set in plain order."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise refused(what, value, "is not a list of names. Give a list, even of one.")
    each = dict.fromkeys(name(f"one of {what}", one) for one in value)
    return tuple(sorted(each) if isinstance(value, set | frozenset) else each)


def whole(what: str, value: Any) -> int:
    """An int; a far too large one is cut to what every store takes."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise refused(what, value, "is not an int. Give a whole number.")
    return max(-MAX_LIMIT, min(int(value), MAX_LIMIT))


def share(what: str, value: Any) -> float:
    """A number from 0 to 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise refused(what, value, "is not a number from 0 to 1. Give one, such as 0.5.")
    return float(value)


def time(what: str, value: Any) -> datetime:
    """An aware datetime, in UTC and whole microseconds."""
    if not isinstance(value, datetime):
        raise refused(
            what, value, "is not a datetime. Give datetime.now(timezone.utc) or the like."
        )
    if value.utcoffset() is None:
        raise refused(what, value, "has no time zone. Add one: value.replace(tzinfo=timezone.utc).")
    try:
        return moment(micros(value))
    except OverflowError:
        raise refused(what, value, "is outside the years 1 to 9999 in UTC.") from None


def lease(what: str, value: Any) -> timedelta:
    if not isinstance(value, timedelta) or not timedelta() < value <= MAX_LEASE:
        raise refused(what, value, "is not a timedelta above 0 and up to 365 days. Give minutes.")
    return value


def source(what: str, value: Any) -> Source:
    if not isinstance(value, Source):
        raise refused(what, value, "is not a Source. Give one: Source('user', trust=1.0).")
    ref = optional(text)(f"{what}.ref", value.ref)
    return Source(name(f"{what}.kind", value.kind), ref, share(f"{what}.trust", value.trust))


def parts(what: str, value: Any) -> Parts:
    if not isinstance(value, Parts):
        raise refused(what, value, "is not Parts. Give them: Parts('openai', 1, data).")
    version = whole(f"{what}.version", value.version)
    return Parts(name(f"{what}.format", value.format), version, json(f"{what}.data", value.data))


def tool_calls(what: str, value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list | tuple):
        raise refused(what, value, "is not a list of JSON objects. Give a list, even of one.")
    return tuple(json_object(f"one of {what}", call) for call in value)


def scope(what: str, value: Any) -> Scope:
    if not isinstance(value, Scope):
        raise refused(what, value, "is not a Scope. Give one: Scope(user='ada').")
    space, user = name(f"{what}.space", value.space), name(f"{what}.user", value.user)
    return Scope(space, user, name(f"{what}.agent", value.agent))


def scopes(what: str, value: Any) -> tuple[Scope, ...]:
    if not isinstance(value, list | tuple):
        raise refused(what, value, "is not a list of scopes. Give a list, even of one.")
    return tuple(scope(f"one of {what}", one) for one in value)


def path(what: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise refused(what, value, "is not a path. Give one, such as 'copy.db'.")
    return os.fsdecode(value)


def filter(what: str, value: Any) -> Filter:
    if not isinstance(value, Filter):
        raise refused(what, value, "is not a Filter. Give one: Filter(kinds=['fact']).")
    return replace(
        value,
        kinds=optional(names)("kinds", value.kinds),
        key=optional(name)("key", value.key),
        topics=names("topics", value.topics),
        sessions=optional(names)("sessions", value.sessions),
        where=json_object("where", value.where),
        since=optional(time)("since", value.since),
        until=optional(time)("until", value.until),
        alive_at=optional(time)("alive_at", value.alive_at),
    )


def json_object(what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise refused(what, value, "is not a JSON object. Give a dict with str keys.")
    copy: dict[str, Any] = json(what, value)
    return copy


def json(what: str, value: Any) -> Any:
    """A copy of a JSON value: tuples become lists, subclasses the plain types."""
    return _Json(what).copy(value, 0)


def optional(check: Callable[[str, Any], T]) -> Callable[[str, Any], T | None]:
    """The same check, which lets None pass."""
    return lambda what, value: None if value is None else check(what, value)


def refused(what: str, value: Any, why: str) -> InvalidInput:
    """The error: the argument, its value in short, what is wrong and what to do."""
    try:
        shown = _shortened.repr(value)
    except Exception:  # repr() may fail in any way; the error is ours all the same
        shown = f"<{type(value).__name__}>"
    return InvalidInput(f"{what}={shown} {why}")


def _string(what: str, value: Any, least: int, most: int) -> str:
    if not isinstance(value, str):
        raise refused(what, value, "is not a str. Give text.")
    if len(value) < least:
        raise refused(what, value, f"is empty. Give 1 to {most:,} characters.")
    if len(value) > most:
        raise refused(what, value, f"has {len(value):,} characters. Give up to {most:,}.")
    return str.__str__(value)


class _Json:
    """One JSON value while it is copied. It ends where its depth or size does."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._room = MAX_TEXT

    def copy(self, value: Any, depth: int) -> Any:
        self._use(64)
        if depth > MAX_DEPTH:
            raise self._refused(f"is more than {MAX_DEPTH} levels deep. Make it flatter.")
        match value:
            case None | bool():
                return value
            case str():
                return self._text(value)
            case int():
                return self._int(value)
            case float():
                return self._float(value)
            case list() | tuple():
                return [self.copy(inner, depth + 1) for inner in value]
            case Mapping():
                return {self._key(k): self.copy(inner, depth + 1) for k, inner in value.items()}
        raise self._refused(
            f"holds a {type(value).__name__}, which JSON does not know. "
            "Use dict, list, str, int, float, bool or None."
        )

    def _key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise self._refused(f"has a key of type {type(key).__name__}. Use str keys.")
        return self._text(key)

    def _text(self, value: str) -> str:
        self._use(len(value))
        return str.__str__(value)

    def _int(self, value: int) -> int:
        if value.bit_length() > MAX_INT_BITS:
            raise self._refused(f"holds an int of more than {MAX_INT_BITS} bits. Use a str.")
        return int(value)

    def _float(self, value: float) -> float:
        if not math.isfinite(value):
            raise self._refused(f"holds {value}, which JSON does not know. Use None.")
        return float(value)

    def _use(self, amount: int) -> None:
        self._room -= amount
        if self._room < 0:
            raise self._refused(f"is larger than {MAX_TEXT:,} characters. Store a reference to it.")

    def _refused(self, why: str) -> InvalidInput:
        return InvalidInput(f"{self._what} {why}")
