"""The contract of sessions: messages in order, neighbours, listings and turns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amberfile.changes import ClearSession, CloseTurn, Forget, OpenTurn, RenameSession
from amberfile.errors import Conflict, NotFound
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    BOB,
    HOUR,
    NOW,
    SECOND,
    append,
    batch,
    exact,
    found,
    ids,
    message,
    open_turn,
    put,
    say,
)
from amberfile.types import Parts, SessionInfo, Turn


class SessionContract(StoreHooks):
    def test_a_message_reads_back_as_it_was_said(self, store: Store) -> None:
        full = message(
            None,
            id="full",
            role="assistant",
            created_at=NOW + SECOND,
            name="planner",
            tool_calls=({"id": "1", "arguments": {"x": [1, 1.5, None, True]}}, {}),
            tool_call_id="1",
            parts=Parts("framework", 3, {"": [{"deep": ["exact", {}]}]}),
        )
        bare = message("", id="bare", tool_calls=())
        rev = store.write(batch(append(full, bare))).rev
        expected = exact([replace(full, seq=1, rev=rev), replace(bare, seq=2, rev=rev)])
        assert exact(store.messages(ADA, "s")) == expected
        assert exact(store.known_messages(ADA, ["full", "bare"])) == expected
        assert exact([one.entry for one in reversed(found(store))]) == expected

    def test_seq_scope_session_turn_and_rev_are_the_stores_own(self, store: Store) -> None:
        given = message("hello", seq=9, rev=9, scope=BOB, session="other", turn="t")
        rev = store.write(batch(append(given))).rev
        [stored] = store.messages(ADA, "s")
        told = (stored.seq, stored.rev, stored.scope, stored.session, stored.turn)
        assert told == (1, rev, ADA, "s", None)

    def test_a_message_shares_nothing_with_what_was_given_or_read(self, store: Store) -> None:
        arguments = {"x": 1}
        parts = Parts("f", 1, [1])
        store.write(batch(append(message("hello", tool_calls=(arguments,), parts=parts))))
        arguments["x"] = 2
        parts.data.append(2)
        [read] = store.messages(ADA, "s")
        assert read.tool_calls == ({"x": 1},)
        assert read.parts == Parts("f", 1, [1])

    def test_seq_goes_up_by_one_in_each_session(self, store: Store) -> None:
        first = store.write(batch(say("one", "two"), say("uno", session="t"), say("three")))
        second = store.write(batch(say("four")))
        results = [*first.results, *second.results]
        assert [(result.ids, result.number) for result in results] == [
            (("one", "two"), 1),
            (("uno",), 1),
            (("three",), 3),
            (("four",), 4),
        ]
        assert [(one.id, one.seq) for one in store.messages(ADA, "s")] == [
            ("one", 1),
            ("two", 2),
            ("three", 3),
            ("four", 4),
        ]

    def test_a_limit_gives_the_last_messages_oldest_first(self, store: Store) -> None:
        store.write(batch(say("one", "two", "three", "four")))
        assert ids(store.messages(ADA, "s", limit=2)) == ["three", "four"]
        assert ids(store.messages(ADA, "s", limit=9)) == ["one", "two", "three", "four"]
        assert ids(store.messages(ADA, "s", after=2)) == ["three", "four"]
        assert ids(store.messages(ADA, "s", after=1, limit=1)) == ["four"]
        assert store.messages(ADA, "s", after=4) == store.messages(ADA, "nowhere") == []

    def test_known_messages_answers_in_the_order_asked(self, store: Store) -> None:
        store.write(batch(say("one", "two"), say("three", session="t"), put("a")))
        asked = ["three", "a", "nobody", "one"]
        assert ids(store.known_messages(ADA, asked)) == ["three", "one"]
        assert store.known_messages(ADA, []) == []

    def test_a_messages_id_is_unique_in_its_scope(self, store: Store) -> None:
        store.write(batch(say("hello")))
        for again in (say("hello"), say("hello", session="t"), say("new", "new")):
            with pytest.raises(Conflict):
                store.write(batch(again))
        assert ids(found(store)) == ["hello"]

    def test_seq_goes_on_after_a_clear(self, store: Store) -> None:
        store.write(batch(say("one", "two")))
        assert store.write(batch(ClearSession("s"))).results[0].number == 2
        assert store.messages(ADA, "s") == store.known_messages(ADA, ["one"]) == []
        assert store.write(batch(say("one"))).results[0].number == 3
        assert ids(store.messages(ADA, "s")) == ["one"]

    def test_seq_begins_again_after_a_drop(self, store: Store) -> None:
        store.write(batch(say("one", "two"), RenameSession("s", "old")))
        assert store.write(batch(ClearSession("s", drop=True))).results[0].number == 2
        assert store.sessions(ADA) == []
        assert store.messages(ADA, "s") == []
        assert store.write(batch(say("one"))).results[0].number == 1
        assert [(one.title, one.messages) for one in store.sessions(ADA)] == [("", 1)]

    def test_clearing_an_unknown_session_is_no_error(self, store: Store) -> None:
        store.write(batch(put("a")))
        results = store.write(batch(ClearSession("s"), ClearSession("s", drop=True))).results
        assert [result.number for result in results] == [0, 0]
        assert store.sessions(ADA) == []

    def test_a_clear_takes_only_its_own_session(self, store: Store) -> None:
        store.write(batch(say("one"), say("two", session="S"), say("three", session="s ")))
        store.write(batch(ClearSession("s")))
        assert sorted(ids(found(store))) == ["three", "two"]

    def test_a_forgotten_message_leaves_its_seq_empty(self, store: Store) -> None:
        store.write(batch(say("one", "two", "three")))
        store.write(batch(Forget(("two", "three"))))
        store.write(batch(say("four")))
        assert [(one.id, one.seq) for one in store.messages(ADA, "s")] == [("one", 1), ("four", 4)]
        [info] = store.sessions(ADA)
        assert (info.messages, info.last_seq) == (2, 4)


class NeighbourContract(StoreHooks):
    def test_neighbours_are_those_of_the_same_session(self, store: Store) -> None:
        for pair in (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")):
            store.write(batch(say(pair[0]), say(pair[1], session="t")))
        assert _near(store, "b", before=2, after=1) == [(-1, "a"), (1, "c")]
        assert _near(store, "3", before=2, after=2) == [(-2, "1"), (-1, "2"), (1, "4")]
        assert _near(store, "a", before=9, after=0) == []

    def test_a_removed_neighbour_leaves_its_place_empty(self, store: Store) -> None:
        store.write(batch(say("a", "b", "c")))
        store.write(batch(Forget(("b",))))
        assert _near(store, "c", before=2, after=0) == [(-2, "a")]
        assert _near(store, "c", before=1, after=1) == []

    def test_items_and_unknown_handles_have_no_neighbours(self, store: Store) -> None:
        store.write(batch(say("a", "b"), put("c")))
        handles = {one.entry.id: one.handle for one in found(store)}
        near = store.near([ADA], [handles["c"], 999_999_999, handles["b"]], before=1, after=1)
        assert [*near] == [handles["b"]]
        [neighbour] = near[handles["b"]]
        assert neighbour.handle == handles["a"]
        assert [neighbour.message] == store.known_messages(ADA, ["a"])


class ListingContract(StoreHooks):
    def test_a_listing_tells_what_a_session_holds(self, store: Store) -> None:
        first, last = NOW - HOUR, NOW + HOUR
        said = append(message("one", created_at=first), message("two", created_at=last))
        store.write(batch(said, RenameSession("s", "Plans")))
        expected = SessionInfo("s", ADA, "Plans", 2, 2, first, last)
        assert exact(store.sessions(ADA)) == [exact(expected)]

    def test_a_clear_leaves_title_times_and_last_seq(self, store: Store) -> None:
        store.write(batch(say("one"), RenameSession("s", "Plans")))
        store.write(batch(ClearSession("s"), at=NOW + HOUR))
        assert store.sessions(ADA) == [SessionInfo("s", ADA, "Plans", 0, 1, NOW, NOW)]

    def test_the_session_last_written_to_is_first(self, store: Store) -> None:
        for session in "abcd":
            store.write(batch(say(f"in {session}", session=session)))
        assert _listed(store) == ["d", "c", "b", "a"]
        store.write(batch(RenameSession("a", "title")))
        store.write(batch(open_turn(session="b")))
        store.write(batch(ClearSession("c")))
        assert _listed(store) == ["c", "b", "a", "d"]
        store.write(batch(CloseTurn("b", "t")))
        store.write(batch(say("once more", session="d")))
        assert _listed(store) == ["d", "b", "c", "a"]

    def test_sessions_of_one_batch_are_listed_by_id(self, store: Store) -> None:
        store.write(batch(*(say(f"in {id}", session=id) for id in "bcBa")))
        assert _listed(store) == ["B", "a", "b", "c"]

    def test_sessions_are_searched_by_an_exact_prefix(self, store: Store) -> None:
        names = ["chat", "Chat", "cha", "ch%t", "ch_t", "écho", "e\u0301cho"]
        store.write(batch(*(say(f"in {id}", session=id) for id in names)))

        def fitting(prefix: str) -> list[str]:
            return [info.id for info in store.sessions(ADA, prefix)]

        assert fitting("cha") == ["cha", "chat"]
        assert fitting("ch%") == ["ch%t"]
        assert fitting("ch_") == ["ch_t"]
        assert fitting("e") == ["e\u0301cho"]
        assert fitting("chats") == []
        assert sorted(fitting("")) == sorted(names)

    def test_a_session_that_has_not_begun_has_no_title(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.write(batch(RenameSession("s", "title")))
        assert store.sessions(ADA) == []


class TurnContract(StoreHooks):
    def test_a_turn_is_open_until_it_is_closed(self, store: Store) -> None:
        store.write(batch(open_turn("t"), at=NOW))
        lease = NOW + HOUR
        assert store.turns(ADA, "s") == [Turn("t", "s", "open", lease, opened_at=NOW)]
        end = NOW + SECOND
        store.write(batch(CloseTurn("s", "t"), at=end))
        assert store.turns(ADA, "s") == [Turn("t", "s", "done", lease, NOW, end)]

    def test_turns_are_told_in_the_order_they_were_opened(self, store: Store) -> None:
        for turn, state in (("b", "done"), ("c", "failed"), ("a", "done")):
            closing = CloseTurn("s", turn, "done" if state == "done" else "failed")
            store.write(batch(open_turn(turn), closing))
        store.write(batch(open_turn("other", session="elsewhere")))
        told = [(turn.id, turn.state) for turn in store.turns(ADA, "s")]
        assert told == [("b", "done"), ("c", "failed"), ("a", "done")]
        assert store.turns(ADA, "nowhere") == []

    def test_a_turn_begins_its_session(self, store: Store) -> None:
        store.write(batch(open_turn(), at=NOW + SECOND))
        begun = NOW + SECOND
        assert store.sessions(ADA) == [SessionInfo("s", ADA, "", 0, 0, begun, begun)]
        store.write(batch(append(message("one", created_at=NOW + HOUR), turn="t")))
        assert store.sessions(ADA) == [SessionInfo("s", ADA, "", 1, 1, begun, NOW + HOUR)]

    def test_messages_carry_the_turn_they_were_said_in(self, store: Store) -> None:
        store.write(batch(open_turn(), say("one", turn="t"), say("two")))
        store.write(batch(say("three", turn="t"), CloseTurn("s", "t"), say("four")))
        assert [one.turn for one in store.messages(ADA, "s")] == ["t", None, "t", None]

    def test_an_open_turn_keeps_others_out_while_its_lease_runs(self, store: Store) -> None:
        store.write(batch(open_turn("t")))
        with pytest.raises(Conflict):
            store.write(batch(open_turn("u"), at=NOW + HOUR - SECOND))
        assert [turn.id for turn in store.turns(ADA, "s")] == ["t"]

    def test_a_turn_whose_lease_ran_out_fails_for_the_next(self, store: Store) -> None:
        store.write(batch(open_turn("t")))
        end = NOW + HOUR
        store.write(batch(OpenTurn("s", "u", end + HOUR), at=end))
        assert store.turns(ADA, "s") == [
            Turn("t", "s", "failed", end, NOW, end),
            Turn("u", "s", "open", end + HOUR, opened_at=end),
        ]
        with pytest.raises(Conflict):
            store.write(batch(say("late", turn="t"), at=end))

    def test_a_lease_that_ran_out_ends_nothing_by_itself(self, store: Store) -> None:
        store.write(batch(open_turn("t")))
        late = NOW + 2 * HOUR
        store.write(batch(say("late", turn="t"), CloseTurn("s", "t"), at=late))
        assert [turn.state for turn in store.turns(ADA, "s")] == ["done"]

    def test_a_turns_id_is_used_once_in_its_session(self, store: Store) -> None:
        store.write(batch(open_turn("t"), CloseTurn("s", "t")))
        with pytest.raises(Conflict):
            store.write(batch(open_turn("t")))
        store.write(batch(open_turn("t", session="other")))

    def test_only_an_open_turn_of_the_session_takes_messages_or_an_end(self, store: Store) -> None:
        store.write(batch(open_turn("done"), CloseTurn("s", "done"), open_turn("t", session="u")))
        for turn in ("done", "t", "nobody"):
            for change in (say("hello", turn=turn), CloseTurn("s", turn)):
                with pytest.raises(Conflict):
                    store.write(batch(change))
        for change in (say("hello", session="new", turn="t"), CloseTurn("new", "t")):
            with pytest.raises(Conflict):
                store.write(batch(change))
        assert found(store) == []

    @pytest.mark.parametrize("drop", [False, True])
    def test_a_clear_takes_the_turns_too(self, store: Store, drop: bool) -> None:
        store.write(batch(open_turn("t"), say("one", turn="t")))
        store.write(batch(ClearSession("s", drop)))
        assert store.turns(ADA, "s") == []
        store.write(batch(open_turn("u")))
        assert [turn.id for turn in store.turns(ADA, "s")] == ["u"]


def _near(store: Store, id: str, *, before: int, after: int) -> list[tuple[int, str]]:
    [handle] = [one.handle for one in found(store) if one.entry.id == id]
    near = store.near([ADA], [handle], before=before, after=after)
    return sorted((one.offset, one.message.id) for one in near.get(handle, []))


def _listed(store: Store) -> list[str]:
    return [info.id for info in store.sessions(ADA)]
