"""JSON values from a stream of bytes, one at a time: an array's, or those that follow each other.

A value is decoded as soon as it is there in full; when the text ends too early
twice as much of it is read. So an export of gigabytes costs the memory of its
largest value, and each byte is looked at three times at most.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

LARGEST = 1 << 26
"""Characters of one value. A longer one is refused, as it would fill the memory."""

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_CUT_NUMBER = re.compile(r"(\.|[eE][+-]?)?")

_LONGEST_WORD = 16
"""Characters, and more, of what a cut leaves unreadable outside a string: -Infinity, an escape."""


class Damage(Exception):
    """What follows at `line` is no JSON. For `Source`, which knows the file."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line, self.why = line, why


class Values:
    """Iterates over (line, value): the elements of arrays, and every other value as it stands.

    >>> list(Values([b'[1, {"a"', b': 2}]', b' "three"']))
    [(1, 1), (1, {'a': 2}), (1, 'three')]
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = _decoded(chunks)
        self._text, self._at, self._line, self._column = "", 0, 1, 1
        self._broken: Damage | None = None

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        while mark := self._mark():
            if mark == "[":
                yield from self._elements()
            else:
                yield self._value()

    def _elements(self) -> Iterator[tuple[int, Any]]:
        self._pass(self._at + 1)
        if self._mark() == "]":
            self._pass(self._at + 1)
            return
        while True:
            yield self._value()
            mark = self._mark()
            if mark not in (",", "]"):
                found = repr(mark) if mark else "nothing"
                raise self._damage(self._at, f"no JSON: {found} stands where ',' or ']' must")
            self._pass(self._at + 1)
            if mark == "]":
                return

    def _mark(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._pass(blank.end() if blank else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def _value(self) -> tuple[int, Any]:
        self._mark()
        while (found := self._decoded_here()) is None:
            pass
        value, end = found
        line = self._line
        self._pass(end)
        return line, value

    def _decoded_here(self) -> tuple[Any, int] | None:
        """The value and its end; None if more was read, and it is to be tried again."""
        try:
            value, end = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if self._may_be_cut(error) and self._read_on():
                return None
            raise self._damage(error.pos, f"no JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise Damage(self._line, f"JSON that cannot be read: {error}") from None
        may_go_on = isinstance(value, int | float) and _CUT_NUMBER.fullmatch(self._text, end)
        if may_go_on and self._read_on():
            return None
        return value, end

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the text may be sound, had it not ended: else nothing that follows mends it."""
        in_string = error.msg.startswith("Unterminated string")
        return in_string or len(self._text) - error.pos < _LONGEST_WORD

    def _pass(self, end: int) -> None:
        """Go on to `end`, and count the lines up to there."""
        lines = self._text.count("\n", self._at, end)
        if lines:
            self._line += lines
            self._column = end - self._text.rindex("\n", self._at, end)
        else:
            self._column += end - self._at
        self._at = end

    def _damage(self, at: int, why: str) -> Damage:
        """What is wrong in the text `at` a place that is not passed yet."""
        self._pass(at)
        return Damage(self._line, f"{why} at column {self._column}")

    def _read_on(self) -> bool:
        """Read as much as is waiting already, and more; False at the end."""
        waiting = self._text[self._at :]
        if len(waiting) > LARGEST:
            raise Damage(self._line, f"a value is longer than {LARGEST} characters")
        if self._broken is not None:
            raise self._broken
        pieces, length = [waiting], 0
        while length <= len(waiting) and (piece := self._piece()):
            pieces.append(piece)
            length += len(piece)
        if length:
            self._text, self._at = "".join(pieces), 0
        elif self._broken is not None:
            raise self._broken
        return length > 0

    def _piece(self) -> str:
        """More text; "" at the end, and before what is damaged."""
        try:
            return next(filter(None, self._pieces), "")
        except Damage as damage:
            self._broken = damage
            return ""


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """The chunks as text. What stands before a damage is given before it is told."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for chunk in chain(chunks, [None]):
        try:
            piece = decoder.decode(chunk or b"", final=chunk is None)
        except UnicodeDecodeError as error:
            sound = error.object[: error.start].decode("utf-8")
            yield sound
            raise Damage(line + sound.count("\n"), f"not UTF-8: {error.reason}") from None
        line += piece.count("\n")
        yield piece
