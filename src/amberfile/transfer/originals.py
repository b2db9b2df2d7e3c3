"""What of a message's original its fields do not tell, so that no text is stored twice.

`Parts` of version 1 hold an original whole. Those of version 2 hold what is
left of it, and where in it the message's own text and calls stood:

    {"rest": {"id": "m", "content": [{"type": "text"}]}, "texts": [[0, 80, "content", 0, "text"]]}

Each of `texts` is a piece of the message's content, from one character to
another, and its place in the original. `calls` is the place of its tool calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from amberfile.checks import MAX_DEPTH
from amberfile.drafts import Said
from amberfile.types import Message, Parts

_Place: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value."""

WHOLE, TRIMMED = 1, 2
"""Versions of parts."""

SHORTEST = 32
"""Characters of a text from which on its place is shorter than itself."""


def kept(format: str, original: Mapping[str, Any], said: Said) -> Parts:
    """The parts that hold the original of `said`, without what `said` tells.

    It costs one look at each value: a text is compared only with where the
    content may go on, and calls are known because they are the same object.
    """
    trimming = _Trimming(said)
    rest = trimming.rest(original, ())
    told = {"texts": trimming.texts, "calls": trimming.calls}
    told = {name: places for name, places in told.items() if places}
    return Parts(format, TRIMMED, {"rest": rest} | told) if told else Parts(format, WHOLE, rest)


def original(parts: Parts, message: Message | Said) -> Any:
    """What a message was made from. Parts that are not of `kept` are given as they are."""
    if parts.version != TRIMMED:
        return parts.data
    try:
        return _whole(parts.data, message)
    except (LookupError, TypeError, ValueError):
        return parts.data


class _Trimming:
    """One original while what its message tells is taken out."""

    def __init__(self, said: Said) -> None:
        self._content, self._calls = said.content or "", said.tool_calls
        self._end = 0
        self.texts: list[list[str | int]] = []
        self.calls: list[str | int] = []

    def rest(self, value: Any, place: _Place) -> Any:
        """A copy of `value`: what is told is not in objects, and null in lists."""
        if len(place) > MAX_DEPTH:
            return value  # too deep for any store, which says so
        if isinstance(value, Mapping):
            inner = ((name, one, (*place, name)) for name, one in value.items())
            return {name: self.rest(one, at) for name, one, at in inner if not self._told(one, at)}
        if isinstance(value, list):
            places = ((*place, number) for number in range(len(value)))
            return [
                None if self._told(one, at) else self.rest(one, at)
                for one, at in zip(value, places, strict=True)
            ]
        return value

    def _told(self, value: Any, place: _Place) -> bool:
        if value and value is self._calls and not self.calls:
            self.calls = list(place)
            return True
        if not isinstance(value, str) or len(value) < SHORTEST:
            return False
        for start in (self._end, self._end + 1, 0):  # +1: the content has texts line by line
            if self._content.startswith(value, start):
                self._end = start + len(value)
                self.texts.append([start, self._end, *place])
                return True
        return False


def _whole(data: Any, message: Message | Said) -> Any:
    whole = deepcopy(data["rest"])
    for start, end, *place in data.get("texts", ()):
        _put(whole, place, (message.content or "")[start:end])
    if calls := data.get("calls"):
        _put(whole, calls, list(message.tool_calls or ()))
    return whole


def _put(value: Any, place: Sequence[str | int], told: Any) -> None:
    *way, last = place
    for key in way:
        value = value[key]
    value[last] = told
