"""`RamStore`: the contract's methods over the tables of `tables.py`."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timezone
from itertools import chain, islice, takewhile
from threading import Lock

from amberfile.changes import Batch, Written
from amberfile.errors import StoreClosed, Unsupported
from amberfile.stores.base import (
    Capabilities,
    Changed,
    Found,
    Info,
    Near,
    Posting,
    Stats,
    Tally,
    TermsOf,
    is_message,
)
from amberfile.stores.ram.apply import apply
from amberfile.stores.ram.tables import Data, Tables, first_number, own
from amberfile.stores.ram.write import Write, undone_on_error
from amberfile.types import (
    Filter,
    ImportInfo,
    Item,
    Job,
    Message,
    Scope,
    SessionInfo,
    Turn,
    Version,
)

WHERE = "ram:"

PROMISES = {
    "isolation": "one call at a time; a read sees whole batches",
    "atomicity": "a batch that fails is undone step by step",
    "durability": "none: everything ends with the process",
}


class RamStore:
    """A `Store` in this process's memory. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._data: Data | None = Data()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def write(self, batch: Batch) -> Written:
        with self._held() as data, undone_on_error() as journal:
            write = Write(data, batch, journal)
            return write.replayed() or write.applied(apply(each, write) for each in batch.changes)

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Item]:
        with self._held() as data:
            items = data.of(scope).items
            return [own(items[id][-1].item) for id in ids if id in items]

    def find(
        self,
        scopes: Sequence[Scope],
        filter: Filter,
        *,
        limit: int,
        before: int | None = None,
        messages: bool = False,
    ) -> list[Found]:
        with self._held() as data:
            each = [tables.current.below(before) for tables in data.each(scopes)]
            found = (
                Found(handle, own(entry))
                for handle, entry in heapq.merge(*each, reverse=True)
                if (messages or not is_message(handle)) and filter.matches(entry)
            )
            return list(islice(found, max(limit, 0)))

    def entries(self, scopes: Sequence[Scope], handles: Sequence[int]) -> list[Found]:
        with self._held() as data:
            shelves = [tables.current for tables in data.each(scopes)]
            return [
                Found(handle, own(shelf[handle]))
                for handle in handles
                for shelf in shelves
                if handle in shelf
            ]

    def near(
        self, scopes: Sequence[Scope], handles: Sequence[int], *, before: int, after: int
    ) -> dict[int, list[Near]]:
        with self._held() as data:
            found = {
                handle: _around(message, tables, before, after)
                for tables in data.each(scopes)
                for handle in handles
                if isinstance(message := tables.current.get(handle), Message)
            }
            return {handle: neighbours for handle, neighbours in found.items() if neighbours}

    def messages(
        self, scope: Scope, session: str, *, limit: int | None = None, after: int = 0
    ) -> list[Message]:
        with self._held() as data:
            tables = data.of(scope)
            if session not in tables.sessions:
                return []
            newest = tables.sessions[session].handles.below(None)
            wanted = takewhile(lambda pair: pair[0] > after, newest)
            last = list(islice(wanted, None if limit is None else max(limit, 0)))
            return [own(tables.message(handle)) for _, handle in reversed(last)]

    def known_messages(self, scope: Scope, ids: Sequence[str]) -> list[Message]:
        with self._held() as data:
            tables = data.of(scope)
            handles = (tables.handles.get(("message", id)) for id in ids)
            return [own(tables.message(handle)) for handle in handles if handle is not None]

    def sessions(self, scope: Scope, prefix: str = "") -> list[SessionInfo]:
        with self._held() as data:
            begun = data.of(scope).sessions.items()
            fitting = [(id, session) for id, session in begun if id.startswith(prefix)]
            fitting.sort(key=lambda pair: (-pair[1].rev, pair[0]))
            return [session.info(scope, id) for id, session in fitting]

    def turns(self, scope: Scope, session: str) -> list[Turn]:
        with self._held() as data:
            begun = data.of(scope).sessions
            return list(begun[session].turns.values()) if session in begun else []

    def postings(self, scopes: Sequence[Scope], terms: Sequence[str]) -> dict[str, list[Posting]]:
        with self._held() as data:
            indexes = [tables.index.places for tables in data.each(scopes)]
            found = {term: [index[term] for index in indexes if term in index] for term in terms}
            return {term: _merged(lists) for term, lists in found.items() if lists}

    def stats(self, scopes: Sequence[Scope]) -> Stats:
        with self._held() as data:
            each = [tables.index.stats for tables in data.each(scopes)]
            return Stats(*map(sum, zip(*each, strict=True)))

    def vocabulary(
        self, scopes: Sequence[Scope], part: str, *, prefix: bool, limit: int
    ) -> list[str]:
        with self._held() as data:
            terms = set(chain.from_iterable(tables.index.places for tables in data.each(scopes)))
            fits = str.startswith if prefix else str.__contains__
            return sorted(term for term in terms if fits(term, part))[: max(limit, 0)]

    def history(self, scope: Scope, id: str) -> list[Version]:
        with self._held() as data:
            versions = data.of(scope).items.get(id, [])
            return [replace(version, item=own(version.item)) for version in versions]

    def changes(self, scopes: Sequence[Scope], since: int, *, limit: int) -> list[Changed]:
        with self._held() as data:
            known = first_number(since + 1) - 1
            each = [tables.log.above(known) for tables in data.each(scopes)]
            found: list[Changed] = []
            for _, change in heapq.merge(*each):
                if len(found) >= limit and (not found or change.rev != found[-1].rev):
                    break
                found.append(change._replace(entry=change.entry and own(change.entry)))
            return found

    def jobs(self, scope: Scope, ids: Sequence[str] | None = None) -> list[Job]:
        with self._held() as data:
            jobs = (job for _, job in data.of(scope).jobs.above(0))
            return [own(job) for job in jobs if ids is None or job.id in ids]

    def imports(self, scope: Scope) -> list[ImportInfo]:
        with self._held() as data:
            return [told for _, told in data.of(scope).imports.below(None)]

    def forgotten(self, scope: Scope, ids: Sequence[str]) -> set[str]:
        with self._held() as data:
            return data.of(scope).forgotten.keys() & set(ids)

    def ids(self, scope: Scope, prefix: str, *, limit: int) -> list[str]:
        with self._held() as data:
            tables = data.of(scope)
            names = {*tables.items, *(entry.id for entry in tables.current.values())}
            return sorted(id for id in names if id.startswith(prefix))[: max(limit, 0)]

    def keyed(self, scope: Scope, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        with self._held() as data:
            owners = data.of(scope).keys
            found = {(kind, key): owners.get(key, {}).get(kind) for kind, key in keys}
            return {name: id for name, id in found.items() if id is not None}

    def tally(self, scopes: Sequence[Scope]) -> list[Tally]:
        with self._held() as data:
            counts = Counter(
                (entry.kind, entry.created_at.astimezone(timezone.utc).date())
                for tables in data.each(scopes)
                for entry in tables.current.values()
            )
            return [Tally(*group, count) for group, count in sorted(counts.items())]

    def scopes(self) -> list[Scope]:
        with self._held() as data:
            return list(data.scopes)

    def info(self) -> Info:
        with self._held() as data:
            entries = sum(len(tables.current) for tables in data.scopes.values())
            details = {"scopes": len(data.scopes), "entries": entries}
            return Info("ram", WHERE, data.last["rev"], PROMISES, details)

    def backup(self, path: str) -> Info:
        with self._held():
            raise Unsupported("ram", "backup")

    def restore_from(self, path: str) -> Info:
        with self._held():
            raise Unsupported("ram", "backup")

    def reindex(self, terms: TermsOf, *, analysis: int) -> int:
        with self._held() as data:
            made = {scope: tables.indexed(terms) for scope, tables in data.scopes.items()}
            for scope, index in made.items():
                data.scopes[scope].index = index
            data.last["rev"] += 1
            return sum(index.stats.entries for index in made.values())

    def close(self) -> None:
        with self._lock:
            self._data = None

    @contextmanager
    def _held(self) -> Iterator[Data]:
        with self._lock:
            if self._data is None:
                raise StoreClosed(WHERE)
            yield self._data


def _around(message: Message, tables: Tables, before: int, after: int) -> list[Near]:
    handles = tables.sessions[message.session].handles
    return [
        Near(offset, handle, own(tables.message(handle)))
        for offset in chain(range(-before, 0), range(1, after + 1))
        if (handle := handles.get(message.seq + offset)) is not None
    ]


def _merged(lists: list[list[Posting]]) -> list[Posting]:
    """One new list in order of place; each of `lists` is, so sorting only merges them."""
    return list(lists[0]) if len(lists) == 1 else sorted(chain.from_iterable(lists))
