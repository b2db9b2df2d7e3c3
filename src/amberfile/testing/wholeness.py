"""A batch happens whole, once, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from amberfile.changes import (
    NO_TERMS,
    Batch,
    Change,
    CloseTurn,
    Finish,
    Forget,
    RenameSession,
    Restore,
)
from amberfile.errors import AmberfileError, Conflict, NotFound, OpIdReused
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    EVERY_CHANGE,
    FURNITURE,
    NOW,
    SECOND,
    batch,
    found,
    ids,
    open_turn,
    put,
    say,
    view,
)
from amberfile.types import Scope

SCOPES = [ADA, BOB]
DAY = timedelta(hours=24)

FAILURES: dict[str, tuple[Change, type[AmberfileError]]] = {
    "a stale version": (put("kept", if_version=1), Conflict),
    "a new item that exists": (put("kept", if_version=0), Conflict),
    "a key of another": (put("hidden", key="k", kind="fact"), Conflict),
    "a forgotten item": (put("gone"), Conflict),
    "a forgotten message": (say("fine", "away"), Conflict),
    "a message that exists": (say("fine", "hello"), Conflict),
    "a message said twice": (say("twice", "fine", "twice"), Conflict),
    "a message in no turn": (say("fine", turn="nobody"), Conflict),
    "a second open turn": (open_turn("u"), Conflict),
    "an end of no turn": (CloseTurn("s", "nobody"), Conflict),
    "a stale restore": (Restore("hidden", NO_TERMS, 1), Conflict),
    "a stale finish": (Finish("claimed", 2), Conflict),
    "a title of no session": (RenameSession("nobody", "title"), NotFound),
}
"""What each change raises over FURNITURE."""

LONG = [
    EVERY_CHANGE[name]
    for name in (
        "put", "put again", "restore", "forget a message", "append in a turn",
        "append to a new session", "open a turn", "close a turn", "clear a session",
        "rename a session", "enqueue", "finish", "claim", "retract", "forget by key",
    )
]  # fmt: skip
"""Changes over FURNITURE that succeed one after another."""


class WholenessContract(StoreHooks):
    @pytest.mark.parametrize("name", FAILURES)
    def test_a_failure_is_told_by_its_type_and_leaves_nothing(
        self, store: Store, name: str
    ) -> None:
        change, error = FAILURES[name]
        _furnish(store)
        _fails(store, batch(change), error)
        _fails(store, batch(put("new"), change, put("newer")), error)

    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_a_change_before_a_failure_leaves_nothing(self, store: Store, name: str) -> None:
        _furnish(store)
        change = EVERY_CHANGE[name]
        _fails(store, batch(change, put("other", if_version=7)), Conflict)
        store.write(batch(change))

    @pytest.mark.parametrize("position", range(len(LONG) + 1))
    def test_a_failure_at_any_position_leaves_nothing(self, store: Store, position: int) -> None:
        _furnish(store)
        changes = [*LONG[:position], put("other", if_version=7), *LONG[position:]]
        _fails(store, batch(*changes), Conflict)
        store.write(batch(*LONG))

    def test_a_failure_takes_no_rev_and_no_seq(self, store: Store) -> None:
        rev = store.write(batch(say("one"))).rev
        _fails(store, batch(say("two"), put("a", if_version=7)), Conflict)
        written = store.write(batch(say("three")))
        assert (written.rev, written.results[0].number) == (rev + 1, 2)

    def test_a_failure_leaves_no_scope(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.write(batch(put("a"), put("a", if_version=7), scope=Scope("new")))
        assert store.scopes() == []

    def test_a_failure_leaves_the_order_as_it_was(self, store: Store) -> None:
        store.write(batch(*(put(id, id) for id in "abc"), say("one", "two")))
        failing = batch(Forget(("a", "one")), put("b", "b"), put("other", if_version=7))
        _fails(store, failing, Conflict)
        assert ids(found(store)) == ["two", "one", "c", "b", "a"]


class RetryContract(StoreHooks):
    def test_the_same_call_again_gets_the_first_answer(self, store: Store) -> None:
        first = store.write(batch(put("a", "one"), say("hello"), op_id="op", digest=b"1"))
        before = view(store, SCOPES)
        later = NOW + SECOND
        again = store.write(batch(put("b", "new id"), op_id="op", digest=b"1", at=later))
        assert (first.replayed, again.replayed) == (False, True)
        assert again == first._replace(replayed=True)
        assert view(store, SCOPES) == before

    def test_the_first_answer_outlives_what_happened_since(self, store: Store) -> None:
        call = batch(put("a", if_version=0), op_id="op", digest=b"1")
        first = store.write(call)
        store.write(batch(Forget(("a",))))
        assert store.write(call) == first._replace(replayed=True)
        assert store.get(ADA, ["a"]) == []

    def test_another_call_under_the_same_op_id_is_refused(self, store: Store) -> None:
        store.write(batch(put("a"), op_id="op", digest=b"1"))
        _fails(store, batch(put("a"), op_id="op", digest=b"2"), OpIdReused)
        _fails(store, batch(put("a"), op_id="op", digest=b""), OpIdReused)

    def test_op_ids_are_compared_exactly(self, store: Store) -> None:
        for op_id in ("op", "OP", "op ", "o%", "é", "e\u0301"):
            written = store.write(batch(put(f"by {op_id}"), op_id=op_id, digest=op_id.encode()))
            assert not written.replayed

    def test_an_op_id_belongs_to_its_scope(self, store: Store) -> None:
        for scope, digest in ((ADA, b"1"), (BOB, b"2")):
            assert not store.write(batch(put("a"), scope=scope, op_id="op", digest=digest)).replayed
        assert store.write(batch(put("a"), scope=BOB, op_id="op", digest=b"2")).replayed

    def test_a_call_that_failed_may_be_tried_again(self, store: Store) -> None:
        call = batch(put("a", if_version=1), op_id="op", digest=b"1")
        _fails(store, call, Conflict)
        store.write(batch(put("a")))
        written = store.write(call)
        assert (written.replayed, written.results[0].number) == (False, 2)

    def test_an_op_id_is_kept_for_24_hours(self, store: Store) -> None:
        call = batch(put("a"), op_id="op", digest=b"1")
        store.write(call)
        at_its_end = batch(put("a"), op_id="op", digest=b"1", at=NOW + DAY)
        assert store.write(at_its_end).replayed
        too_late = NOW + DAY + SECOND
        written = store.write(batch(put("a"), op_id="op", digest=b"2", at=too_late))
        assert (written.replayed, written.results[0].number) == (False, 2)

    def test_an_op_id_after_its_time_counts_from_the_new_call(self, store: Store) -> None:
        later = NOW + 2 * DAY
        for at in (NOW, later):
            assert not store.write(batch(put("a"), op_id="op", digest=b"1", at=at)).replayed
        assert store.write(batch(put("a"), op_id="op", digest=b"1", at=later + DAY)).replayed

    def test_without_an_op_id_every_call_happens(self, store: Store) -> None:
        numbers = [store.write(batch(put("a"))).results[0].number for _ in range(3)]
        assert numbers == [1, 2, 3]


def _furnish(store: Store) -> None:
    for scope in SCOPES:
        store.write(batch(*FURNITURE, scope=scope))


def _fails(store: Store, batch: Batch, error: type[AmberfileError]) -> None:
    """The write raises exactly this error, and everything reads as before."""
    before = view(store, SCOPES)
    with pytest.raises(error) as raised:
        store.write(batch)
    assert type(raised.value) is error
    assert view(store, SCOPES) == before
