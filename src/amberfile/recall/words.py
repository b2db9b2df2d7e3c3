"""Ranking by words: BM25F over postings, in plain Python, the same on every engine.

BM25F (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009):
a term's weighted frequencies in an entry's fields are added first and
saturated once,

    S = Σ idf · 2a / (1 + a),   a = Σ_field w · tf / (1 − b + b · length / mean)

with idf = ln(1 + (N − df + ½) / (df + ½)) from the statistics of the scopes
searched, and nothing else's. Terms are taken in sorted order, so the sums,
and with them the ranking, are equal to the last bit everywhere.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import NamedTuple

from amberfile.changes import HANDLE_BITS, PART_MASK, unpack_weight
from amberfile.stores.base import Posting, Stats
from amberfile.types import Reason

LENGTH_PENALTY = 0.25
"""b of a passage: long ones are punished a little. The head's is 0."""

NEIGHBOUR_PENALTY = 0.5
"""b of a neighbouring turn, where a word says less the more others stand beside it."""

HEAD_WEIGHT = 1.0
"""A word in the head counts as one in the text."""


def saturate(amount: float) -> float:
    """2a / (1 + a), that is k1 = 1: the second mention adds less than the first."""
    return 2 * amount / (1 + amount)


def idf(entries: int, holding: int) -> float:
    """How much a term tells that `holding` of `entries` have; above 0 always."""
    return math.log(1 + (entries - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True)
class Searched:
    """What one question reads: the postings of its terms, and what they are measured by.

    Args:
        postings: by term, each list in order of place.
        stats: of the same scopes.
        factors: what a term counts, 1 unless named; less for a part of a word.
    """

    postings: Mapping[str, Sequence[Posting]]
    stats: Stats
    factors: Mapping[str, float] = field(default_factory=dict)
    _idfs: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    _simple: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def mean_length(self) -> float:
        """Terms in a passage, on average; 1 when there is none."""
        return self.stats.words / self.stats.passages if self.stats.words else 1.0

    def is_simple(self, term: str) -> bool:
        """Whether `term` stands in no head and no later passage, as mostly; then
        its postings are its entries, and nothing has to be brought together."""
        if term not in self._simple:
            rows = self.postings[term]
            self._simple[term] = not [place for place, _ in rows if place & PART_MASK != 1]
        return self._simple[term]

    def idf(self, term: str) -> float:
        """The weight of `term` here; counted once."""
        if term not in self._idfs:
            rows = self.postings[term]
            holding = (
                len(rows)
                if self.is_simple(term)
                else len({place >> HANDLE_BITS for place, _ in rows})
            )
            # An entry written between two reads may be in one of them only.
            entries = max(self.stats.entries, holding)
            self._idfs[term] = idf(entries, holding) * self.factors.get(term, 1.0)
        return self._idfs[term]


def rank(searched: Searched, limit: int) -> list[tuple[int, float]]:
    """(handle, score) of the best entries, best first; equal scores newest first.

    An entry counts as its best passage, with its head beside each.
    Cost: linear in the postings, about 0.3 µs each.
    """
    heads: dict[int, float] = {}
    passages: dict[int, float] = {}
    terms = sorted(searched.postings)
    for term in terms:
        if searched.is_simple(term):
            _add_simple_term(searched, term, passages)
        else:
            _add_term(searched, term, heads, passages)
    if all(map(searched.is_simple, terms)):
        found = nlargest(limit, list(zip(passages.values(), passages, strict=True)))
        return [(place >> HANDLE_BITS, score) for score, place in found]
    best = dict(heads)
    for place, score in passages.items():
        handle = place >> HANDLE_BITS
        total = heads[handle] + score if handle in heads else score
        if total > best.get(handle, 0.0):
            best[handle] = total
    found = nlargest(limit, list(zip(best.values(), best, strict=True)))
    return [(handle, score) for score, handle in found]


def _add_simple_term(searched: Searched, term: str, passages: dict[int, float]) -> None:
    """`_add_term` for a term whose every posting is an entry's first passage."""
    gains = _Gains(searched, searched.idf(term))
    seen = passages.get
    for place, packed in searched.postings[term]:
        passages[place] = seen(place, 0.0) + gains[packed]


def _add_term(
    searched: Searched, term: str, heads: dict[int, float], passages: dict[int, float]
) -> None:
    """Add what `term` gives to each head (by handle) and each passage (by place).

    A head and a passage share one saturation, so a passage under a head that
    has the term too gets only what it adds to it. Heads come first in the
    order of places.
    """
    weight = searched.idf(term)
    gains = _Gains(searched, weight)
    handle_of_head, head = -1, 0.0
    seen = passages.get
    for place, packed in searched.postings[term]:
        if not place & PART_MASK:
            handle_of_head = place >> HANDLE_BITS
            head = HEAD_WEIGHT * unpack_weight(packed)[0]
            heads[handle_of_head] = heads.get(handle_of_head, 0.0) + weight * saturate(head)
        elif place >> HANDLE_BITS == handle_of_head:
            more = saturate(head + gains.amounts[packed]) - saturate(head)
            passages[place] = seen(place, 0.0) + weight * more
        else:
            passages[place] = seen(place, 0.0) + gains[packed]


class _Gains(dict[int, float]):
    """What one term adds to a passage, by its packed weight; few different ones occur."""

    def __init__(self, searched: Searched, weight: float) -> None:
        super().__init__()
        self.amounts = _Amounts(searched.mean_length, LENGTH_PENALTY)
        self._weight = weight

    def __missing__(self, packed: int) -> float:
        gain = self[packed] = self._weight * saturate(self.amounts[packed])
        return gain


class _Amounts(dict[int, float]):
    """A passage's `a` by its packed weight; few different ones occur."""

    def __init__(self, mean_length: float, penalty: float) -> None:
        super().__init__()
        self._mean, self._penalty = mean_length, penalty

    def __missing__(self, packed: int) -> float:
        frequency, length = unpack_weight(packed)
        amount = frequency / (1 - self._penalty + self._penalty * length / self._mean)
        self[packed] = amount
        return amount


class Beside(NamedTuple):
    """A neighbour whose words count for an entry: `place` is "before" or "after"."""

    place: str
    handle: int
    weight: float


def explain(searched: Searched, handle: int, beside: Sequence[Beside] = ()) -> tuple[Reason, ...]:
    """What each term adds to one entry's score, the most first.

    With nothing beside, the parts add up to what `rank` says; neighbours add
    to it and never take away. A term's score is shared among the places where
    it stands by their amounts. Places are "head", "text", "before", "after".
    """
    standing = {term: _standing(rows, handle) for term, rows in searched.postings.items()}
    parts = {part for weights in standing.values() for part in weights} - {0}
    nearby = {term: _nearby(searched, rows, beside) for term, rows in searched.postings.items()}
    best: list[Reason] = []
    for part in sorted(parts) or [1]:
        reasons = [
            reason
            for term in sorted(searched.postings)
            for reason in _shares(searched, term, standing[term], part, nearby[term])
        ]
        if not best or total(reasons) > total(best):
            best = reasons
    return tuple(sorted(best, key=lambda reason: (-reason.added, reason.term, reason.place)))


def total(reasons: Sequence[Reason]) -> float:
    """The score that `reasons` add up to; exact, whatever their order."""
    return math.fsum(reason.added for reason in reasons)


def _standing(rows: Sequence[Posting], handle: int) -> dict[int, int]:
    """The packed weight of a term in each part of one entry where it stands."""
    start = bisect_left(rows, (handle << HANDLE_BITS,))
    end = bisect_left(rows, ((handle + 1) << HANDLE_BITS,), lo=start)
    return {place & PART_MASK: packed for place, packed in rows[start:end]}


def _nearby(
    searched: Searched, rows: Sequence[Posting], beside: Sequence[Beside]
) -> dict[str, float]:
    """The amounts that a term has in the neighbours, by their place."""
    amounts = _Amounts(searched.mean_length, NEIGHBOUR_PENALTY)
    found: dict[str, float] = {}
    for neighbour in beside:
        for part, packed in _standing(rows, neighbour.handle).items():
            if part:
                more = neighbour.weight * amounts[packed]
                found[neighbour.place] = found.get(neighbour.place, 0.0) + more
    return found


def _shares(
    searched: Searched,
    term: str,
    standing: Mapping[int, int],
    part: int,
    nearby: Mapping[str, float],
) -> list[Reason]:
    """A term's score in one passage, divided by where its amount comes from."""
    amounts: dict[str, float] = {}
    if 0 in standing:
        amounts["head"] = HEAD_WEIGHT * unpack_weight(standing[0])[0]
    if part in standing:
        amounts["text"] = _Amounts(searched.mean_length, LENGTH_PENALTY)[standing[part]]
    amounts.update(nearby)
    whole = math.fsum(amounts.values())
    if not whole:
        return []
    score = searched.idf(term) * saturate(whole)
    return [Reason(term, place, score * amount / whole) for place, amount in amounts.items()]
