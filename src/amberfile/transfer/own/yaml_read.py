"""YAML as plain values, one document at a time, made from PyYAML's events by hand.

No constructor of the library runs. Tags, anchors and aliases are refused, so
a document says what it says: it makes no objects and does not multiply. Only
null, true, false and decimal numbers that are not quoted are not strings; a
time is a string.

The one file that imports the library: importing it raises `MissingExtra`
where that is missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import IO, Any

from amberfile.checks import MAX_DEPTH
from amberfile.errors import MissingExtra
from amberfile.transfer.source import Line, Source
from amberfile.transfer.stream import LARGEST, Damage

try:
    import yaml
except ImportError:
    raise MissingExtra("YAML", "pyyaml", "yaml") from None

_DEEPEST = MAX_DEPTH + 8
"""Levels: of a value that a store takes, and of the record around it."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.title(), word.upper())
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,1299})")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?")


def documents(source: Source) -> Iterator[Line]:
    """Each document of a file, with the line where it begins.

    Raises:
        InvalidInput: one is damaged or too large. Those before it were given.
    """
    with source.opened() as file:
        counted = _Counted(source, file)
        try:
            for found in _documents(yaml.parse(counted, _LOADER)):
                counted.begin()
                yield found
        except Damage as damage:
            raise source.damaged(damage.line, damage.why) from None


def value(text: str) -> Any:
    """The value of a text that is one document; None if it is empty.

    Raises:
        Damage: it is none. `line` counts from 1 in the text.
    """
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Damage(1, "a lone surrogate, which YAML does not hold.")
    found = list(_documents(yaml.parse(text, _LOADER)))
    if len(found) > 1:
        raise Damage(found[1][0], "a second YAML document begins here.")
    return found[0][1] if found else None


class _Counted:
    """What the parser reads from; a document that does not end is refused."""

    def __init__(self, source: Source, file: IO[bytes]) -> None:
        self._source, self._file, self._room = source, file, LARGEST

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._source.read(len(data))
        self._room -= len(data)
        if self._room < 0:
            raise Damage(1, f"a YAML document is longer than {LARGEST} bytes. Split it.")
        return data

    def begin(self) -> None:
        self._room = LARGEST


def _documents(events: Iterator[yaml.Event]) -> Iterator[Line]:
    try:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                first = next(events)
                yield _line(first), _value(first, events, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Damage(line, f"no YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, UnicodeError) as error:
        told = " ".join(str(error).split())
        raise Damage(1, f"no YAML: {told}.") from None


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    _check_plain(event)
    if depth > _DEEPEST:
        raise Damage(_line(event), f"more than {_DEEPEST} levels deep. Make it flatter.")
    if isinstance(event, yaml.ScalarEvent):
        return event.value if event.style else _unquoted(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        return [_value(inner, events, depth + 1) for inner in _until_end(events)]
    found: dict[str, Any] = {}
    for key in _until_end(events):
        _check_plain(key)
        if not isinstance(key, yaml.ScalarEvent):
            raise Damage(_line(key), "a key that is no string.")
        if key.value in found:
            raise Damage(_line(key), f"the key {key.value[:60]!r} stands here again.")
        found[key.value] = _value(next(events), events, depth + 1)
    return found


def _until_end(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    while not isinstance(event := next(events), yaml.CollectionEndEvent):
        yield event


def _check_plain(event: yaml.Event) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise Damage(_line(event), "an anchor or alias, which is not read. Write the value out.")
    if getattr(event, "tag", None) is not None:
        raise Damage(_line(event), "a tag, which is not read. Remove it.")


def _unquoted(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
