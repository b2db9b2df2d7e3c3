"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple, TypeAlias

Mark: TypeAlias = Literal["", "-", "+"]

MOST = 2_000  # pieces that are compared one with another: a second in the worst case

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class Piece(NamedTuple):
    """Text that stands in both (""), only in the old ("-") or only in the new ("+")."""

    mark: Mark
    text: str


def pieces(old: str, new: str) -> list[Piece]:
    """Both texts as one row of pieces: without "+" it is `old`, without "-" it is `new`.

    By words; where the part that differs is long, by lines, and where that is
    long too, as a whole. Where a part is replaced, the old stands first.

    >>> pieces("on Friday, 14:00", "on Monday, 14:00")[1:3]
    [Piece(mark='-', text='Friday'), Piece(mark='+', text='Monday')]
    """
    parts = _parts(_WORDS.findall(old), _WORDS.findall(new))
    if parts.differing > MOST:
        parts = _parts(_LINES.findall(old), _LINES.findall(new))
    if parts.differing <= MOST:
        return _rows(parts)
    whole = ("".join(parts.old),), ("".join(parts.new),)
    return _rows(_Parts(parts.start, *whole, parts.end))


class _Parts(NamedTuple):
    """What both begin with, what differs, what both end with."""

    start: Sequence[str]
    old: Sequence[str]
    new: Sequence[str]
    end: Sequence[str]

    @property
    def differing(self) -> int:
        return max(len(self.old), len(self.new))


def _parts(old: Sequence[str], new: Sequence[str]) -> _Parts:
    start = _alike(old, new)
    old, new, both = old[start:], new[start:], old[:start]
    end = _alike(old[::-1], new[::-1])
    return _Parts(both, old[: len(old) - end], new[: len(new) - end], old[len(old) - end :])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pieces both begin with."""
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def _rows(parts: _Parts) -> list[Piece]:
    middle = _matched(parts.old, parts.new)
    found = [Piece("", "".join(parts.start)), *middle, Piece("", "".join(parts.end))]
    return [piece for piece in found if piece.text]


def _matched(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    found: list[Piece] = []
    for same, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "".join(before[i1:i2]), "".join(after[j1:j2])
        found += [Piece("", old)] if same == "equal" else [Piece("-", old), Piece("+", new)]
    return found
