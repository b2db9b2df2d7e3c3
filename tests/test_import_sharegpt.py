"""ShareGPT's conversations, and the data sets that copied their form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Memory
from amberfile.transfer import Imported, import_path

HI = {"from": "human", "value": "Hi"}
HELLO = {"from": "gpt", "value": "Hello"}


@pytest.fixture
def memory() -> Memory:
    return amberfile.open("ram:")


def write(folder: Path, value: Any, name: str = "share.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def said(memory: Memory, session: str) -> list[tuple[str, str | None]]:
    return [(one.role, one.content) for one in memory.session(session).messages()]


TALK = [("user", "Hi"), ("assistant", "Hello")]


@pytest.mark.parametrize("list_name", ["conversations", "conversation", "messages", "items"])
def test_a_conversation_is_a_session(memory: Memory, tmp_path: Path, list_name: str) -> None:
    path = write(tmp_path, [{"id": "QWJhYvA_0", list_name: [HI, HELLO]}])
    assert import_path(memory, path) == Imported(sessions=1, messages=2)
    assert import_path(memory, path) == Imported(known=2)
    assert said(memory, "QWJhYvA_0") == TALK


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([HI, HELLO], {"share": 2}),
        ([{"conversations": [HI]}, {"conversations": [HI, HELLO]}], {"share-1": 1, "share-2": 2}),
        ([[HI], [HI, HELLO]], {"share-1": 1, "share-2": 2}),
        ({"id": 7, "conversations": [HI]}, {"7": 1}),
        ([{"id": "a", "items": [HI]}, {"id": "a", "items": [HI]}], {"a": 2}),
    ],
)
def test_sessions_are_called_by_the_id_or_the_file(
    memory: Memory, tmp_path: Path, value: Any, expected: dict[str, int]
) -> None:
    import_path(memory, write(tmp_path, value), format="sharegpt")
    assert {one.id: one.messages for one in memory.sessions()} == expected


def test_lines_are_conversations(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "share.jsonl"
    lines = [{"id": str(number), "conversations": [HI, HELLO]} for number in range(3)]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert import_path(memory, path) == Imported(sessions=3, messages=6)


@pytest.mark.parametrize(
    ("speaker", "role", "kept"),
    [
        ("human", "user", False),
        ("user", "user", True),
        ("gpt", "assistant", False),
        ("assistant", "assistant", True),
        ("system", "system", False),
        ("tool", "tool", False),
        ("function_call", "function_call", False),
        ("observation", "tool", True),
        ("a stranger", "a stranger", True),
    ],
)
def test_who_it_is_from_is_the_role(
    memory: Memory, tmp_path: Path, speaker: str, role: str, kept: bool
) -> None:
    original = {"from": speaker, "value": "Hi"}
    import_path(memory, write(tmp_path, [{"id": "s", "conversations": [original]}]))
    (message,) = memory.session("s").messages()
    assert message.role == role
    assert message.parts == (amberfile.Parts("sharegpt", 1, original) if kept else None)


def test_more_than_a_text_is_kept_whole(memory: Memory, tmp_path: Path) -> None:
    odd = [HI | {"weight": 0}, {"from": "gpt", "value": {"a": 1}}, {"from": "gpt", "value": None}]
    import_path(memory, write(tmp_path, [{"id": "s", "conversations": odd}]))
    weighted, other, nothing = memory.session("s").messages()
    assert weighted.parts == amberfile.Parts("sharegpt", 1, odd[0])
    assert (other.content, other.parts) == (None, amberfile.Parts("sharegpt", 1, odd[1]))
    assert (nothing.content, nothing.parts) == (None, None)


@pytest.mark.parametrize("inside", [True, False])
def test_an_instruction_beside_the_list_is_said_first(
    memory: Memory, tmp_path: Path, inside: bool
) -> None:
    first = [{"from": "system", "value": "Be kind"}] if inside else []
    talk = {"id": "s", "system": "Be kind", "conversations": [*first, HI]}
    import_path(memory, write(tmp_path, [talk]))
    assert said(memory, "s") == [("system", "Be kind"), ("user", "Hi")]


@pytest.mark.parametrize("wrong", [5, "Hi", {"from": 1, "value": "Hi"}, {"value": "Hi"}, [HI]])
def test_what_is_no_message_is_refused_with_its_place(
    memory: Memory, tmp_path: Path, wrong: Any
) -> None:
    talks = [{"id": "a", "conversations": [HI]}, {"id": "b", "conversations": [HI, wrong]}]
    with pytest.raises(InvalidInput, match="line 1: message 2 is none"):
        import_path(memory, write(tmp_path, talks))
    assert [one.id for one in memory.sessions()] == ["a"]
