"""Whether a store is sound: its own check, then its index against its rows.

The index is derived, so it can be made again from the rows: every word of
every entry must stand in it, and nothing else. Costs a read of everything;
memory grows with the number of different words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from amberfile.errors import StoreBusy
from amberfile.memory import Memory
from amberfile.recall.shape import item_terms, message_terms
from amberfile.stores.base import Found, Posting, Stats, Store, place
from amberfile.types import ALL, Item, Scope

MOST_TOLD = 20

_PAGE = 1_000
_TRIES = 3
_EVERY = 1 << 31


def faults(memory: Memory) -> list[str]:
    """What is wrong with the whole store, in words; [] if nothing is.

    Raises:
        ScopeError: the memory is bound to a scope.
        StoreBusy: it was written to during each of three checks.
    """
    scopes, store = memory.scopes(), memory._shared.store()
    own = getattr(store, "check", None)  # not every engine can check itself
    if own is not None and (found := own()):
        return list(found)
    for _ in range(_TRIES):
        rev = store.info().rev
        found = [fault for scope in scopes for fault in _of_scope(store, scope)]
        if store.info().rev == rev:
            return found
    raise StoreBusy(
        f"{store.info().where} was written to during each of {_TRIES} checks. "
        "Stop the writers, or check a copy: amberfile backup"
    )


@dataclass
class _Sum:
    """Postings of one term, in any order: how many, and a digest of them."""

    count: int = 0
    digest: int = 0

    def add(self, posting: Posting) -> None:
        self.count += 1
        self.digest ^= hash(posting)


def _of_scope(store: Store, scope: Scope) -> list[str]:
    wanted, stats = _made_again(store, scope)
    told = list(islice(_differences(store, scope, wanted), MOST_TOLD))
    kept = store.stats([scope])
    if kept != stats:
        told.append(f"scope {scope} keeps the counts {tuple(kept)} and has {tuple(stats)}")
    return told


def _made_again(store: Store, scope: Scope) -> tuple[dict[str, _Sum], Stats]:
    """The index and its counts as the rows say they must be."""
    wanted: dict[str, _Sum] = {}
    entries = passages = words = 0
    for handle, entry in _everything(store, scope):
        made = item_terms(entry) if isinstance(entry, Item) else message_terms(entry)
        entries, passages, words = entries + 1, passages + made.passages, words + made.words
        for term, part, weight in made.postings:
            wanted.setdefault(term, _Sum()).add((place(handle, part), weight))
    return wanted, Stats(entries, passages, words)


def _everything(store: Store, scope: Scope) -> Iterator[Found]:
    before: int | None = None
    while found := store.find([scope], ALL, limit=_PAGE, before=before, messages=True):
        yield from found
        before = found[-1].handle


def _differences(store: Store, scope: Scope, wanted: dict[str, _Sum]) -> Iterator[str]:
    indexed = store.vocabulary([scope], "", prefix=True, limit=_EVERY)
    terms = sorted(wanted.keys() | set(indexed))
    for start in range(0, len(terms), _PAGE):
        yield from _differing(store, scope, wanted, terms[start : start + _PAGE])


def _differing(
    store: Store, scope: Scope, wanted: dict[str, _Sum], terms: Sequence[str]
) -> Iterator[str]:
    postings = store.postings([scope], terms)
    for term in terms:
        found = _Sum()
        for posting in postings.get(term, ()):
            found.add((posting[0], posting[1]))
        must = wanted.get(term, _Sum())
        if found != must:
            yield (
                f"the index of {scope} differs from its rows at the word {term!r}: "
                f"{found.count} places, and the rows have {must.count}"
            )
