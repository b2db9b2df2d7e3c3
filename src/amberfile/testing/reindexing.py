"""The contract of `reindex`: the index again, from the rows and from nothing else."""

from __future__ import annotations

import pytest

from amberfile.changes import Forget, Terms, pack_weight
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    EVERY_CHANGE,
    FURNITURE,
    batch,
    found,
    places,
    put,
    say,
    terms,
    terms_of,
    view,
)
from amberfile.types import Entry

SCOPES = [ADA, BOB]


class ReindexContract(StoreHooks):
    def test_a_new_index_is_the_old_one(self, store: Store) -> None:
        for scope in SCOPES:
            store.write(batch(*FURNITURE, scope=scope))
        before = view(store, SCOPES)
        assert store.reindex(terms_of, analysis=1) == len(found(store)) + len(found(store, BOB))
        assert view(store, SCOPES) | {"rev": 0} == before | {"rev": 0}

    def test_to_reindex_takes_a_rev(self, store: Store) -> None:
        before = store.write(batch(put("a"))).rev
        store.reindex(terms_of, analysis=1)
        between = store.info().rev
        assert before < between < store.write(batch(put("b"))).rev

    def test_what_the_caller_says_now_is_indexed(self, store: Store) -> None:
        store.write(batch(put("a", "old words"), say("hello")))

        def other(entry: Entry) -> Terms:
            return terms(f"new {entry.id}")

        store.reindex(other, analysis=1)
        weight = pack_weight(1, 2)
        assert store.vocabulary([ADA], "", prefix=True, limit=99) == ["a", "hello", "new"]
        assert places(store, "new") == [("a", 1, weight), ("hello", 1, weight)]
        assert tuple(store.stats([ADA])) == (2, 2, 4)
        store.write(batch(Forget(("a", "hello"))))
        assert store.vocabulary([ADA], "", prefix=True, limit=99) == []

    def test_only_what_is_current_is_asked_for_and_in_its_scope(self, store: Store) -> None:
        for scope in SCOPES:
            store.write(batch(*FURNITURE, scope=scope))
        asked: list[Entry] = []

        def noted(entry: Entry) -> Terms:
            asked.append(entry)
            return terms_of(entry)

        store.reindex(noted, analysis=1)
        for scope in SCOPES:
            standing = [one.entry for one in reversed(found(store, scope))]
            assert [entry for entry in asked if entry.scope == scope] == standing

    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_every_change_goes_on_in_a_new_index_and_its_scope(
        self, store: Store, name: str
    ) -> None:
        for scope in SCOPES:
            store.write(batch(*FURNITURE, scope=scope))
        store.reindex(terms_of, analysis=1)
        store.write(batch(EVERY_CHANGE[name]))
        before = view(store, SCOPES)
        store.reindex(terms_of, analysis=1)
        assert view(store, SCOPES) | {"rev": 0} == before | {"rev": 0}

    def test_an_error_leaves_everything_as_it_was(self, store: Store) -> None:
        store.write(batch(*FURNITURE))
        before = view(store, SCOPES)
        with pytest.raises(ZeroDivisionError):
            store.reindex(lambda entry: terms(str(1 // 0)), analysis=1)
        assert view(store, SCOPES) == before
