"""Whether a store is sound: its own check, then its index against its rows; and what to do.

The index is derived, so it can be made again from the rows: every word of
every entry must stand in it, and nothing else. Costs a read of everything;
memory grows with the number of different words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from amberfile.changes import Terms
from amberfile.errors import StoreBusy, StoreCorrupt
from amberfile.memory import Memory
from amberfile.recall.analysis import VERSION
from amberfile.recall.shape import entry_terms
from amberfile.stores.base import (
    INDEX_FAULT,
    Found,
    Posting,
    Progress,
    Stats,
    Store,
    TermsOf,
    place,
)
from amberfile.types import ALL, Entry, Scope

MOST_TOLD = 20

_PAGE = 1_000
_TRIES = 3
_EVERY = 1 << 31


def faults(memory: Memory) -> list[str]:
    """What is wrong with the whole store, in words; [] if nothing is.

    One that is refused for its damage when it opens is examined too.

    Raises:
        ScopeError: the memory is bound to a scope.
        StoreBusy: it was written to during each of three checks.
    """
    memory._require_unbound("examine every scope")
    with memory._shared.examined() as store:
        own = getattr(store, "check", None)  # not every engine can check itself
        if own is not None and (found := own()):
            return list(found)
        for _ in range(_TRIES):
            rev = store.info().rev
            found = [fault for scope in store.scopes() for fault in _of_scope(store, scope)]
            if store.info().rev == rev:
                return found
        raise StoreBusy(
            f"{store.info().where} was written to during each of {_TRIES} checks. "
            "Stop the writers, or check a copy: amberfile backup"
        )


def reindex(memory: Memory, progress: Progress | None = None) -> int:
    """Make the whole index again from the rows; gives the number of entries in it.

    Readers see the old index until it is done, writers wait. The rules of
    today's words are recorded with it.

    Raises:
        ScopeError: the memory is bound to a scope.
        StoreCorrupt: more than the index is damaged; nothing was changed.
    """
    memory._require_unbound("index every scope")
    with memory._shared.examined() as store:
        return store.reindex(_told_to(progress, store), analysis=VERSION)


def advice(faults: Sequence[str]) -> str:
    """The next step after these faults, in words; "" if there are none."""
    if not faults:
        return ""
    if all(fault.startswith(INDEX_FAULT) for fault in faults):
        return "The rows are sound and only the index is not. Make it again: amberfile reindex"
    return (
        "Pages or rows are damaged. Take what can be read to a new file: "
        "amberfile repair FILE NEW; or go back to a backup: amberfile restore-backup BACKUP"
    )


def _told_to(progress: Progress | None, store: Store) -> TermsOf:
    """What makes an entry's terms, and tells `progress` how many it has made."""
    if progress is None:
        return entry_terms
    size, done = store.stats(store.scopes()).entries, count(1)

    def made(entry: Entry) -> Terms:
        number = next(done)
        if number % _PAGE == 0:
            progress(number, size)
        return entry_terms(entry)

    return made


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
    try:
        told = list(islice(_differences(store, scope, wanted), MOST_TOLD))
    except StoreCorrupt as error:
        told = [f"{INDEX_FAULT} of {scope} cannot be read: {error}"]
    kept = store.stats([scope])
    if kept != stats:
        told.append(f"{INDEX_FAULT} of {scope} counts {tuple(kept)}, its rows {tuple(stats)}")
    return told


def _made_again(store: Store, scope: Scope) -> tuple[dict[str, _Sum], Stats]:
    """The index and its counts as the rows say they must be."""
    wanted: dict[str, _Sum] = {}
    entries = passages = words = 0
    for handle, entry in _everything(store, scope):
        made = entry_terms(entry)
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
                f"{INDEX_FAULT} of {scope} differs from its rows at the word {term!r}: "
                f"{found.count} places, and the rows have {must.count}"
            )
