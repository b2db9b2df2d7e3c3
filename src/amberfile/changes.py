"""What can be written: a `Batch` of change values, and what a write answers.

`Store.write` is the one door for changes. A batch has one scope and commits
whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from amberfile.types import Item, Job, Message, Scope

HANDLE_BITS = 16
PART_MASK = (1 << HANDLE_BITS) - 1
_FREQUENCY_SHIFT = 16
_LENGTH_MASK = (1 << _FREQUENCY_SHIFT) - 1


def pack_weight(frequency: int, length: int) -> int:
    """A term's frequency in a part and that part's length, in one small integer."""
    return min(frequency - 1, 0x7FFF) << _FREQUENCY_SHIFT | min(length, _LENGTH_MASK)


def unpack_weight(weight: int) -> tuple[int, int]:
    """(frequency, length) of `pack_weight`."""
    return (weight >> _FREQUENCY_SHIFT) + 1, weight & _LENGTH_MASK


class Terms(NamedTuple):
    """What one entry adds to the index, as `recall.shape` made it.

    Args:
        postings: (term, part, weight), at most one of a term and part. Part 0
            is the head, parts 1, 2, … are the passages of the text.
        head: terms in the head, counted with repeats.
        passages: how many passages there are.
        words: terms in all passages together.
    """

    postings: Sequence[tuple[str, int, int]]
    head: int
    passages: int
    words: int


NO_TERMS = Terms((), 0, 0, 0)


@dataclass(frozen=True)
class Put:
    """Write an item: a new one, or the next version of the one that it names.

    A key that stands in the scope and kind names its item, whatever `item.id`
    says; else `item.id` does. `created_at` of a later version stays the first's.

    Args:
        item: as it shall stand; its `version`, `rev` and `state` are not read.
        terms: of exactly this item.
        if_version: write only over this version; 0: only if there is none.

    Raises:
        Conflict: the version differs; the key belongs to another existing id;
            or the id was forgotten.

    Result: ids=(the item's id,), number=its new version.
    """

    item: Item
    terms: Terms
    if_version: int | None = None


@dataclass(frozen=True)
class Retract:
    """Hide an item: no longer found, history kept. Absent or hidden already: number 0."""

    id: str
    reason: str = ""


@dataclass(frozen=True)
class Restore:
    """Bring a retracted item back as it was.

    Args:
        terms: of the item as it stands hidden.
        if_version: the version that `terms` were made from; another: `Conflict`.

    Result: number 1, or 0 if it is absent or not hidden.
    """

    id: str
    terms: Terms
    if_version: int


@dataclass(frozen=True)
class Forget:
    """Remove items and messages for good: rows, versions, postings, unused terms.

    Args:
        ids: items and messages with these ids.
        key: items of any kind with this key.
        may_return: the ids may be written again. Else they never return.
        written_by: an import's id: leaves everything that a batch of it did
            not write last.

    A tombstone without text stays for each.
    Result: ids=those removed, in no order; number=how many.
    """

    ids: tuple[str, ...] = ()
    key: str | None = None
    may_return: bool = False
    written_by: str | None = None


@dataclass(frozen=True)
class Append:
    """Add messages to the end of a session, which begins with its first.

    Args:
        messages: in order; `seq`, `rev`, `session`, `scope` and `turn` are not read.
        terms: one a message.
        turn: an open turn of this session; None: each is a turn of its own, done.

    Raises:
        Conflict: a message's id exists or was forgotten, or the turn is not open.

    Result: ids=the messages', number=the first `seq`, the rest follow on.
    """

    session: str
    messages: tuple[Message, ...]
    terms: tuple[Terms, ...]
    turn: str | None = None


@dataclass(frozen=True)
class OpenTurn:
    """Begin a turn. Another open turn of the session whose lease has run out fails.

    Raises:
        Conflict: one is open and its lease runs, or the id was used.
    """

    session: str
    turn: str
    lease_until: datetime


@dataclass(frozen=True)
class CloseTurn:
    """End an open turn. Raises `Conflict` if it is not open."""

    session: str
    turn: str
    state: Literal["done", "failed"] = "done"


@dataclass(frozen=True)
class ClearSession:
    """Remove a session's messages and turns; `seq` goes on. Their ids may be written again.

    Args:
        drop: the session itself goes too; its next message begins a new one at 1.
        if_empty: only if it holds no message and no turn.

    Result: ids=(the session's,) if it was cleared; number=messages removed.
    """

    session: str
    drop: bool = False
    if_empty: bool = False


@dataclass(frozen=True)
class RenameSession:
    """Give a session a title. Raises `NotFound` if it has not begun."""

    session: str
    title: str


@dataclass(frozen=True)
class Enqueue:
    """Queue a job; one whose id stands already changes nothing."""

    job: Job


@dataclass(frozen=True)
class Claim:
    """Take the oldest job that is due, or whose claim ran out, until `lease_until`.

    Result: ids=(its id,), number=its attempt; ids=() when there is none.
    """

    kinds: tuple[str, ...]
    lease_until: datetime


@dataclass(frozen=True)
class Finish:
    """Answer for a claimed job: done (it goes), to be retried, or failed for good.

    Raises:
        Conflict: `attempt` is not the job's latest claim.
    """

    id: str
    attempt: int
    outcome: Literal["done", "retry", "failed"] = "done"
    not_before: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class MarkImport:
    """Count this batch to an import, which begins with its first one.

    Args:
        id: the import's, unique in its scope.
        source, format: what is imported, as it was named; those of the first batch stand.
        entries: that this batch writes for it.

    Result: number=the import's entries so far.
    """

    id: str
    source: str
    format: str
    entries: int


@dataclass(frozen=True)
class DropImport:
    """Remove the record of an import, not what it wrote. Result: number 1, or 0 if absent."""

    id: str


Change: TypeAlias = (
    Put
    | Retract
    | Restore
    | Forget
    | Append
    | OpenTurn
    | CloseTurn
    | ClearSession
    | RenameSession
    | Enqueue
    | Claim
    | Finish
    | MarkImport
    | DropImport
)


@dataclass(frozen=True)
class Batch:
    """Changes that commit together, in one scope.

    Args:
        at: the caller's clock. Stores read none of their own.
        op_id: makes a retry safe: for 24 hours the same call gets the first
            answer again. 1 to 200 characters.
        digest: of what the caller gave, to tell the same call from another;
            generated ids, times and vectors are not in it. Needed with `op_id`.
    """

    scope: Scope
    changes: tuple[Change, ...]
    at: datetime
    op_id: str | None = None
    digest: bytes = b""


class Result(NamedTuple):
    """One change's answer; what the fields mean stands at the change."""

    ids: tuple[str, ...] = ()
    number: int = 0


class Written(NamedTuple):
    """What `Store.write` answers.

    Args:
        rev: the batch's number in the store; later batches have larger ones.
        results: one a change, in order.
        replayed: the answer is that of an earlier call with the same op_id.
    """

    rev: int
    results: tuple[Result, ...]
    replayed: bool = False
