"""The log of a session: in order, gapless, whole."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import amberfile
from amberfile import Ambiguous, Conflict, Memory, NotFound, OpIdReused, Parts, Said, Session

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
CALL = {"id": "c1", "function": {"name": "search", "arguments": "{}"}}


def test_a_message_comes_back_as_it_was_given(memory: Memory) -> None:
    chat = memory.session("s")
    message = chat.append(
        "assistant",
        None,
        name="planner",
        tool_calls=[CALL],
        tool_call_id="c0",
        parts=Parts("openai", 2, {"raw": [1, None]}),
        created_at=NOW,
        id="m",
    )
    assert chat.messages() == [message]
    assert (message.content, message.tool_calls) == (None, (CALL,))
    assert (message.id, message.seq, message.turn, message.created_at) == ("m", 1, None, NOW)


def test_messages_are_in_order_and_a_limit_gives_the_last_ones(memory: Memory) -> None:
    chat = memory.session("s")
    assert [chat.append("user", text).seq for text in "abc"] == [1, 2, 3]
    assert [message.text for message in chat.messages()] == ["a", "b", "c"]
    assert [message.text for message in chat.messages(2)] == ["b", "c"]


def test_a_session_begins_with_its_first_message(memory: Memory) -> None:
    chat = memory.session("s")
    assert chat.messages() == []
    assert memory.sessions() == []
    assert chat.clear() == chat.delete() == 0
    for call in (chat.info, lambda: chat.rename("x")):
        with pytest.raises(NotFound):
            call()


def test_a_session_without_an_id_is_new(memory: Memory) -> None:
    one, other = memory.session(), memory.session(None)
    one.append("user", "x")
    assert one.id != other.id
    assert other.messages() == []
    assert memory.session(one.id).messages()


def test_many_messages_are_appended_in_order(memory: Memory) -> None:
    chat = memory.session("s")
    said = (Said("user", str(number), created_at=NOW) for number in range(2_345))
    assert chat.extend(said) == 2_345
    assert chat.extend([]) == 0
    stored = chat.messages()
    assert [message.seq for message in stored] == list(range(1, 2_346))
    assert [message.text for message in stored] == list(map(str, range(2_345)))


def test_seq_goes_on_after_clear_and_begins_anew_after_delete(memory: Memory) -> None:
    chat = memory.session("s")
    chat.extend([Said("user", "a"), Said("user", "b")])
    assert chat.clear() == 2
    assert chat.messages() == []
    assert chat.append("user", "c").seq == 3
    assert chat.delete() == 1
    assert memory.sessions() == []
    assert chat.append("user", "d").seq == 1


def test_a_session_tells_how_it_stands(memory: Memory) -> None:
    chat = memory.session("s")
    chat.append("user", "a")
    chat.rename("Deploying")
    memory.session("s2").append("user", "b")
    info = chat.info()
    assert (info.id, info.title, info.messages, info.last_seq) == ("s", "Deploying", 1, 1)
    assert [info.id for info in memory.sessions()] == ["s2", "s"]
    assert [info.id for info in memory.sessions("s2")] == ["s2"]


def test_a_session_is_resumed_by_a_prefix_of_its_id(memory: Memory) -> None:
    for id in ("abc", "abd", "b_", "bx"):
        memory.session(id).append("user", "x")
    assert memory.resume("abc").id == memory.resume("abc").id == "abc"
    assert memory.resume("b_").id == "b_"
    with pytest.raises(Ambiguous) as caught:
        memory.resume("ab")
    assert sorted(caught.value.candidates) == ["abc", "abd"]
    with pytest.raises(NotFound):
        memory.resume("c")


def test_an_exact_id_goes_before_longer_ones(memory: Memory) -> None:
    for id in ("a", "ab"):
        memory.session(id).append("user", "x")
    assert memory.resume("a").id == "a"


def test_a_turn_is_done_at_its_end(memory: Memory) -> None:
    chat = memory.session("s")
    with chat.turn() as turn:
        asked = turn.append("user", "where is it?")
        turn.append("assistant", "in the hall")
    assert chat.messages()[0] == asked
    assert [message.turn for message in chat.messages()] == [turn.id, turn.id]
    assert states(memory) == ["done"]
    with pytest.raises(Conflict):
        turn.append("user", "too late")


def test_a_turn_that_raises_is_failed_and_keeps_its_messages(memory: Memory) -> None:
    chat = memory.session("s")
    with suppress(ZeroDivisionError), chat.turn() as turn:
        turn.append("user", "x")
        raise ZeroDivisionError
    assert states(memory) == ["failed"]
    assert len(chat.messages()) == 1


def test_the_callers_error_goes_before_that_of_the_turn(memory: Memory) -> None:
    def fail(chat: Session) -> None:
        with chat.turn():
            chat.delete()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(memory.session("s"))


def test_one_turn_is_open_at_a_time_until_its_lease_runs_out(url: str) -> None:
    times = [NOW]
    with amberfile.open(url, clock=lambda: times[0]) as memory:
        chat = memory.session("s")
        first = chat.turn(lease=timedelta(minutes=1)).__enter__()
        with pytest.raises(Conflict), chat.turn():
            pass
        times[0] += timedelta(minutes=2)
        with chat.turn() as second:
            second.append("user", "x")
        with pytest.raises(Conflict):
            first.append("user", "its turn is over")
        with pytest.raises(Conflict):
            first.__exit__(None, None, None)
        assert states(memory) == ["failed", "done"]


def states(memory: Memory) -> list[str]:
    """Of the turns of session "s"."""
    return [turn.state for turn in memory._shared.store().turns(memory.scope, "s")]


def test_a_retried_append_writes_once(memory: Memory) -> None:
    chat = memory.session("s")
    first = chat.append("user", "x", tool_calls=[CALL], op_id="op")
    assert chat.append("user", "x", tool_calls=(CALL,), op_id="op") == first
    assert chat.messages() == [first]
    for content, session in (("y", "s"), ("x", "other")):
        with pytest.raises(OpIdReused):
            memory.session(session).append("user", content, tool_calls=[CALL], op_id="op")
    memory.forget(first.id)
    with pytest.raises(NotFound, match="forgotten"):
        chat.append("user", "x", tool_calls=[CALL], op_id="op")


def test_a_retried_turn_finds_its_first_message(memory: Memory) -> None:
    chat = memory.session("s")
    with suppress(KeyboardInterrupt), chat.turn() as turn:
        first = turn.append("user", "x", op_id="op")
        raise KeyboardInterrupt
    with chat.turn() as turn:
        assert turn.append("user", "x", op_id="op") == first


def test_an_id_of_a_message_is_used_once(memory: Memory) -> None:
    chat = memory.session("s")
    chat.append("user", "x", id="m")
    with pytest.raises(Conflict):
        chat.extend([Said("user", "a"), Said("user", "b", id="m")])
    assert [message.id for message in chat.messages()] == ["m"]


@pytest.mark.parametrize("data", [None, 0, "", [], {"\ud800": "\0"}, [[{"a": 1.5}]]])
def test_parts_survive_exactly(data: Any, memory: Memory) -> None:
    parts = Parts("theirs", 1, data)
    memory.session("s").append("user", None, parts=parts)
    assert memory.session("s").messages()[0].parts == parts
