"""The contract of items: versions, keys, conflicts, hiding and forgetting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amberfile.changes import NO_TERMS, Forget, Put, Restore, Retract
from amberfile.errors import Conflict
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    HOUR,
    NOW,
    SECOND,
    batch,
    exact,
    found,
    ids,
    item,
    put,
    restore,
    say,
    view_of,
)
from amberfile.types import Item, Source, moment

FULL = Item(
    id="full",
    scope=ADA,
    kind="fact",
    text="the whole of it",
    created_at=NOW,
    updated_at=NOW + SECOND,
    key="whole",
    topics=("one", "two", "one"),
    metadata={
        "nothing": None,
        "numbers": [True, 1, 1.0, 0.1, -7, 2**53 + 1],
        "inner": {"": [], "deep": [{"x": {}}]},
    },
    source=Source("tool", "file:///a", 0.25),
    importance=0.75,
    derived_from=("a", "b"),
    valid_from=moment(-1),
    valid_to=moment(253_402_300_799_999_999),
    expires_at=NOW + HOUR,
)
"""Every field differs from its default; the times are the least and the largest of their kind."""


class ItemContract(StoreHooks):
    def test_an_item_reads_back_as_it_was_written(self, store: Store) -> None:
        rev = store.write(batch(Put(FULL, NO_TERMS))).rev
        expected = exact(replace(FULL, rev=rev))
        assert exact(store.get(ADA, ["full"])) == [expected]
        assert exact(found(store)[0].entry) == expected
        assert exact(store.history(ADA, "full")[0].item) == expected

    def test_what_an_item_leaves_out_reads_back_as_left_out(self, store: Store) -> None:
        rev = store.write(batch(put("bare", ""))).rev
        assert exact(store.get(ADA, ["bare"])) == [exact(item("bare", "", rev=rev))]

    def test_version_rev_state_and_scope_are_the_stores_own(self, store: Store) -> None:
        given = put("a", version=9, rev=9, state="retracted", scope=BOB)
        rev = store.write(batch(given)).rev
        [stored] = store.get(ADA, ["a"])
        told = (stored.version, stored.rev, stored.state, stored.scope)
        assert told == (1, rev, "current", ADA)

    def test_an_item_shares_nothing_with_what_was_given_or_read(self, store: Store) -> None:
        given = {"list": [1]}
        store.write(batch(put("a", metadata=given)))
        given["list"].append(2)
        store.get(ADA, ["a"])[0].metadata["list"].append(3)
        assert store.get(ADA, ["a"])[0].metadata == {"list": [1]}

    def test_get_answers_in_the_order_asked_and_leaves_out_the_absent(self, store: Store) -> None:
        store.write(batch(put("a"), put("b"), put("c")))
        assert ids(store.get(ADA, ["c", "nobody", "a"])) == ["c", "a"]
        assert store.get(ADA, []) == []

    def test_get_knows_items_only(self, store: Store) -> None:
        store.write(batch(say("hello")))
        assert store.get(ADA, ["hello"]) == []

    def test_a_write_answers_with_a_rev_and_one_result_a_change(self, store: Store) -> None:
        first = store.write(batch(put("a"), put("b"), put("a", "again")))
        second = store.write(batch())
        assert [(result.ids, result.number) for result in first.results] == [
            (("a",), 1),
            (("b",), 1),
            (("a",), 2),
        ]
        assert (second.results, second.rev - first.rev) == ((), 1)
        assert (first.replayed, second.replayed) == (False, False)

    def test_revs_go_up_by_one_over_all_scopes(self, store: Store) -> None:
        revs = [
            store.write(batch(put("a"), put("b"), scope=scope)).rev for scope in (ADA, BOB, ADA)
        ]
        assert revs == [revs[0], revs[0] + 1, revs[0] + 2]
        assert store.info().rev == revs[-1]

    def test_a_put_of_the_same_id_is_its_next_version(self, store: Store) -> None:
        store.write(batch(put("a", "old", created_at=NOW, updated_at=NOW)))
        later = NOW + HOUR
        written = store.write(batch(put("a", "new", created_at=later, updated_at=later)))
        [now] = store.get(ADA, ["a"])
        assert (now.text, now.version, now.rev) == ("new", 2, written.rev)
        assert (now.created_at, now.updated_at) == (NOW, later)
        assert ids(found(store)) == ["a"]

    def test_history_has_every_version_oldest_first(self, store: Store) -> None:
        store.write(batch(put("a", "one")))
        store.write(batch(put("a", "two")))
        store.write(batch(Retract("a", "it was wrong"), at=NOW + SECOND))
        store.write(batch(restore(store, "a"), at=NOW + HOUR))
        versions = store.history(ADA, "a")
        assert [(one.number, one.change, one.reason, one.item.text) for one in versions] == [
            (1, "created", "", "one"),
            (2, "updated", "", "two"),
            (3, "retracted", "it was wrong", "two"),
            (4, "restored", "", "two"),
        ]
        assert [one.item.state for one in versions] == ["current"] * 2 + ["retracted", "current"]
        assert [one.item.updated_at for one in versions] == [NOW, NOW, NOW + SECOND, NOW + HOUR]
        assert [one.item.created_at for one in versions] == [NOW] * 4
        revs = [one.item.rev for one in versions]
        assert revs == [*range(revs[0], revs[0] + 4)]
        assert [versions[-1].item] == store.get(ADA, ["a"])

    def test_history_of_an_absent_item_is_empty(self, store: Store) -> None:
        store.write(batch(say("hello")))
        assert store.history(ADA, "nobody") == store.history(ADA, "hello") == []


class KeyContract(StoreHooks):
    def test_a_key_names_its_item_whatever_the_id_says(self, store: Store) -> None:
        store.write(batch(put("a", "red", key="colour")))
        result = store.write(batch(put("other", "blue", key="colour"))).results[0]
        assert (result.ids, result.number) == (("a",), 2)
        assert [one.text for one in store.get(ADA, ["a", "other"])] == ["blue"]

    def test_a_key_is_unique_in_its_kind_only(self, store: Store) -> None:
        store.write(batch(put("a", key="k", kind="fact"), put("b", key="k", kind="note")))
        assert ids(store.get(ADA, ["a", "b"])) == ["a", "b"]

    def test_keys_are_compared_exactly(self, store: Store) -> None:
        keys = ["k", "K", "k ", "", "é", "e\u0301"]
        store.write(batch(*(put(f"id of {key!r}", key=key) for key in keys)))
        assert len(found(store)) == len(keys)

    def test_a_key_of_another_existing_item_is_a_conflict(self, store: Store) -> None:
        store.write(batch(put("a", key="k"), put("b")))
        with pytest.raises(Conflict):
            store.write(batch(put("b", key="k")))

    def test_an_item_may_change_its_kind_and_key_by_id(self, store: Store) -> None:
        store.write(batch(put("a", kind="note", key="old")))
        store.write(batch(put("a", kind="fact", key="new")))
        store.write(batch(put("b", kind="note", key="old"), put("c", kind="note", key="new")))
        kept = [(one.id, one.kind, one.key, one.version) for one in store.get(ADA, ["a", "b", "c"])]
        assert kept == [
            ("a", "fact", "new", 2),
            ("b", "note", "old", 1),
            ("c", "note", "new", 1),
        ]

    def test_an_item_may_lose_its_key(self, store: Store) -> None:
        store.write(batch(put("a", key="k")))
        store.write(batch(put("a", key=None), put("b", key="k")))
        assert [one.key for one in store.get(ADA, ["a", "b"])] == [None, "k"]

    def test_a_hidden_item_keeps_its_key(self, store: Store) -> None:
        store.write(batch(put("a", "red", key="k"), Retract("a")))
        store.write(batch(put("b", "blue", key="k")))
        [now] = store.get(ADA, ["a", "b"])
        assert (now.id, now.text, now.version, now.state) == ("a", "blue", 3, "current")

    def test_a_forgotten_item_gives_its_key_back(self, store: Store) -> None:
        store.write(batch(put("a", key="k"), put("b"), Forget(("a",))))
        store.write(batch(put("b", key="k")))
        assert [(one.key, one.version) for one in store.get(ADA, ["b"])] == [("k", 2)]


class VersionContract(StoreHooks):
    def test_if_version_writes_only_over_that_version(self, store: Store) -> None:
        store.write(batch(put("a", "one")))
        store.write(batch(put("a", "two", if_version=1)))
        for stale in (0, 1, 3):
            with pytest.raises(Conflict):
                store.write(batch(put("a", "three", if_version=stale)))
        assert store.get(ADA, ["a"])[0].text == "two"

    def test_if_version_0_writes_only_what_is_new(self, store: Store) -> None:
        assert store.write(batch(put("a", if_version=0))).results[0].number == 1
        with pytest.raises(Conflict):
            store.write(batch(put("a", if_version=0)))

    def test_if_version_of_an_absent_item_is_a_conflict(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.write(batch(put("a", if_version=1)))

    def test_if_version_is_that_of_the_item_with_the_key(self, store: Store) -> None:
        store.write(batch(put("a", key="k")))
        with pytest.raises(Conflict):
            store.write(batch(put("b", key="k", if_version=0)))
        assert store.write(batch(put("b", key="k", if_version=1))).results[0].ids == ("a",)

    def test_a_hidden_item_exists_for_if_version(self, store: Store) -> None:
        store.write(batch(put("a"), Retract("a")))
        with pytest.raises(Conflict):
            store.write(batch(put("a", if_version=0)))
        assert store.write(batch(put("a", if_version=2))).results[0].number == 3

    def test_a_change_sees_the_versions_of_those_before_it(self, store: Store) -> None:
        one, two = put("a", if_version=0), put("a", if_version=1)
        results = store.write(batch(one, two, Retract("a"), Forget(("a",)))).results
        assert [result.number for result in results] == [1, 2, 1, 1]
        assert store.get(ADA, ["a"]) == []


class LettingGoContract(StoreHooks):
    def test_a_hidden_item_is_read_by_id_but_not_found(self, store: Store) -> None:
        store.write(batch(put("a", "still here"), put("b")))
        assert store.write(batch(Retract("a"))).results[0].number == 1
        [hidden] = store.get(ADA, ["a"])
        assert (hidden.text, hidden.state) == ("still here", "retracted")
        assert ids(found(store)) == ["b"]

    def test_hiding_the_absent_or_hidden_does_nothing(self, store: Store) -> None:
        store.write(batch(put("a"), Retract("a"), say("hello")))
        before = view_of(store, ADA)
        results = store.write(batch(Retract("a"), Retract("nobody"), Retract("hello"))).results
        assert [result.number for result in results] == [0, 0, 0]
        assert view_of(store, ADA) == before

    def test_a_restored_item_is_found_again_as_it_was(self, store: Store) -> None:
        store.write(batch(Put(FULL, NO_TERMS)))
        store.write(batch(Retract("full")))
        result = store.write(batch(restore(store, "full"), at=NOW + HOUR)).results[0]
        back = found(store)[0].entry
        assert isinstance(back, Item)
        assert result.number == 1
        assert exact(replace(back, version=1, rev=0, updated_at=FULL.updated_at)) == exact(FULL)

    def test_restoring_what_is_not_hidden_does_nothing(self, store: Store) -> None:
        store.write(batch(put("a")))
        before = view_of(store, ADA)
        changes = [Restore("a", NO_TERMS, 1), Restore("nobody", NO_TERMS, 1)]
        assert [one.number for one in store.write(batch(*changes)).results] == [0, 0]
        assert view_of(store, ADA) == before

    def test_restoring_another_version_than_was_read_is_a_conflict(self, store: Store) -> None:
        store.write(batch(put("a"), Retract("a")))
        with pytest.raises(Conflict):
            store.write(batch(Restore("a", NO_TERMS, 1)))

    def test_forget_leaves_nothing_to_read(self, store: Store) -> None:
        store.write(batch(put("a", "secret one", key="k")))
        store.write(batch(put("a", "secret two", key="k", metadata={"secret": "three"})))
        assert "secret" in repr(view_of(store, ADA))
        result = store.write(batch(Forget(("a",)))).results[0]
        assert (result.ids, result.number) == (("a",), 1)
        assert store.get(ADA, ["a"]) == []
        assert store.history(ADA, "a") == []
        assert "secret" not in repr(view_of(store, ADA))

    def test_a_hidden_item_can_be_forgotten(self, store: Store) -> None:
        store.write(batch(put("a", "secret"), Retract("a")))
        assert store.write(batch(Forget(("a",)))).results[0].number == 1
        assert "secret" not in repr(view_of(store, ADA))

    def test_forget_by_key_takes_every_kind(self, store: Store) -> None:
        store.write(batch(put("a", key="k", kind="fact"), put("b", key="k"), put("c", key="other")))
        store.write(batch(Retract("b")))
        result = store.write(batch(Forget(key="k"))).results[0]
        assert (sorted(result.ids), result.number) == (["a", "b"], 2)
        assert ids(found(store)) == ["c"]

    def test_forget_takes_messages_too(self, store: Store) -> None:
        store.write(batch(put("a"), say("hello", "secret")))
        result = store.write(batch(Forget(("secret", "a", "nobody")))).results[0]
        assert (sorted(result.ids), result.number) == (["a", "secret"], 2)
        assert ids(found(store)) == ["hello"]

    def test_forgetting_the_unknown_is_no_error(self, store: Store) -> None:
        result = store.write(batch(Forget(("nobody",), "nothing"), Forget())).results
        assert [(one.ids, one.number) for one in result] == [((), 0), ((), 0)]
        assert store.write(batch(put("nobody"))).results[0].number == 1

    def test_a_forgotten_id_never_returns(self, store: Store) -> None:
        store.write(batch(put("a"), say("hello"), Forget(("a", "hello"))))
        for change in (put("a"), put("a", if_version=0), say("hello"), say("hello", session="t")):
            with pytest.raises(Conflict):
                store.write(batch(change))
