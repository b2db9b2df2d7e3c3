"""The contract of searching: filters, order, terms, sums and what has changed."""

from __future__ import annotations

from typing import Any

import pytest

from amberfile.changes import ClearSession, Forget, Retract, pack_weight
from amberfile.stores.base import Stats, Store, is_message
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    HOUR,
    MANY,
    NOW,
    SECOND,
    append,
    batch,
    found,
    ids,
    message,
    places,
    put,
    restore,
    say,
)
from amberfile.types import ALL, Filter

BOTH = [ADA, BOB]


class FindContract(StoreHooks):
    def test_find_answers_newest_first_by_current_version(self, store: Store) -> None:
        store.write(batch(put("a"), put("b"), say("hello")))
        store.write(batch(put("c"), put("a", "again")))
        assert ids(store.find([ADA], ALL, limit=MANY)) == ["a", "c", "b"]
        assert ids(found(store)) == ["a", "c", "hello", "b"]

    def test_handles_fall_in_the_order_found_and_tell_messages_from_items(
        self, store: Store
    ) -> None:
        store.write(batch(say("one"), put("a"), say("two")))
        handles = [one.handle for one in found(store)]
        assert handles == sorted(set(handles), reverse=True)
        assert [is_message(handle) for handle in handles] == [True, False, True]

    def test_a_limit_gives_the_newest_and_before_gives_the_rest(self, store: Store) -> None:
        store.write(batch(*(put(id) for id in "abcd")))
        first = store.find([ADA], ALL, limit=2)
        rest = store.find([ADA], ALL, limit=MANY, before=first[-1].handle)
        assert (ids(first), ids(rest)) == (["d", "c"], ["b", "a"])
        assert store.find([ADA], ALL, limit=MANY, before=rest[-1].handle) == []

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_of_nothing_gives_nothing(self, store: Store, limit: int) -> None:
        store.write(batch(put("a", "word"), say("hello")))
        assert store.find([ADA], ALL, limit=limit) == []
        assert store.messages(ADA, "s", limit=limit) == []
        assert store.vocabulary([ADA], "", prefix=True, limit=limit) == []

    def test_a_limit_counts_what_matches(self, store: Store) -> None:
        store.write(batch(put("a", kind="fact"), put("b", kind="fact"), put("c"), put("d")))
        assert ids(store.find([ADA], Filter(kinds=["fact"]), limit=1)) == ["b"]

    def test_several_scopes_are_merged_by_handle(self, store: Store) -> None:
        store.write(batch(put("a")))
        store.write(batch(put("b"), scope=BOB))
        store.write(batch(put("c")))
        for scopes in (BOTH, BOTH[::-1]):
            assert ids(store.find(scopes, ALL, limit=2)) == ["c", "b"]
        assert store.find([], ALL, limit=MANY) == []

    @pytest.mark.parametrize(
        ("conditions", "expected"),
        [
            ({}, ["hello", "full", "bare"]),
            ({"kinds": ["fact"]}, ["full"]),
            ({"kinds": ["message", "note"]}, ["hello", "bare"]),
            ({"kinds": []}, []),
            ({"key": "k"}, ["full"]),
            ({"key": ""}, []),
            ({"topics": ["x", "y"]}, ["full"]),
            ({"topics": ["x", "z"]}, []),
            ({"sessions": ["s"]}, ["hello"]),
            ({"sessions": ["other"]}, []),
            ({"where": {"one": 1}}, ["full"]),
            ({"where": {"one": True}}, []),
            ({"where": {"no": None}}, ["full"]),
            ({"where": {"deep": {"list": [1, "two"]}}}, ["full"]),
            ({"where": {"deep": {"list": ["two", 1]}}}, []),
            ({"where": {"one": 1, "other": 2}}, []),
            ({"since": NOW + SECOND}, ["hello", "full"]),
            ({"until": NOW + SECOND}, ["bare"]),
            ({"since": NOW + SECOND, "until": NOW + SECOND}, []),
            ({"alive_at": NOW + HOUR - SECOND}, ["hello", "full", "bare"]),
            ({"alive_at": NOW + HOUR}, ["hello", "bare"]),
            ({"kinds": ["fact"], "key": "other"}, []),
        ],
    )
    def test_every_condition_of_a_filter_must_hold(
        self, store: Store, conditions: dict[str, Any], expected: list[str]
    ) -> None:
        full = put(
            "full",
            kind="fact",
            key="k",
            topics=("x", "y"),
            metadata={"one": 1, "no": None, "deep": {"list": [1, "two"]}},
            updated_at=NOW + SECOND,
            expires_at=NOW + HOUR,
        )
        said = append(message("hello", created_at=NOW + SECOND))
        store.write(batch(put("bare"), full, said))
        found = store.find([ADA], Filter(**conditions), limit=MANY, messages=True)
        assert ids(found) == expected

    def test_messages_are_found_only_when_asked_for(self, store: Store) -> None:
        store.write(batch(say("hello")))
        assert store.find([ADA], Filter(kinds=["message"]), limit=MANY) == []

    def test_entries_answers_in_the_order_asked(self, store: Store) -> None:
        store.write(batch(put("a"), say("hello"), put("b")))
        everything = found(store)
        asked = [everything[1], everything[2], everything[0]]
        assert store.entries([ADA], [one.handle for one in asked]) == asked
        assert store.entries([ADA], []) == store.entries([], [asked[0].handle]) == []

    @pytest.mark.parametrize("change", [put("a", "new"), Retract("a"), Forget(("a",))])
    def test_a_handle_ends_with_its_version(self, store: Store, change: Any) -> None:
        store.write(batch(put("a")))
        [old] = found(store)
        store.write(batch(change))
        assert store.entries([ADA], [old.handle]) == []


class TermsContract(StoreHooks):
    def test_a_term_is_found_where_it_stands(self, store: Store) -> None:
        store.write(batch(put("a", "red red blue\nred", key="red", topics=("warm", "red"))))
        store.write(batch(say("so red")))
        assert places(store, "red") == [
            ("a", 0, pack_weight(2, 3)),
            ("a", 1, pack_weight(2, 3)),
            ("a", 2, pack_weight(1, 1)),
            ("so red", 1, pack_weight(1, 2)),
        ]
        assert places(store, "warm") == [("a", 0, pack_weight(1, 3))]

    def test_a_term_that_occurs_nowhere_has_no_key(self, store: Store) -> None:
        store.write(batch(put("a", "red")))
        assert [*store.postings([ADA], ["blue", "red"])] == ["red"]
        assert store.postings([ADA], []) == store.postings([], ["red"]) == {}

    def test_postings_are_in_order_of_place_over_all_scopes(self, store: Store) -> None:
        for number in range(12):
            text = "red\nred\nred" if number % 3 else "blue"
            store.write(batch(put(f"{number % 5}", text), scope=BOTH[number % 2]))
        for scopes in ([ADA], BOTH, BOTH[::-1]):
            postings = store.postings(scopes, ["red"])["red"]
            assert postings == sorted(set(postings))
        together = store.postings(BOTH, ["red"])["red"]
        apart = [store.postings([scope], ["red"])["red"] for scope in BOTH]
        assert together == sorted(apart[0] + apart[1])

    def test_a_posting_list_is_the_readers_own(self, store: Store) -> None:
        store.write(batch(put("a", "red")))
        store.postings([ADA], ["red"])["red"].clear()
        assert len(places(store, "red")) == 1

    def test_the_terms_of_a_superseded_version_are_gone(self, store: Store) -> None:
        store.write(batch(put("a", "red warm")))
        store.write(batch(put("a", "blue warm")))
        assert _terms(store) == ["blue", "warm"]
        assert places(store, "warm") == [("a", 1, pack_weight(1, 2))]
        assert store.stats([ADA]) == Stats(entries=1, passages=1, words=2)

    def test_the_terms_of_a_hidden_item_are_gone_until_it_is_restored(self, store: Store) -> None:
        store.write(batch(put("a", "red warm"), put("b", "warm")))
        store.write(batch(Retract("a")))
        assert _terms(store) == ["warm"]
        assert [id for id, _, _ in places(store, "warm")] == ["b"]
        assert store.stats([ADA]) == Stats(entries=1, passages=1, words=1)
        store.write(batch(restore(store, "a")))
        assert _terms(store) == ["red", "warm"]
        assert [id for id, _, _ in places(store, "warm")] == ["b", "a"]
        assert store.stats([ADA]) == Stats(entries=2, passages=2, words=3)

    def test_the_terms_of_what_is_forgotten_are_gone(self, store: Store) -> None:
        store.write(batch(put("a", "red warm"), say("red hello"), put("b", "warm")))
        store.write(batch(Forget(("a", "red hello"))))
        assert _terms(store) == ["warm"]
        assert [id for id, _, _ in places(store, "warm")] == ["b"]
        assert store.stats([ADA]) == Stats(entries=1, passages=1, words=1)

    @pytest.mark.parametrize("drop", [False, True])
    def test_the_terms_of_a_cleared_session_are_gone(self, store: Store, drop: bool) -> None:
        store.write(batch(say("red", "blue"), say("warm", session="other")))
        store.write(batch(ClearSession("s", drop)))
        assert _terms(store) == ["user", "warm"]
        assert store.stats([ADA]) == Stats(entries=1, passages=1, words=1)

    def test_a_term_whose_last_posting_went_may_come_again(self, store: Store) -> None:
        store.write(batch(put("a", "red"), Forget(("a",)), put("b", "red")))
        assert [id for id, _, _ in places(store, "red")] == ["b"]

    def test_stats_are_sums_over_scopes(self, store: Store) -> None:
        store.write(batch(put("a", "one two\nthree"), put("b", ""), say("four")))
        store.write(batch(put("a", "five"), scope=BOB))
        assert store.stats([ADA]) == Stats(entries=3, passages=3, words=4)
        assert store.stats(BOTH) == Stats(entries=4, passages=4, words=5)
        assert store.stats([]) == Stats(0, 0, 0)

    def test_the_vocabulary_is_in_order_of_code_points_without_repeats(self, store: Store) -> None:
        store.write(batch(put("a", "b \uffff a é Z")))
        store.write(batch(put("a", "z a \U00010000 b"), scope=BOB))
        merged = ["Z", "a", "b", "z", "é", "\uffff", "\U00010000"]
        assert store.vocabulary(BOTH, "", prefix=True, limit=MANY) == merged
        assert store.vocabulary(BOTH, "", prefix=True, limit=3) == merged[:3]
        assert store.vocabulary([], "", prefix=True, limit=MANY) == []

    def test_the_vocabulary_is_searched_by_prefix_or_by_part(self, store: Store) -> None:
        store.write(batch(put("a", "red redder bred Red r%d r_d re*")))

        def words(part: str, prefix: bool) -> list[str]:
            return store.vocabulary([ADA], part, prefix=prefix, limit=MANY)

        assert words("red", True) == ["red", "redder"]
        assert words("red", False) == ["bred", "red", "redder"]
        assert words("r%", True) == words("%", False) == ["r%d"]
        assert words("r_", True) == words("_", False) == ["r_d"]
        assert words("*", False) == ["re*"]
        assert words("nothing", True) == words("nothing", False) == []


class ChangesContract(StoreHooks):
    def test_changes_tell_what_stands_by_rev(self, store: Store) -> None:
        one = store.write(batch(put("a"), say("hello"))).rev
        two = store.write(batch(put("b"), scope=BOB)).rev
        told = _told(store, 0)
        assert sorted(told[:2]) == [(one, ADA.user, "message", "hello"), (one, "ada", "note", "a")]
        assert told[2:] == [(two, "bob", "note", "b")]
        assert _told(store, one) == [(two, "bob", "note", "b")]
        assert _told(store, two) == []

    def test_changes_carry_the_entry_as_it_is_read(self, store: Store) -> None:
        store.write(batch(put("a", "text"), say("hello")))
        told = {change.id: change.entry for change in store.changes([ADA], 0, limit=MANY)}
        assert told == {one.entry.id: one.entry for one in found(store)}

    def test_of_one_entry_only_the_latest_change_is_told(self, store: Store) -> None:
        store.write(batch(put("a", "old"), put("b")))
        rev = store.write(batch(put("a", "new", kind="fact"))).rev
        told = store.changes([ADA], 0, limit=MANY)
        assert [(change.id, change.kind) for change in told] == [("b", "note"), ("a", "fact")]
        assert told[-1].rev == rev

    def test_what_is_hidden_or_forgotten_counts_as_gone(self, store: Store) -> None:
        store.write(batch(put("a", kind="fact"), put("b"), say("hello")))
        hidden = store.write(batch(Retract("a"))).rev
        gone = store.write(batch(Forget(("b", "hello")))).rev
        told = store.changes([ADA], 0, limit=MANY)
        assert sorted((one.rev, one.kind, one.id, one.entry) for one in told) == [
            (hidden, "fact", "a", None),
            (gone, "message", "hello", None),
            (gone, "note", "b", None),
        ]

    @pytest.mark.parametrize("drop", [False, True])
    def test_a_cleared_session_is_told_instead_of_its_messages(
        self, store: Store, drop: bool
    ) -> None:
        store.write(batch(say("one", "two"), say("three", session="other")))
        rev = store.write(batch(ClearSession("s", drop))).rev
        told = store.changes([ADA], 0, limit=MANY)
        assert [(one.kind, one.id) for one in told] == [("message", "three"), ("session", "s")]
        assert (told[-1].rev, told[-1].entry) == (rev, None)

    def test_a_rev_is_never_cut_in_two(self, store: Store) -> None:
        first = store.write(batch(put("a"))).rev
        second = store.write(batch(put("b"), put("c"))).rev
        third = store.write(batch(put("d"))).rev
        revs = [change.rev for change in store.changes([ADA], 0, limit=2)]
        assert revs == [first, second, second]
        rest = [change.rev for change in store.changes([ADA], revs[-1], limit=2)]
        assert rest == [third]


def _terms(store: Store) -> list[str]:
    return store.vocabulary([ADA], "", prefix=True, limit=MANY)


def _told(store: Store, since: int) -> list[tuple[int, str, str, str]]:
    changes = store.changes(BOTH, since, limit=MANY)
    return [(one.rev, one.scope.user, one.kind, one.id) for one in changes]
