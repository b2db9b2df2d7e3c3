"""What a worker writes, step after step, and what must stand after any number of steps.

A step is one batch of several changes and depends on nothing but the worker
and the step's number. Workers share a scope and one session, but no id. So
what one of them wrote can be compared with the same steps done alone, in RAM.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from amberfile.changes import (
    Append,
    Batch,
    Change,
    Claim,
    CloseTurn,
    Enqueue,
    Forget,
    OpenTurn,
    Put,
    Retract,
)
from amberfile.recall.shape import item_terms, message_terms
from amberfile.stores.base import Store
from amberfile.stores.ram import RamStore
from amberfile.types import Item, Job, Message, Scope, Turn

SCOPE = Scope(user="torture")
SHARED = "shared"
"""The session that all workers speak in, and that nothing is forgotten from."""

CYCLE = 6
"""Steps of a cycle: remember, talk, rewrite, summarise, retract, forget."""

_START = datetime(2026, 1, 2, tzinfo=timezone.utc)
_HOUR = timedelta(hours=1)
_WORDS = [
    f"{start}{end}" for start in "ba de ki lo mu na po".split() for end in "ra se ti vo".split()
]


def step(worker: int, number: int) -> Batch:
    """The batch of one step; its op_id makes it safe to repeat."""
    cycle, turn = divmod(number, CYCLE)
    changes = _CHANGES[turn](worker, cycle)
    op_id = f"{worker}.{number}"
    at = _START + timedelta(seconds=number)
    return Batch(SCOPE, tuple(changes), at, op_id, op_id.encode())


def said(worker: int, id: str, session: str) -> Message:
    return Message(id, SCOPE, session, "user", _text(id), _START + timedelta(seconds=worker))


def append(*messages: Message, turn: str | None = None) -> Append:
    return Append(messages[0].session, messages, tuple(map(message_terms, messages)), turn)


def _remember(worker: int, cycle: int) -> Iterator[Change]:
    yield from (_put(id, "first") for id in _notes(worker, cycle))
    yield append(said(worker, f"{worker}.{cycle} noted", SHARED))
    yield Enqueue(Job(f"{worker}.{cycle} job", f"work {worker}", {"cycle": cycle}, _START))


def _talk(worker: int, cycle: int) -> Iterator[Change]:
    session, turn = _own_session(worker), f"turn {cycle}"
    yield OpenTurn(session, turn, _START + _HOUR)
    yield append(*(said(worker, id, session) for id in _talked(worker, cycle)), turn=turn)
    yield CloseTurn(session, turn)


def _rewrite(worker: int, cycle: int) -> Iterator[Change]:
    return (_put(id, "second") for id in _notes(worker, cycle))


def _summarise(worker: int, cycle: int) -> Iterator[Change]:
    notes = tuple(_notes(worker, cycle))
    yield _put(f"{worker} summary", str(cycle), kind="summary", derived_from=notes)
    yield append(said(worker, f"{worker}.{cycle} summed up", SHARED))
    yield Claim((f"work {worker}",), _START + 100 * _HOUR)


def _retract(worker: int, cycle: int) -> Iterator[Change]:
    return (Retract(id, "wrong") for id in _notes(worker, cycle)[1:])


def _forget(worker: int, cycle: int) -> Iterator[Change]:
    """Rarely, because it empties the log: between two of them the log grows and is copied back."""
    if cycle % 4 == 0:
        yield Forget((_notes(worker, cycle)[0], _talked(worker, cycle)[0]))
    yield from (_put(id, "third") for id in _notes(worker, cycle)[1:])


_CHANGES = (_remember, _talk, _rewrite, _summarise, _retract, _forget)


def _put(id: str, version: str, *, kind: str = "note", derived_from: Sequence[str] = ()) -> Put:
    text = f"{version} {_text(id + version)}"
    item = Item(id, SCOPE, kind, text, _START, _START, key=id, derived_from=tuple(derived_from))
    return Put(item, item_terms(item))


def _text(about: str) -> str:
    return " ".join([about, *random.Random(about).choices(_WORDS, k=20)])


def _notes(worker: int, cycle: int) -> list[str]:
    return [f"{worker}.{cycle} note {n}" for n in range(2 + (worker + cycle) % 3)]


def _talked(worker: int, cycle: int) -> list[str]:
    return [f"{worker}.{cycle} question", f"{worker}.{cycle} answer"]


def _own_session(worker: int) -> str:
    return f"of {worker}"


@dataclass(frozen=True)
class Owned:
    """Everything that one worker's steps left. In the shared session any seq is right."""

    items: list[Item]
    messages: list[Message]
    turns: list[tuple[str, str]]
    jobs: list[Job]
    versions: list[int]


def owned(store: Store, worker: int, steps: int) -> Owned:
    """What stands of a worker's first `steps` steps, and of the two after them."""
    cycles = range((steps + 2) // CYCLE + 1)
    notes = [id for cycle in cycles for id in _notes(worker, cycle)] + [f"{worker} summary"]
    spoken = [
        id
        for cycle in cycles
        for id in (
            *_talked(worker, cycle),
            f"{worker}.{cycle} noted",
            f"{worker}.{cycle} summed up",
        )
    ]
    return Owned(
        [replace(item, rev=0) for item in store.get(SCOPE, notes)],
        [_comparable(message) for message in store.known_messages(SCOPE, spoken)],
        [_state(turn) for turn in store.turns(SCOPE, _own_session(worker))],
        store.jobs(SCOPE, [f"{worker}.{cycle} job" for cycle in cycles]),
        [len(store.history(SCOPE, id)) for id in notes],
    )


def _comparable(message: Message) -> Message:
    return replace(message, rev=0, seq=0 if message.session == SHARED else message.seq)


def _state(turn: Turn) -> tuple[str, str]:
    return turn.id, turn.state


class Alone:
    """One worker's steps without any other worker and without a disk: what is right."""

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self._store = RamStore()
        self._done = 0
        self._after: dict[int, Owned] = {}

    def after(self, steps: int) -> Owned:
        """What must stand after `steps` steps. Ask for growing numbers, or again."""
        if steps not in self._after:
            assert steps >= self._done
            for number in range(self._done, steps):
                self._store.write(step(self.worker, number))
            self._done = steps
            self._after[steps] = owned(self._store, self.worker, steps)
        return self._after[steps]

    def steps_in(self, store: Store, allowed: Iterable[int]) -> int:
        """How many steps `store` holds; an AssertionError if it is none of `allowed`."""
        found = None
        for steps in allowed:
            found = owned(store, self.worker, steps)
            if found == self.after(steps):
                return steps
        raise AssertionError(f"worker {self.worker}: {found} is half of a step, or lost one")


def steps_stored(
    store: Store, alone: Mapping[int, Alone], acknowledged: Mapping[int, int]
) -> dict[int, int]:
    """How many steps of each worker are there: those acknowledged, and perhaps the next."""
    return {
        worker: alone[worker].steps_in(store, (steps, steps + 1))
        for worker, steps in acknowledged.items()
    }


def check_order(store: Store) -> None:
    """The shared session counts without a gap."""
    seqs = [message.seq for message in store.messages(SCOPE, SHARED)]
    assert seqs == list(range(1, len(seqs) + 1))
