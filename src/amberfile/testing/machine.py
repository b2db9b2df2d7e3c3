"""Random sequences against `RamStore`: what nobody thought of.

Each rule does the same to the store under test and to the model, and both
must give the same answer or the same type of error. After each step both
must show the same to every read. The clock is a number that a rule moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from amberfile.changes import Batch, Change, Claim, Enqueue, Finish, OpenTurn, Restore
from amberfile.errors import AmberfileError
from amberfile.stores.base import Found, Store
from amberfile.stores.ram import RamStore
from amberfile.testing import strategies as some
from amberfile.testing.samples import FURNITURE, MANY, NOW, batch, by_rev, exact, terms_of, view
from amberfile.types import ALL, Filter, Scope


class StoreMachine(RuleBasedStateMachine):
    """Subclass it, override `make`, and give its `TestCase` to pytest."""

    def make(self) -> Store:
        """A new, empty store; it is closed at the end of each sequence."""
        raise NotImplementedError("override make()")

    def reopen(self, store: Store) -> Store:
        """Called where the store is durable: close it and open it again, if you can."""
        return store

    def __init__(self) -> None:
        super().__init__()
        self.store, self.model, self.now = self.make(), RamStore(), NOW

    def teardown(self) -> None:
        self.store.close()

    @initialize(furnished=st.booleans())
    def move_in(self, furnished: bool) -> None:
        if furnished:
            for scope in some.SCOPES:
                self._write(scope, FURNITURE)

    @invariant()
    def both_show_the_same(self) -> None:
        assert view(self.store, some.SCOPES) == view(self.model, some.SCOPES)

    @rule(scope=some.SCOPE, change=some.PUTS)
    def put(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.RETRACTS)
    def retract(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.RESTORES)
    def restore(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.FORGETS)
    def forget(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.APPENDS)
    def append(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.OPENINGS | some.CLOSINGS)
    def turn(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.CLEARINGS | some.TITLES)
    def session(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, change=some.ENQUEUES | some.CLAIMS | some.FINISHES)
    def job(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, entry=some.PUTS | some.APPENDS, mark=some.MARKS)
    def take_in(self, scope: Scope, entry: Change, mark: Change) -> None:
        self._write(scope, [entry, mark])

    @rule(scope=some.SCOPE, change=some.DROPS)
    def drop_a_record(self, scope: Scope, change: Change) -> None:
        self._write(scope, [change])

    @rule(scope=some.SCOPE, changes=st.lists(some.CHANGES, max_size=3))
    def several(self, scope: Scope, changes: list[Change]) -> None:
        self._write(scope, changes)

    @rule(
        scope=some.SCOPE,
        changes=st.lists(some.CHANGES, min_size=1, max_size=2),
        op_id=st.sampled_from(["op", "Op"]),
        digest=st.sampled_from([b"", b"1"]),
    )
    def with_an_op_id(self, scope: Scope, changes: list[Change], op_id: str, digest: bytes) -> None:
        self._write(scope, changes, op_id=op_id, digest=digest)

    @rule(shift=some.CLOCK)
    def move_the_clock(self, shift: timedelta) -> None:
        self.now += shift

    @precondition(lambda self: self.store.capabilities.durable)
    @rule()
    def restart(self) -> None:
        self.store = self.reopen(self.store)

    @rule(scopes=some.READ, filter=some.FILTERS, skipped=st.none() | st.integers(0, 5))
    def find(self, scopes: list[Scope], filter: Filter, skipped: int | None) -> None:
        def ask(store: Store) -> object:
            find = partial(store.find, scopes, filter, before=_handle_after(store, skipped))
            found = [find(limit=limit, messages=False) for limit in (0, 1, 2, MANY)]
            found += [find(limit=limit, messages=True) for limit in (0, 1, 2, MANY)]
            return [[one.entry for one in each] for each in found]

        self._agree(ask)

    @rule(scopes=some.READ, before=st.integers(0, 3), after=st.integers(0, 3))
    def read_by_handle(self, scopes: list[Scope], before: int, after: int) -> None:
        def ask(store: Store) -> object:
            name = {one.handle: str(one.entry) for one in _everything(store)}
            near = store.near(scopes, [*name], before=before, after=after)
            neighbours = {
                name[handle]: sorted((one.offset, name[one.handle]) for one in beside)
                for handle, beside in near.items()
            }
            return neighbours, [one.entry for one in store.entries(scopes, [*name])]

        self._agree(ask)

    @rule(
        scope=some.SCOPE,
        ids=st.lists(some.IDS | some.JOBS, max_size=3, unique=True),
        session=some.SESSIONS,
        limit=st.none() | some.LIMITS,
        after=st.integers(0, 3),
    )
    def read_by_name(
        self, scope: Scope, ids: list[str], session: str, limit: int | None, after: int
    ) -> None:
        self._agree(lambda store: [store.get(scope, ids), store.known_messages(scope, ids)])
        self._agree(lambda store: [store.history(scope, id) for id in ids])
        self._agree(lambda store: store.jobs(scope, ids))
        self._agree(lambda store: sorted(store.forgotten(scope, ids)))
        self._agree(lambda store: store.sessions(scope, session[:1]))
        self._agree(lambda store: store.messages(scope, session, limit=limit, after=after))

    @rule(
        scopes=some.READ,
        part=some.WORDS,
        prefix=st.booleans(),
        limit=some.LIMITS,
        since=st.integers(0, 20),
    )
    def read_by_term_and_rev(
        self, scopes: list[Scope], part: str, prefix: bool, limit: int, since: int
    ) -> None:
        self._agree(lambda store: store.vocabulary(scopes, part, prefix=prefix, limit=limit))
        self._agree(lambda store: [*store.postings(scopes, [part])])
        self._agree(lambda store: store.stats(scopes))
        self._agree(lambda store: [*map(tuple, store.tally(scopes))])
        self._agree(lambda store: [store.ids(scope, part[:1], limit=limit) for scope in scopes])
        self._agree(lambda store: by_rev(store.changes(scopes, since, limit=limit)))

    def _write(self, scope: Scope, changes: Sequence[Change], **call: Any) -> None:
        real = [self._real(change, scope) for change in changes]
        written = batch(*real, scope=scope, at=self.now, **call)
        self._agree(lambda store: _written(store, written))

    def _real(self, change: Change, scope: Scope) -> Change:
        """The change on this clock and over what stands; see `strategies.py`."""
        passed = self.now - NOW
        match change:
            case OpenTurn() | Claim():
                return replace(change, lease_until=change.lease_until + passed)
            case Enqueue(job):
                return Enqueue(replace(job, not_before=job.not_before + passed))
            case Finish():
                attempt = sum(job.attempt for job in self.model.jobs(scope, [change.id]))
                again = change.not_before and change.not_before + passed
                return replace(change, attempt=attempt - change.attempt, not_before=again)
            case Restore():
                for hidden in self.model.get(scope, [change.id]):
                    return Restore(hidden.id, terms_of(hidden), hidden.version - change.if_version)
        return change

    def _agree(self, ask: Callable[[Store], object]) -> None:
        assert _answer(ask, self.store) == _answer(ask, self.model)


def _answer(ask: Callable[[Store], object], store: Store) -> Any:
    """What the store answers, or the type of its error."""
    try:
        return exact(ask(store))
    except AmberfileError as error:
        return type(error).__name__


def _written(store: Store, written: Batch) -> object:
    """The answer to a write; ids in order, because those of `Forget` have none."""
    answer = store.write(written)
    return answer.rev, answer.replayed, [(sorted(one.ids), one.number) for one in answer.results]


def _everything(store: Store) -> list[Found]:
    return store.find(some.SCOPES, ALL, limit=MANY, messages=True)


def _handle_after(store: Store, skipped: int | None) -> int | None:
    """The handle that follows the newest so many; None where nothing does."""
    rest = [] if skipped is None else _everything(store)[skipped:]
    return rest[0].handle if rest else None
