"""The contract of imports: their records, what they wrote, and ids that may come back."""

from __future__ import annotations

import pytest

from amberfile.changes import ClearSession, DropImport, Forget, MarkImport, Retract
from amberfile.errors import Conflict
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    HOUR,
    MANY,
    NOW,
    batch,
    found,
    ids,
    mark,
    open_turn,
    put,
    restore,
    say,
    view_of,
)
from amberfile.types import ImportInfo


class ImportContract(StoreHooks):
    def test_an_import_is_told_with_its_batches(self, store: Store) -> None:
        one = store.write(batch(say("a", "b"), mark("i", 2)))
        store.write(batch(put("of another")))
        two = store.write(batch(put("c"), mark("i", 1), at=NOW + HOUR))
        assert (one.results[1].number, two.results[1].number) == (2, 3)
        revs = (one.rev, two.rev)
        told = ImportInfo("i", ADA, "chat.json", "openai", entries=3, at=NOW, revs=revs)
        assert store.imports(ADA) == [told]

    def test_the_source_and_format_of_the_first_batch_stand(self, store: Store) -> None:
        store.write(batch(MarkImport("i", "a.json", "one", 1)))
        store.write(batch(MarkImport("i", "b.json", "two", 1)))
        assert [(one.source, one.format) for one in store.imports(ADA)] == [("a.json", "one")]

    def test_a_batch_counted_twice_is_told_once(self, store: Store) -> None:
        rev = store.write(batch(mark("i", 1), mark("i", 2))).rev
        assert [(one.entries, one.revs) for one in store.imports(ADA)] == [(3, (rev,))]

    def test_the_last_begun_import_is_told_first(self, store: Store) -> None:
        for id in ("b", "a", "c", "b"):
            store.write(batch(mark(id)))
        assert ids(store.imports(ADA)) == ["c", "a", "b"]
        store.write(batch(DropImport("a"), mark("a")))
        assert ids(store.imports(ADA)) == ["a", "c", "b"]

    def test_a_dropped_record_leaves_what_was_written(self, store: Store) -> None:
        store.write(batch(put("a"), mark("i"), mark("j")))
        results = store.write(batch(DropImport("i"), DropImport("i"), DropImport("nobody"))).results
        assert [one.number for one in results] == [1, 0, 0]
        assert ids(store.imports(ADA)) == ["j"]
        assert ids(found(store)) == ["a"]

    def test_a_record_that_begins_again_knows_nothing_of_the_first(self, store: Store) -> None:
        store.write(batch(mark("i", 5), DropImport("i")))
        rev = store.write(batch(mark("i", 1))).rev
        assert [(one.entries, one.revs) for one in store.imports(ADA)] == [(1, (rev,))]

    def test_an_import_is_known_in_its_scope_only(self, store: Store) -> None:
        store.write(batch(mark("i", 1)))
        store.write(batch(mark("i", 2), scope=BOB))
        assert [one.entries for one in store.imports(ADA)] == [1]
        store.write(batch(DropImport("i"), scope=BOB))
        assert (ids(store.imports(ADA)), store.imports(BOB)) == (["i"], [])


class WrittenByContract(StoreHooks):
    def test_only_what_the_import_wrote_is_forgotten(self, store: Store) -> None:
        store.write(batch(put("own"), say("mine")))
        store.write(batch(put("a"), say("hello"), mark("i")))
        given = ("own", "mine", "a", "hello")
        result = store.write(batch(Forget(given, written_by="i"))).results[0]
        assert (sorted(result.ids), result.number) == (["a", "hello"], 2)
        assert ids(found(store)) == ["mine", "own"]

    def test_what_somebody_changed_since_stays(self, store: Store) -> None:
        store.write(batch(put("changed"), put("hidden"), put("back"), mark("i")))
        store.write(batch(put("changed", "other words"), Retract("hidden"), Retract("back")))
        store.write(batch(restore(store, "back")))
        before = view_of(store, ADA)
        given = ("changed", "hidden", "back")
        assert store.write(batch(Forget(given, written_by="i"))).results[0].number == 0
        assert view_of(store, ADA) == before

    def test_what_the_import_itself_changed_or_hid_is_forgotten(self, store: Store) -> None:
        store.write(batch(put("a"), mark("i")))
        store.write(batch(put("a", "again"), Retract("a"), mark("i")))
        assert store.write(batch(Forget(("a",), written_by="i"))).results[0].number == 1
        assert store.history(ADA, "a") == []

    def test_of_one_id_only_the_entry_that_was_imported_goes(self, store: Store) -> None:
        store.write(batch(say("x")))
        store.write(batch(put("x"), mark("i")))
        assert store.write(batch(Forget(("x",), written_by="i"))).results[0].number == 1
        assert [one.entry.kind for one in found(store)] == ["message"]

    def test_a_key_is_meant_like_an_id(self, store: Store) -> None:
        store.write(batch(put("a", key="k", kind="fact")))
        store.write(batch(put("b", key="k"), mark("i")))
        assert store.write(batch(Forget(key="k", written_by="i"))).results[0].ids == ("b",)

    def test_without_a_record_nothing_is_forgotten(self, store: Store) -> None:
        store.write(batch(put("a"), mark("i"), DropImport("i")))
        for id in ("i", "nobody", ""):
            assert store.write(batch(Forget(("a",), written_by=id))).results[0].number == 0

    def test_an_import_of_another_scope_names_nothing(self, store: Store) -> None:
        store.write(batch(put("a"), mark("i")))
        store.write(batch(put("a"), scope=BOB))
        result = store.write(batch(Forget(("a",), written_by="i"), scope=BOB)).results[0]
        assert result.number == 0


class ReturnContract(StoreHooks):
    def test_what_may_return_is_gone_until_it_is_written_again(self, store: Store) -> None:
        store.write(batch(put("a", "secret", key="k"), say("secret hello")))
        result = store.write(batch(Forget(("a", "secret hello"), may_return=True))).results[0]
        assert (sorted(result.ids), result.number) == (["a", "secret hello"], 2)
        assert found(store) == []
        assert store.history(ADA, "a") == []
        assert store.vocabulary([ADA], "", prefix=True, limit=MANY) == []
        results = store.write(batch(put("a", if_version=0), say("secret hello"))).results
        assert [one.number for one in results] == [1, 2]
        assert ids(found(store)) == ["secret hello", "a"]

    def test_changes_tell_that_it_went_and_that_it_came_back(self, store: Store) -> None:
        store.write(batch(put("a"), say("hello")))
        gone = store.write(batch(Forget(("a", "hello"), may_return=True))).rev
        told = store.changes([ADA], 0, limit=MANY)
        assert sorted((one.rev, one.kind, one.id, one.entry) for one in told) == [
            (gone, "message", "hello", None),
            (gone, "note", "a", None),
        ]
        back = store.write(batch(put("a", kind="fact"), say("hello"))).rev
        told = store.changes([ADA], 0, limit=MANY)
        assert sorted((one.rev, one.kind, one.id) for one in told) == [
            (back, "fact", "a"),
            (back, "message", "hello"),
        ]
        assert all(one.entry for one in told)

    def test_a_message_may_return_to_another_session(self, store: Store) -> None:
        store.write(batch(say("hello"), Forget(("hello",), may_return=True)))
        store.write(batch(say("hello", session="other")))
        assert ids(store.messages(ADA, "other")) == ["hello"]

    def test_an_item_and_a_message_of_one_id_return_apart(self, store: Store) -> None:
        store.write(batch(put("x"), say("x")))
        gone = store.write(batch(Forget(("x",), may_return=True))).rev
        back = store.write(batch(put("x"))).rev
        told = [(one.rev, one.kind) for one in store.changes([ADA], 0, limit=MANY)]
        assert told == [(gone, "message"), (back, "note")]

    def test_an_id_that_returned_may_be_forgotten_for_good(self, store: Store) -> None:
        store.write(batch(put("a"), Forget(("a",), may_return=True), put("a"), Forget(("a",))))
        with pytest.raises(Conflict):
            store.write(batch(put("a")))

    def test_what_was_forgotten_for_good_is_told(self, store: Store) -> None:
        store.write(batch(put("a"), put("b"), say("c", "d"), put("stands")))
        store.write(batch(Forget(("a", "c")), Forget(("b", "d"), may_return=True)))
        asked = ["d", "c", "b", "a", "a", "stands", "nobody"]
        assert store.forgotten(ADA, asked) == {"a", "c"}
        assert store.forgotten(ADA, ["b"]) == store.forgotten(ADA, []) == set()
        assert store.forgotten(BOB, asked) == set()

    def test_a_cleared_session_forgets_no_id(self, store: Store) -> None:
        store.write(batch(say("one", session="s"), ClearSession("s", drop=True)))
        assert store.forgotten(ADA, ["one", "s"]) == set()
        assert store.write(batch(say("one"))).results[0].number == 1


class IfEmptyContract(StoreHooks):
    def test_an_empty_session_is_dropped(self, store: Store) -> None:
        store.write(batch(say("one"), Forget(("one",), may_return=True)))
        result = store.write(batch(ClearSession("s", drop=True, if_empty=True))).results[0]
        assert (result.ids, result.number) == (("s",), 0)
        assert store.sessions(ADA) == []

    def test_a_session_with_a_message_or_a_turn_stays(self, store: Store) -> None:
        store.write(batch(say("one"), open_turn("t", session="other")))
        before = view_of(store, ADA)
        for session in ("s", "other", "nobody"):
            change = ClearSession(session, drop=True, if_empty=True)
            assert store.write(batch(change)).results[0] == ((), 0)
        assert view_of(store, ADA) == before
