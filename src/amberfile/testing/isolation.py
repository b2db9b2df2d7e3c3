"""Nothing crosses a scope: no read, no change, no name that looks alike."""

from __future__ import annotations

import pytest

from amberfile.changes import Result
from amberfile.errors import Conflict, NotFound
from amberfile.stores.base import Stats, Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    EVERY_CHANGE,
    FURNITURE,
    MANY,
    batch,
    exact,
    found,
    ids,
    places,
    put,
    say,
    view_of,
)
from amberfile.types import ALL, Scope

ALIKE = [
    "a", "A", "a ", " a", "a/", "/a", "a.b", "a:b", "a\0", "a\0b", "a*", "a%", "%", "_", "*", "?",
    "[a]", "", "default", "\u00e9", "e\u0301", "é ", "\ud83d\ude00", "\U0001f600",
]  # fmt: skip
"""Names that a pattern, a join, a trim or a normal form would take for one another."""

SPLIT_ELSEWHERE = [
    Scope("a/b", "c", "d"), Scope("a", "b/c", "d"), Scope("a", "b", "c/d"),
    Scope("a:b", "c", "d"), Scope("a", "b:c", "d"), Scope("a", "b", "c:d"),
    Scope("a\0b", "c", "d"), Scope("a", "b\0c", "d"), Scope("a", "b", "c\0d"),
    Scope("x", "", ""), Scope("", "x", ""), Scope("", "", "x"), Scope("", "", ""),
]  # fmt: skip
"""Scopes whose three names give the same text where a store joins them."""


class IsolationContract(StoreHooks):
    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_a_change_leaves_a_scope_of_the_same_names_as_it_was(
        self, store: Store, name: str
    ) -> None:
        for scope in (ADA, BOB):
            store.write(batch(*FURNITURE, scope=scope))
        ada, bob = view_of(store, ADA), view_of(store, BOB)
        store.write(batch(EVERY_CHANGE[name], scope=BOB))
        assert view_of(store, ADA) == ada
        assert view_of(store, BOB) != bob

    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_a_change_from_an_empty_scope_reaches_nothing(self, store: Store, name: str) -> None:
        store.write(batch(*FURNITURE))
        before = view_of(store, ADA)
        try:
            store.write(batch(EVERY_CHANGE[name], scope=BOB))
        except (Conflict, NotFound):
            assert view_of(store, BOB)["changes"] == []
        assert view_of(store, ADA) == before

    def test_an_empty_scope_shows_nothing_of_another(self, store: Store) -> None:
        empty = view_of(store, BOB)
        store.write(batch(*FURNITURE))
        assert view_of(store, BOB) == empty
        assert store.stats([BOB]) == Stats(0, 0, 0)

    def test_names_of_another_scope_answer_nothing(self, store: Store) -> None:
        store.write(batch(*FURNITURE))
        names = [change.id for change in store.changes([ADA], 0, limit=MANY)]
        assert store.get(BOB, names) == []
        assert store.known_messages(BOB, names) == []
        assert [store.history(BOB, name) for name in names] == [[]] * len(names)
        assert store.messages(BOB, "s") == []
        assert store.turns(BOB, "s") == []
        assert store.jobs(BOB, ["claimed", "queued"]) == []
        assert store.postings([BOB], ["red", "hello"]) == {}
        assert store.forgotten(BOB, names) == set()
        assert store.keyed(BOB, [("fact", "k"), ("note", "h")]) == {}

    def test_handles_of_another_scope_answer_nothing(self, store: Store) -> None:
        store.write(batch(*FURNITURE))
        handles = [one.handle for one in found(store)]
        assert store.entries([BOB], handles) == []
        assert store.near([BOB], handles, before=2, after=2) == {}
        assert [one.handle for one in store.entries([BOB, ADA], handles)] == handles

    def test_a_forgotten_id_is_free_in_another_scope(self, store: Store) -> None:
        store.write(batch(*FURNITURE))
        store.write(batch(put("gone"), say("away"), scope=BOB))
        assert ids(found(store, BOB)) == ["away", "gone"]

    def test_the_same_names_stand_in_both_scopes(self, store: Store) -> None:
        answers = [store.write(batch(*FURNITURE, scope=scope)).results for scope in (ADA, BOB)]
        assert answers[0] == answers[1]
        shown = [view_of(store, scope) for scope in (ADA, BOB)]
        assert shown[0]["jobs"] == shown[1]["jobs"]
        assert shown[0]["turns"] == shown[1]["turns"]
        assert shown[0]["neighbours"] == shown[1]["neighbours"]
        assert ids(store.find([ADA, BOB], ALL, limit=MANY)) == ["kept", "kept"]

    @pytest.mark.parametrize("part", ["space", "user", "agent"])
    def test_scopes_are_compared_exactly(self, store: Store, part: str) -> None:
        _stand_apart(store, [Scope(**{part: name}) for name in ALIKE])

    def test_scopes_are_not_compared_as_joined_text(self, store: Store) -> None:
        _stand_apart(store, SPLIT_ELSEWHERE)

    def test_scopes_are_told_in_the_order_of_their_first_write(self, store: Store) -> None:
        assert store.scopes() == []
        for scope in (BOB, ADA, BOB):
            store.write(batch(put("a"), scope=scope))
        assert store.scopes() == [BOB, ADA]


def _stand_apart(store: Store, scopes: list[Scope]) -> None:
    """Write the same ids everywhere, and see in each scope what was written there."""
    for number, scope in enumerate(scopes):
        results = store.write(
            batch(put("a", f"word{number}", key="k"), say(f"hello{number}"), scope=scope)
        ).results
        assert results == (Result(("a",), 1), Result((f"hello{number}",), 1))
    assert store.scopes() == scopes
    for number, scope in enumerate(scopes):
        assert exact([one.entry.scope for one in found(store, scope)]) == [exact(scope)] * 2
        assert [one.text for one in store.get(scope, ["a"])] == [f"word{number}"]
        assert ids(store.messages(scope, "s")) == [f"hello{number}"]
        assert [id for id, _, _ in places(store, f"word{number}", scope)] == ["a"]
        assert store.stats([scope]).entries == 2
