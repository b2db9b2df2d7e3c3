"""What `RamStore` holds: for each scope a set of dicts, and two counters for all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, cast

from amberfile.changes import Terms, Written
from amberfile.stores.base import Changed, Posting, Stats, TermsOf, place
from amberfile.types import (
    Entry,
    ImportInfo,
    Item,
    Job,
    Message,
    Scope,
    SessionInfo,
    Turn,
    Version,
)

V = TypeVar("V")
E = TypeVar("E", bound=Item | Message | Job)

Name: TypeAlias = tuple[Literal["item", "message", "session"], str]

_NUMBER_BITS = 32


def first_number(rev: int) -> int:
    """The first of the numbers that a batch gives out; a later batch's are larger."""
    return rev << _NUMBER_BITS


class Shelf(dict[int, V]):
    """A dict by number that can be read in order of number, however it was filled.

    Numbers mostly grow, so adding one is an append.
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers: list[int] = []

    def __setitem__(self, number: int, value: V) -> None:
        if number not in self:
            insort(self._numbers, number)
        super().__setitem__(number, value)

    def __delitem__(self, number: int) -> None:
        super().__delitem__(number)
        del self._numbers[bisect_left(self._numbers, number)]

    def above(self, number: int) -> Iterator[tuple[int, V]]:
        """What has a larger number, the smallest first."""
        for position in range(bisect_right(self._numbers, number), len(self._numbers)):
            yield self._numbers[position], self[self._numbers[position]]

    def below(self, number: int | None) -> Iterator[tuple[int, V]]:
        """What has a smaller number, the largest first; None: everything."""
        end = len(self._numbers) if number is None else bisect_left(self._numbers, number)
        for position in range(end - 1, -1, -1):
            yield self._numbers[position], self[self._numbers[position]]


class Index:
    """The terms of one scope's current entries.

    `places` holds no empty list, so its keys are the vocabulary. Its lists are
    in order of place: handles only grow, so adding one is an append.
    """

    def __init__(self) -> None:
        self.places: dict[str, list[Posting]] = {}
        self.stats = Stats()
        self._terms: dict[int, Terms] = {}

    def add(self, handle: int, terms: Terms) -> None:
        for term, part, weight in terms.postings:
            insort(self.places.setdefault(term, []), (place(handle, part), weight))
        self._terms[handle] = terms
        self._count(terms, 1)

    def remove(self, handle: int) -> Terms:
        """Take an entry out; its terms are needed to undo that."""
        terms = self._terms.pop(handle)
        for term, part, _ in terms.postings:
            postings = self.places[term]
            del postings[bisect_left(postings, (place(handle, part), 0))]
            if not postings:
                del self.places[term]
        self._count(terms, -1)
        return terms

    def _count(self, terms: Terms, sign: int) -> None:
        entries, passages, words = self.stats
        self.stats = Stats(
            entries + sign, passages + sign * terms.passages, words + sign * terms.words
        )


@dataclass(frozen=True)
class Session:
    """A session's row. `handles` are its messages' by seq; `rev` is that of its last touch."""

    created_at: datetime
    updated_at: datetime
    rev: int = 0
    title: str = ""
    last_seq: int = 0
    open_turn: str | None = None
    handles: Shelf[int] = field(default_factory=Shelf)
    turns: dict[str, Turn] = field(default_factory=dict)

    def info(self, scope: Scope, id: str) -> SessionInfo:
        stored = len(self.handles)
        return SessionInfo(
            id, scope, self.title, stored, self.last_seq, self.created_at, self.updated_at
        )


@dataclass(frozen=True)
class Call:
    """The first call under an op_id, and what it was answered."""

    at: datetime
    digest: bytes
    answer: Written


@dataclass
class Tables:
    """What stands in one scope.

    Args:
        current: each entry that can be found, by handle.
        handles: the handles of the same entries, by name.
        items: every version by id; the last one is how the item stands.
        keys: the id by key and then by kind, of hidden items too.
        forgotten: the rev in which an id went, never to return.
        jobs: in the order they were queued; `job_numbers` finds one by id.
        imports: in the order they were begun; `import_numbers` finds one by id.
        log: what `changes` answers; `logged` finds the one entry of a name.
        calls: by op_id; `ages` names the same ones, the oldest first.
    """

    current: Shelf[Entry] = field(default_factory=Shelf)
    handles: dict[Name, int] = field(default_factory=dict)
    index: Index = field(default_factory=Index)
    items: dict[str, list[Version]] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    forgotten: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    jobs: Shelf[Job] = field(default_factory=Shelf)
    job_numbers: dict[str, int] = field(default_factory=dict)
    imports: Shelf[ImportInfo] = field(default_factory=Shelf)
    import_numbers: dict[str, int] = field(default_factory=dict)
    log: Shelf[Changed] = field(default_factory=Shelf)
    logged: dict[Name, int] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    ages: list[tuple[datetime, str]] = field(default_factory=list)

    def item(self, id: str) -> Item | None:
        """The item as it stands, hidden or not."""
        versions = self.items.get(id)
        return versions[-1].item if versions else None

    def indexed(self, terms: TermsOf) -> Index:
        """A new index of the entries that stand."""
        index = Index()
        for handle, entry in self.current.above(0):
            index.add(handle, terms(own(entry)))
        return index

    def message(self, handle: int) -> Message:
        return cast(Message, self.current[handle])


class Data:
    """Every scope's tables, in the order of their first write, and the counters."""

    def __init__(self) -> None:
        self.scopes: dict[Scope, Tables] = {}
        self.last = {"rev": 0, "serial": 0}

    def of(self, scope: Scope) -> Tables:
        """The scope's tables; empty ones, not yet part of the store, before its first write."""
        return self.scopes.get(scope) or Tables()

    def each(self, scopes: Sequence[Scope]) -> list[Tables]:
        return [self.of(scope) for scope in dict.fromkeys(scopes)]


def own(value: E) -> E:
    """A copy that shares no dict or list with its original, whose holder may change them."""
    if isinstance(value, Item):
        return cast(E, replace(value, metadata=_json(value.metadata)))
    if isinstance(value, Job):
        return cast(E, replace(value, payload=_json(value.payload)))
    return cast(E, _own_message(cast(Message, value)))


def _own_message(message: Message) -> Message:
    parts, calls = message.parts, message.tool_calls
    if parts is None and calls is None:
        return message
    return replace(
        message,
        parts=parts and replace(parts, data=_json(parts.data)),
        tool_calls=calls and tuple(_json(call) for call in calls),
    )


def _json(value: Any) -> Any:
    """A copy of a JSON value; a tuple becomes a list, as in a store that writes JSON."""
    if isinstance(value, Mapping):
        return {name: _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value
