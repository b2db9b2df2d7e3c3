"""The contract of a store: it keeps rows, which are the truth, and finds them by term.

A store never ranks, reads no clock and retries nothing. Every call names its
scopes; what stands in another cannot be found, counted, changed or waited for.

An entry (an item or a message) has a handle: an integer that is larger the
later its current version was written, in the order of `rev`, then of the
batch. Handles of messages are odd, of items even. They order results and
join postings to entries; they mean nothing outside the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from amberfile.changes import HANDLE_BITS, Batch, Terms, Written
from amberfile.types import (
    Entry,
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

Posting: TypeAlias = tuple[int, int]
"""(place, weight): `place` is `handle << 16 | part`, `weight` is `pack_weight`'s.

Plain tuples of two, because a query reads thousands of them.
"""


TermsOf: TypeAlias = Callable[[Entry], Terms]
"""What an entry is indexed by."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told now and then: how far something long has come, and about how far it goes."""

INDEX_FAULT = "the index"
"""How a fault begins that `Store.reindex` mends."""


def is_message(handle: int) -> bool:
    return bool(handle & 1)


def place(handle: int, part: int) -> int:
    return handle << HANDLE_BITS | part


@dataclass(frozen=True)
class Capabilities:
    """What this store can do, fixed when it opens. Data, never probed.

    Args:
        durable: what was written is there after the process ends.
        multi_process: several processes may open it at once.
        erases: forgotten bytes leave the medium, not only the view.
        backup: `backup` copies it while it is in use, `restore_from` takes a copy back.
    """

    durable: bool = False
    multi_process: bool = False
    erases: bool = False
    backup: bool = False


class Found(NamedTuple):
    """An entry and its handle."""

    handle: int
    entry: Entry


class Near(NamedTuple):
    """A message beside another: `offset` is -1 for the one just before it."""

    offset: int
    handle: int
    message: Message


class Stats(NamedTuple):
    """The size of what `postings` searches; sums, so that scopes can be added.

    Args:
        entries: that are current.
        passages: of their texts.
        words: terms in those passages, with repeats.
    """

    entries: int = 0
    passages: int = 0
    words: int = 0


class Changed(NamedTuple):
    """An entry that was written, or one that went (`entry` is None)."""

    rev: int
    scope: Scope
    kind: str
    id: str
    entry: Entry | None


class Tally(NamedTuple):
    """How many current entries of a kind were made on one day, in UTC."""

    kind: str
    day: date
    entries: int


@dataclass(frozen=True)
class Info:
    """A store as a person would ask about it.

    Args:
        store: its name, such as "sqlite".
        where: the path or address, without passwords.
        promises: what it guarantees, in words, by name.
        details: versions and sizes, by name.
    """

    store: str
    where: str
    rev: int
    promises: Mapping[str, str]
    details: Mapping[str, str | int]


@dataclass(frozen=True)
class Repaired:
    """What came back from a damaged store.

    Args:
        items: as they stand, hidden ones too; `versions` are those before them.
        lost: in words, what is known not to have come back or not as it was;
            at most 20 lines and one that counts the rest.
        pages: that were looked at; of them `damaged_pages` could not be read whole.
    """

    items: int
    versions: int
    messages: int
    sessions: int
    scopes: int
    lost: tuple[str, ...]
    pages: int
    damaged_pages: int


@runtime_checkable
class Store(Protocol):
    """Keeps items and messages. Safe to share between threads.

    Every method raises `StoreClosed` after `close`, `StoreBusy` when others
    kept it locked too long, `StoreUnavailable` when it cannot be reached and
    `StoreCorrupt` when what it reads is not what was written.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def write(self, batch: Batch) -> Written:
        """Apply every change of `batch`, or none.

        Changes see those before them. All rows that it touches get the batch's
        `rev`. When this returns, the write is as safe as the store promises.

        Raises:
            Conflict, NotFound: as the changes say; nothing was written.
            OpIdReused: `op_id` was used with another digest.
        """
        ...

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Item]:
        """The items with these ids, hidden ones too, in the order asked, without the absent."""
        ...

    def find(
        self,
        scopes: Sequence[Scope],
        filter: Filter,
        *,
        limit: int,
        before: int | None = None,
        messages: bool = False,
    ) -> list[Found]:
        """Current entries that match, newest first by handle.

        Args:
            limit: at most this many; 0 or less gives none.
            before: only handles below this one.
            messages: look among messages too, not only items.
        """
        ...

    def entries(self, scopes: Sequence[Scope], handles: Sequence[int]) -> list[Found]:
        """The current entries with these handles, in the order asked; others are left out."""
        ...

    def near(
        self, scopes: Sequence[Scope], handles: Sequence[int], *, before: int, after: int
    ) -> dict[int, list[Near]]:
        """The messages around each message: `before` earlier and `after` later ones.

        Of the same session, by `seq`: one that was removed leaves its place
        empty. Handles of items, and messages without neighbours, have no key.
        """
        ...

    def messages(
        self, scope: Scope, session: str, *, limit: int | None = None, after: int = 0
    ) -> list[Message]:
        """A session's messages with `seq` > `after`, oldest first.

        Args:
            limit: the last so many of them; None: all. 0 or less gives none.
        """
        ...

    def known_messages(self, scope: Scope, ids: Sequence[str]) -> list[Message]:
        """The messages with these ids, in the order asked; absent ones are left out."""
        ...

    def sessions(self, scope: Scope, prefix: str = "") -> list[SessionInfo]:
        """Sessions whose id begins with `prefix`, the last written to first."""
        ...

    def turns(self, scope: Scope, session: str) -> list[Turn]:
        """The session's turns, in the order they were opened."""
        ...

    def postings(self, scopes: Sequence[Scope], terms: Sequence[str]) -> dict[str, list[Posting]]:
        """Where each term occurs; one that does not has no key.

        Each list is in order of place. Superseded, retracted and removed
        entries are not in it; expired ones may be.
        """
        ...

    def stats(self, scopes: Sequence[Scope]) -> Stats:
        """The sums over `scopes`; zeros where nothing was written."""
        ...

    def vocabulary(
        self, scopes: Sequence[Scope], part: str, *, prefix: bool, limit: int
    ) -> list[str]:
        """Terms that begin with `part`, or without `prefix` contain it; in order, each once."""
        ...

    def history(self, scope: Scope, id: str) -> list[Version]:
        """Every version of an item, oldest first, the current one last; [] if absent."""
        ...

    def changes(self, scopes: Sequence[Scope], since: int, *, limit: int) -> list[Changed]:
        """What stands or went with `rev` > `since`, by rev; of one entry only the latest.

        A retracted item counts as gone. `limit` is a bound that the last rev
        may exceed: a rev is never cut in two.
        """
        ...

    def jobs(self, scope: Scope, ids: Sequence[str] | None = None) -> list[Job]:
        """Jobs with these ids, or all, oldest first."""
        ...

    def imports(self, scope: Scope) -> list[ImportInfo]:
        """The scope's imports, the last begun first."""
        ...

    def forgotten(self, scope: Scope, ids: Sequence[str]) -> set[str]:
        """Those of these ids that were forgotten and may not return."""
        ...

    def ids(self, scope: Scope, prefix: str, *, limit: int) -> list[str]:
        """Ids of items, hidden ones too, and of messages that begin with `prefix`.

        In order of code points, each once; at most `limit`, 0 or less gives none.
        """
        ...

    def keyed(self, scope: Scope, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The id of the item that has each (kind, key), hidden ones too.

        A key that no item has is not in the answer.
        """
        ...

    def tally(self, scopes: Sequence[Scope]) -> list[Tally]:
        """Current entries by kind and day of `created_at`, in order of kind, then day.

        The sums over `scopes`; kind "message" is the messages. Cost: reads
        every entry of the scopes once.
        """
        ...

    def scopes(self) -> list[Scope]:
        """Every scope in which something was ever written, in the order of its first write."""
        ...

    def info(self) -> Info:
        """What it is and what it promises."""
        ...

    def backup(self, path: str) -> Info:
        """Copy everything to a new file, verify the copy, and tell what it holds.

        Raises:
            Unsupported: without the capability `backup`.
            InvalidInput: something stands at `path`.
            StoreCorrupt: the copy does not verify; it is removed.
        """
        ...

    def restore_from(self, path: str) -> Info:
        """Replace everything with what the backup at `path` holds, and tell what that is.

        One write: other users of the store see all of the old or all of the
        new. `rev` goes on above both; `changes` does not tell of it.

        Raises:
            Unsupported: without the capability `backup`.
            NotFound: nothing is at `path`.
            InvalidInput: `path` is this store, or cannot be laid over it.
            NotAStore, SchemaTooNew: it is no backup that this release knows.
            StoreCorrupt: the backup does not verify; nothing was changed.
        """
        ...

    def reindex(self, terms: TermsOf, *, analysis: int) -> int:
        """Make the whole index again from the rows; gives the number of entries.

        One write, which takes a rev: readers see the old index until it is
        done. An error of `terms` leaves the old one.

        Args:
            terms: called once for each current entry, in order of handle within a scope.
            analysis: the number of the rules that `terms` follows, to be recorded.
        """
        ...

    def close(self) -> None:
        """Let go of everything; again is no error.

        A call that runs meanwhile finishes, or raises `StoreClosed`.
        """
        ...
