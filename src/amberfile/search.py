"""Recall by words: from a question to the best entries of a store.

Filters come first: entries are taken best first, those that do not match are
passed over, and only then is the list cut. The best are measured once more
with the turns beside them, whose words count a little. An entry that does not
match by itself is never added.

What it leaves out: the mathematics is in `recall/words.py`, what a word is in
`recall/analysis.py`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from amberfile.changes import pack_weight
from amberfile.recall.analysis import only_stop_words, query_terms, query_words, terms
from amberfile.recall.shape import SHORT_TURN, head_places, neighbour_weight, passages
from amberfile.recall.words import Beside, Searched, explain, rank, total
from amberfile.stores.base import Found, Posting, Stats, Store, is_message, place
from amberfile.types import ALL, MESSAGE, Entry, Filter, Hit, Item, Message, Reason, Scope

MEASURED = 100
"""The messages among so many of the best are measured with their neighbours."""

PREFIX, PART = 0.5, 0.25
"""What a word counts that only begins with, or contains, the one asked for."""

_CHUNK = 1_000  # entries read at once where all are needed
_SHORTENED = 3  # characters that a word may lose at its end to fit as a part
_ENOUGH_TERMS = 64


def recall(
    store: Store, scopes: Sequence[Scope], query: str, *, limit: int, filter: Filter = ALL
) -> list[Hit]:
    """The best matches of `query`, best first; equal scores newest first.

    A blank query gives the newest matching entries, with score 0. A query of
    nothing but marks gives none.
    """
    if limit <= 0:
        return []
    if not query.strip():
        newest = store.find(scopes, filter, limit=limit, messages=True)
        return [Hit(entry, 0.0) for _, entry in newest]
    searched = _search(store, scopes, query)
    possible = _possible(searched, filter)
    first = list(islice(possible, MEASURED))
    said = [pair for pair in first if is_message(pair[0])]
    others = chain((pair for pair in first if not is_message(pair[0])), possible)
    measured, beside = _measured(store, scopes, searched, said, filter)
    matching = [*measured, *islice(_matching(store, scopes, others, filter, limit), limit)]
    hits = [
        (explain(searched, found.handle, beside.get(found.handle, ())), found)
        for _, found in sorted(matching, key=_best_first)[:limit]
    ]
    hits.sort(key=lambda hit: _best_first((total(hit[0]), hit[1])))
    return [_hit(why, found.entry) for why, found in hits]


def _best_first(measured: tuple[float, Found]) -> tuple[float, int]:
    score, found = measured
    return -score, -found.handle


def _hit(why: Sequence[Reason], entry: Entry) -> Hit:
    fields = head_places(entry)
    named = tuple(
        reason._replace(place=fields.get(reason.term, "head")) if reason.place == "head" else reason
        for reason in why
    )
    return Hit(entry, total(named), named)


def _search(store: Store, scopes: Sequence[Scope], query: str) -> Searched:
    """The postings of the question's words; else of words that they are a part of."""
    if only_stop_words(query):
        return _search_stop_words(store, scopes, query_terms(query))
    stats = store.stats(scopes)
    if postings := store.postings(scopes, query_terms(query)):
        return Searched(postings, stats)
    factors = _parts_of_words(store, scopes, query)
    return Searched(store.postings(scopes, sorted(factors)), stats, factors)


def _parts_of_words(store: Store, scopes: Sequence[Scope], query: str) -> dict[str, float]:
    """Indexed terms that hold a word of `query` or its beginning, and what each counts."""
    factors: dict[str, float] = {}
    for word in query_words(query):
        found, factor = _terms_with(store, scopes, word)
        factors |= {term: max(factor, factors.get(term, 0.0)) for term in found}
    return factors


def _terms_with(store: Store, scopes: Sequence[Scope], word: str) -> tuple[list[str], float]:
    """Terms that begin with the longest possible head of `word`, else that contain one."""
    for factor in (PREFIX, PART):
        for head in _heads(word):
            begins = factor == PREFIX
            found = store.vocabulary(scopes, head, prefix=begins, limit=_ENOUGH_TERMS)
            if found:
                return found, factor
    return [], 0.0


def _heads(word: str) -> list[str]:
    """The word, and what is left when it loses its last characters.

    >>> _heads("deploys")
    ['deploys', 'deploy', 'deplo', 'depl']
    >>> _heads("東"), _heads("x")
    (['東'], [])
    """
    if len(word) < 2:
        return [] if word.isascii() else [word]
    shortest = max(2, len(word) - _SHORTENED)
    return [word[:length] for length in range(len(word), shortest - 1, -1)]


def _search_stop_words(store: Store, scopes: Sequence[Scope], asked: Sequence[str]) -> Searched:
    """Postings made on the spot: stop words are not indexed, so the entries are read.

    Cost: linear in the entries, about 20 µs each.
    """
    postings: dict[str, list[Posting]] = {}
    entries = pieces = words = 0
    for handle, entry in _everything(store, scopes):
        head, *texts = _words_of(entry)
        entries, pieces, words = entries + 1, pieces + len(texts), words + sum(map(len, texts))
        for part, found in enumerate([head, *texts]):
            counts = Counter(found)
            for term in counts.keys() & asked:
                weight = pack_weight(counts[term], len(found))
                postings.setdefault(term, []).append((place(handle, part), weight))
    in_order = {term: sorted(rows) for term, rows in postings.items()}
    return Searched(in_order, Stats(entries, pieces, words))


def _words_of(entry: Entry) -> list[list[str]]:
    """All terms of the head and of each passage, stop words too."""
    head = [entry.key or "", *entry.topics] if isinstance(entry, Item) else [entry.name or ""]
    return [terms(piece, stop_words=True) for piece in (" ".join(head), *passages(entry.text))]


def _everything(store: Store, scopes: Sequence[Scope]) -> Iterator[Found]:
    """Every current entry, the newest first."""
    before: int | None = None
    while found := store.find(scopes, ALL, limit=_CHUNK, before=before, messages=True):
        yield from found
        before = found[-1].handle


def _possible(searched: Searched, filter: Filter) -> Iterator[tuple[int, float]]:
    """(handle, score), best first, without those whose handle says that they do not match."""
    first = rank(searched, MEASURED)
    yield from (pair for pair in first if _may_match(pair[0], filter))
    if len(first) == MEASURED:
        rest = rank(searched, sys.maxsize)[MEASURED:]
        yield from (pair for pair in rest if _may_match(pair[0], filter))


def _matching(
    store: Store,
    scopes: Sequence[Scope],
    ranked: Iterable[tuple[int, float]],
    filter: Filter,
    expected: int,
) -> Iterator[tuple[float, Found]]:
    """(score, entry) of those that match, in the same order, read as far as they are asked for.

    Args:
        expected: so many will probably be asked for.
    """
    rest, size = iter(ranked), min(expected, _CHUNK)
    while scores := dict(islice(rest, size)):
        for found in store.entries(scopes, list(scores)):
            if filter.matches(found.entry):
                yield scores[found.handle], found
        size = _CHUNK


def _measured(
    store: Store,
    scopes: Sequence[Scope],
    searched: Searched,
    said: Sequence[tuple[int, float]],
    filter: Filter,
) -> tuple[list[tuple[float, Found]], dict[int, list[Beside]]]:
    """The messages that match, with the words beside them counted; and what is beside them."""
    matching = list(_matching(store, scopes, said, filter, MEASURED))
    beside = _neighbours(store, scopes, [found for _, found in matching])
    measured = [
        (total(explain(searched, found.handle, beside.get(found.handle, ()))), found)
        for _, found in matching
    ]
    return measured, beside


def _may_match(handle: int, filter: Filter) -> bool:
    """False where the sort of entry says enough, so that it need not be read."""
    if is_message(handle):
        return filter.kinds is None or MESSAGE in filter.kinds
    return filter.sessions is None and filter.kinds != (MESSAGE,)


def _neighbours(
    store: Store, scopes: Sequence[Scope], best: Sequence[Found]
) -> dict[int, list[Beside]]:
    """The turns beside each short turn, and what their words count for it."""
    short = [
        handle
        for handle, entry in best
        if isinstance(entry, Message) and len(entry.text) <= SHORT_TURN
    ]
    near = store.near(scopes, short, before=2, after=1) if short else {}
    return {
        handle: [
            Beside("before" if offset < 0 else "after", beside, weight)
            for offset, beside, message in around
            if (weight := neighbour_weight(offset, message))
        ]
        for handle, around in near.items()
    }
