"""The contract of what is found by its name, and of what is counted by its day."""

from __future__ import annotations

from datetime import date, datetime, timezone

from amberfile.changes import Forget, Retract
from amberfile.stores.base import Store, Tally
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import ADA, BOB, MANY, append, batch, message, put, say
from amberfile.types import moment

MIDNIGHT = datetime(2026, 1, 2, tzinfo=timezone.utc)
MICROSECOND = moment(1) - moment(0)


class IdsContract(StoreHooks):
    def test_ids_of_items_and_messages_begin_with_the_prefix(self, store: Store) -> None:
        store.write(batch(put("ab"), put("abc"), put("b"), say("abd"), say("a")))
        assert store.ids(ADA, "ab", limit=MANY) == ["ab", "abc", "abd"]
        assert store.ids(ADA, "", limit=MANY) == ["a", "ab", "abc", "abd", "b"]
        assert store.ids(ADA, "abcd", limit=MANY) == []

    def test_an_id_of_an_item_and_a_message_is_told_once(self, store: Store) -> None:
        store.write(batch(put("a"), say("a")))
        assert store.ids(ADA, "a", limit=MANY) == ["a"]

    def test_ids_of_what_is_hidden_are_told_and_of_what_is_gone_are_not(self, store: Store) -> None:
        store.write(batch(put("hidden"), put("gone"), say("said"), Retract("hidden")))
        store.write(batch(Forget(("gone", "said"), may_return=True)))
        assert store.ids(ADA, "", limit=MANY) == ["hidden"]

    def test_a_limit_gives_the_first_ids(self, store: Store) -> None:
        store.write(batch(*map(put, "adf"), say("b", "c", "e")))
        assert [store.ids(ADA, "", limit=most) for most in (-1, 0, 1, 4)] == [
            [],
            [],
            ["a"],
            ["a", "b", "c", "d"],
        ]

    def test_ids_are_in_order_of_code_points_and_compared_exactly(self, store: Store) -> None:
        names = ["", "A", "a", "a\0", "a%", "a_", "e\u0301", "é", "\ud83d", "\uffff", "\U0001f600"]
        names += ["a\ud800", "\ud83dx"]
        store.write(batch(*map(put, names)))
        for prefix in ("", "a", "a_", "%", "e", "\ud83d", "\U0001f600", "a\ud800"):
            fitting = sorted(name for name in names if name.startswith(prefix))
            assert store.ids(ADA, prefix, limit=MANY) == fitting
            assert store.ids(ADA, prefix, limit=2) == fitting[:2]

    def test_ids_are_those_of_one_scope(self, store: Store) -> None:
        store.write(batch(put("a"), say("ab")))
        store.write(batch(put("ac"), scope=BOB))
        assert store.ids(ADA, "a", limit=MANY) == ["a", "ab"]
        assert store.ids(BOB, "a", limit=MANY) == ["ac"]


class KeyedContract(StoreHooks):
    def test_a_key_tells_the_id_of_its_item(self, store: Store) -> None:
        store.write(
            batch(put("a", key="k", kind="fact"), put("b", key="k"), put("c", key="odd\ud800"))
        )
        store.write(batch(Retract("b")))
        asked = [("fact", "k"), ("note", "k"), ("note", "odd\ud800"), ("fact", "odd\ud800")]
        assert store.keyed(ADA, asked) == dict(zip(asked, "abc", strict=False))
        assert store.keyed(ADA, []) == store.keyed(ADA, [("note", "K")]) == {}

    def test_a_key_that_was_given_up_tells_nothing(self, store: Store) -> None:
        store.write(batch(put("a", key="old"), put("a", key="new"), put("b", key="k")))
        store.write(batch(Forget(("b",))))
        asked = [("note", key) for key in ("old", "new", "k")]
        assert store.keyed(ADA, asked) == {("note", "new"): "a"}

    def test_a_key_is_looked_up_in_one_scope(self, store: Store) -> None:
        store.write(batch(put("a", key="k")))
        assert store.keyed(BOB, [("note", "k")]) == {}


class TallyContract(StoreHooks):
    def test_entries_are_counted_by_kind_and_day(self, store: Store) -> None:
        last = MIDNIGHT - MICROSECOND
        store.write(batch(put("a", created_at=MIDNIGHT), put("b", created_at=last)))
        store.write(batch(put("c", created_at=MIDNIGHT), put("d", created_at=last, kind="fact")))
        store.write(batch(append(message("e", created_at=last), message("f", created_at=last))))
        assert store.tally([ADA]) == [
            Tally("fact", date(2026, 1, 1), 1),
            Tally("message", date(2026, 1, 1), 2),
            Tally("note", date(2026, 1, 1), 1),
            Tally("note", date(2026, 1, 2), 2),
        ]

    def test_days_before_1970_end_at_midnight_too(self, store: Store) -> None:
        for micros in (-1, 0, -86_400_000_000, -86_400_000_001):
            store.write(batch(put(f"{micros}", created_at=moment(micros))))
        first = datetime(1, 1, 1, tzinfo=timezone.utc)
        last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)
        store.write(batch(put("first", created_at=first), put("last", created_at=last)))
        assert [(one.day, one.entries) for one in store.tally([ADA])] == [
            (date(1, 1, 1), 1),
            (date(1969, 12, 30), 1),
            (date(1969, 12, 31), 2),
            (date(1970, 1, 1), 1),
            (date(9999, 12, 31), 1),
        ]

    def test_only_what_stands_is_counted_once(self, store: Store) -> None:
        store.write(batch(put("a"), put("a", "again"), put("hidden"), put("gone"), say("said")))
        store.write(batch(Retract("hidden"), Forget(("gone", "said"))))
        assert [(one.kind, one.entries) for one in store.tally([ADA])] == [("note", 1)]

    def test_a_tally_is_the_sum_over_its_scopes(self, store: Store) -> None:
        for scope in (ADA, BOB):
            store.write(batch(put("a"), say("hello"), scope=scope))
        counted = [(one.kind, one.entries) for one in store.tally([ADA, BOB])]
        assert counted == [("message", 2), ("note", 2)]
        assert store.tally([BOB]) == store.tally([ADA]) == store.tally([ADA, ADA])
        assert store.tally([]) == []

    def test_any_kind_is_counted(self, store: Store) -> None:
        kinds = ["", "\0", "\ud800", "é", "\U0001f600", "'--"]
        store.write(batch(*(put(f"of {kind!r}", kind=kind) for kind in kinds)))
        assert [one.kind for one in store.tally([ADA])] == sorted(kinds)
