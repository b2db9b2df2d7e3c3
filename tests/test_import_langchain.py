"""LangChain's messages in each of the forms in which they are written down."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Memory, Message
from amberfile.transfer import Imported, import_path, originals

CALL = {"name": "add", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}
HUMAN: dict[str, Any] = {"content": "What is 1 + 1?", "id": "m-1", "name": "ada"}
AI: dict[str, Any] = {"content": "", "id": "run-2", "tool_calls": [CALL], "usage_metadata": None}
TOOL: dict[str, Any] = {"content": "2", "tool_call_id": "call_1", "status": "success"}
EMPTY: dict[str, Any] = {"additional_kwargs": {}, "response_metadata": {}}
TIME = datetime(2024, 5, 1, 10, tzinfo=timezone.utc)


def as_dict(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "data": {**EMPTY, "type": kind, **fields}}


def as_dump(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    name = {"human": "HumanMessage", "ai": "AIMessageChunk", "tool": "ToolMessage"}[kind]
    path = ["langchain", "schema", "messages", name]
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": fields}


def as_fields(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {**EMPTY, "type": kind, **fields}


@pytest.fixture
def memory() -> Memory:
    return amberfile.open("ram:")


def write(folder: Path, *values: Any, name: str = "chat.json") -> Path:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, values)))
    return path


def only(memory: Memory) -> Message:
    (session,) = memory.sessions()
    (message,) = memory.session(session.id).messages()
    return message


@pytest.mark.parametrize("form", [as_dict, as_dump, as_fields])
@pytest.mark.parametrize("shape", ["list", "object", "lines"])
def test_messages_of_any_form_are_read(
    memory: Memory, tmp_path: Path, form: Any, shape: str
) -> None:
    messages = [form("human", HUMAN), form("ai", AI), form("tool", TOOL)]
    shapes: dict[str, list[Any]] = {
        "list": [messages],
        "object": [{"messages": messages}],
        "lines": messages,
    }
    path = write(tmp_path, *shapes[shape])
    assert import_path(memory, path) == Imported(sessions=1, messages=3)
    assert import_path(memory, path) == Imported(known=3)
    human, ai, tool = memory.session("chat").messages()
    assert (human.role, human.content, human.name) == ("user", "What is 1 + 1?", "ada")
    assert (human.id, human.parts) == ("m-1", None)
    assert (ai.role, ai.content, ai.tool_calls, ai.parts) == ("assistant", "", (CALL,), None)
    assert (tool.role, tool.content, tool.tool_call_id) == ("tool", "2", "call_1")
    assert tool.parts is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[as_dict("human", HUMAN)], [as_dict("ai", AI)]], {"chat-1": 1, "chat-2": 1}),
        ({"thread_id": "t", "messages": [as_fields("human", HUMAN)]}, {"t": 1}),
        (
            {"lc": 1, "id": ["History"], "kwargs": {"messages": [as_dump("ai", AI)]}},
            {"chat": 1},
        ),
    ],
)
def test_conversations_are_sessions(
    memory: Memory, tmp_path: Path, value: Any, expected: dict[str, int]
) -> None:
    import_path(memory, write(tmp_path, value))
    assert {one.id: one.messages for one in memory.sessions()} == expected


@pytest.mark.parametrize(
    "more",
    [
        {"additional_kwargs": {"refusal": "no"}},
        {"response_metadata": {"model": "m"}},
        {"usage_metadata": {"input_tokens": 3}},
        {"artifact": {"rows": [1]}},
        {"status": "error"},
        {"example": True},
        {"content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": "u"}]},
        {"id": {"lc": 1, "type": "secret", "id": ["KEY"]}},
    ],
)
def test_what_has_no_field_is_kept_whole(memory: Memory, tmp_path: Path, more: Any) -> None:
    original = as_dict("ai", AI | more)
    import_path(memory, write(tmp_path, [original]))
    message = only(memory)
    assert message.parts is not None
    assert message.parts.format == "langchain"
    assert originals.original(message.parts, message) == original
    assert message.content == ("see" if "content" in more else "")


def test_the_providers_own_calls_stand_in_where_there_are_no_others(
    memory: Memory, tmp_path: Path
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    old = {"content": "", "additional_kwargs": {"tool_calls": [call]}, "tool_calls": []}
    import_path(memory, write(tmp_path, [as_dict("ai", old)]))
    assert only(memory).tool_calls == (call,)


@pytest.mark.parametrize(
    ("original", "role"),
    [
        (as_dict("system", {"content": "x"}), "system"),
        (as_dict("function", {"content": "x", "name": "f"}), "function"),
        (as_dict("chat", {"content": "x", "role": "critic"}), "critic"),
        (as_dict("AIMessageChunk", {"content": "x"}), "assistant"),
        (as_dict("a stranger", {"content": "x"}), "a stranger"),
        ({"type": "human", "content": "x"}, "user"),
        (
            {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"content": "x"}},
            "system",
        ),
    ],
)
def test_the_type_is_the_role(memory: Memory, tmp_path: Path, original: Any, role: str) -> None:
    import_path(memory, write(tmp_path, [original]), format="langchain")
    assert (only(memory).role, only(memory).content) == (role, "x")


def test_a_type_that_is_not_langchains_own_is_kept_whole(memory: Memory, tmp_path: Path) -> None:
    path = ["app", "messages", "StrangerMessage"]
    original = {"lc": 1, "type": "constructor", "id": path, "kwargs": {"content": "x"}}
    import_path(memory, write(tmp_path, [original]))
    assert only(memory).role == "stranger"
    assert only(memory).parts == amberfile.Parts("langchain", 1, original)


def test_the_texts_of_blocks_stand_one_a_line(memory: Memory, tmp_path: Path) -> None:
    blocks = ["a", {"type": "text", "text": "b"}, {"type": "tool_use", "input": {}}, {"text": 5}]
    import_path(memory, write(tmp_path, [as_dict("ai", {"content": blocks})]))
    assert only(memory).content == "a\nb"


@pytest.mark.parametrize(
    "hidden",
    [
        as_dict("remove", {"content": "", "id": "m-1"}),
        {"lc": 1, "type": "not_implemented", "id": ["app", "MyMessage"], "repr": "MyMessage()"},
        {"lc": 1, "type": "secret", "id": ["API_KEY"]},
    ],
)
def test_what_is_no_message_there_either_is_hidden(
    memory: Memory, tmp_path: Path, hidden: Any
) -> None:
    done = import_path(memory, write(tmp_path, [as_dict("human", HUMAN), hidden]))
    assert done == Imported(sessions=1, messages=1, hidden=1)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_message_before_the_first_time_has_that_time(
    memory: Memory, tmp_path: Path, wrapped: bool
) -> None:
    timed = as_dict("ai", {"content": "2", "response_metadata": {"created_at": TIME.isoformat()}})
    messages = [as_dict("human", HUMAN), timed, as_dict("tool", TOOL)]
    import_path(memory, write(tmp_path, {"messages": messages} if wrapped else messages))
    told = memory.session("chat").messages()
    assert [one.created_at for one in told] == [TIME] * 3
    assert [one.role for one in told] == ["user", "assistant", "tool"]


def test_a_conversations_own_time_is_better_than_none(memory: Memory, tmp_path: Path) -> None:
    thread = {"created_at": TIME.isoformat(), "messages": [as_dict("human", HUMAN)]}
    import_path(memory, write(tmp_path, thread))
    assert only(memory).created_at == TIME


def test_an_id_that_two_conversations_use_loses_no_message(memory: Memory, tmp_path: Path) -> None:
    talks = [{"id": name, "messages": [as_dict("human", HUMAN)]} for name in ("a", "b")]
    path = write(tmp_path, talks)
    assert import_path(memory, path) == Imported(sessions=2, messages=2)
    assert import_path(memory, path) == Imported(known=2)


@pytest.mark.parametrize(
    "wrong",
    [5, {"type": "human"}, {"type": "human", "data": []}, {"lc": 1, "kwargs": {}}, [5], {"a": 1}],
)
def test_what_is_no_message_is_refused_with_its_line(
    memory: Memory, tmp_path: Path, wrong: Any
) -> None:
    path = write(tmp_path, as_dict("human", HUMAN), wrong)
    with pytest.raises(InvalidInput, match=r"line 2: .* Before it 1 messages"):
        import_path(memory, path)
