"""What a file holds is seen from its content: no format takes another's files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Memory, imports
from amberfile.transfer import export_jsonl, import_path
from amberfile.transfer.detect import FORMATS, IMPORTERS
from amberfile.transfer.own.yaml_stream import export_yaml
from amberfile.transfer.source import Source

CHATGPT = {
    "title": "Tea",
    "create_time": 1714557600.5,
    "update_time": 1714557601.5,
    "mapping": {
        "root": {"id": "root", "message": None, "parent": None, "children": ["a"]},
        "a": {
            "id": "a",
            "parent": "root",
            "children": [],
            "message": {
                "id": "a",
                "author": {"role": "user"},
                "create_time": 1714557600.5,
                "content": {"content_type": "text", "parts": ["Hi"]},
            },
        },
    },
    "current_node": "a",
    "conversation_id": "c-1",
}
CLAUDE = {
    "uuid": "c-1",
    "name": "Tea",
    "created_at": "2024-05-01T10:00:00Z",
    "updated_at": "2024-05-01T10:00:00Z",
    "chat_messages": [
        {
            "uuid": "m-1",
            "sender": "human",
            "text": "Hi",
            "content": [{"type": "text", "text": "Hi"}],
            "created_at": "2024-05-01T10:00:00Z",
            "attachments": [],
            "files": [],
        }
    ],
}
DUMP = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "HumanMessage"],
    "kwargs": {"content": "Hi", "type": "human"},
}
AS_DICT = {"type": "human", "data": {"content": "Hi", "type": "human"}}
STATE = {"content": "Hi", "type": "human", "additional_kwargs": {}, "id": "m-1"}
ENTITY = {"type": "entity", "name": "Ada", "entityType": "person", "observations": ["Hi"]}
RELATION = {"type": "relation", "from": "Ada", "to": "ACME", "relationType": "works_at"}
MEMORY = {"id": "m-1", "memory": "Likes tea", "user_id": "ada", "created_at": "2024-05-01"}
ROW = {"id": 1, "memory_id": "m-1", "old_memory": None, "new_memory": "Likes tea", "event": "ADD"}
SHARE = {"id": "x_0", "conversations": [{"from": "human", "value": "Hi"}]}
HI = {"role": "user", "content": "Hi"}

JSON: list[tuple[str, Any]] = [
    ("chatgpt", [CHATGPT]),
    ("claude", [CLAUDE]),
    ("mcp", ENTITY),
    ("mcp", RELATION),
    ("mcp", {"entities": [ENTITY], "relations": []}),
    ("mcp", {"entities": [], "relations": [RELATION]}),
    ("langchain", [AS_DICT]),
    ("langchain", [DUMP]),
    ("langchain", [STATE]),
    ("langchain", {"messages": [STATE]}),
    ("langchain", {"messages": [DUMP], "id": "t", "title": "Tea"}),
    ("langchain", [[AS_DICT], [AS_DICT]]),
    ("sharegpt", [SHARE]),
    ("sharegpt", [{"id": "x_0", "messages": SHARE["conversations"]}]),
    ("sharegpt", SHARE["conversations"]),
    ("mem0", [MEMORY]),
    ("mem0", {"results": [MEMORY]}),
    ("mem0", {"results": [], "relations": []}),
    ("mem0", {"memories": [MEMORY]}),
    ("mem0", [{"id": "m-1", "text": "Likes tea", "agent_id": "planner"}]),
    ("mem0", [{"id": "m-1", "content": "Likes tea", "hash": "c8f3", "role": "user"}]),
    ("mem0", [ROW]),
    ("openai", [HI]),
    ("openai", [HI | {"id": "m-1", "user_id": "ada"}]),
    ("openai", {"id": "c-1", "title": "Tea", "messages": [HI]}),
    ("openai", [{"messages": [HI]}, {"messages": [HI]}]),
    ("openai", [{"type": "message", "role": "user", "content": [{"type": "text", "text": "Hi"}]}]),
    ("openai", [{"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"}]),
]


def fitting(path: Path) -> list[str]:
    """The formats that would take it, but for "openai" behind another: it is asked last."""
    source = Source(path, path.name)
    first, *others = [one.name for one in IMPORTERS if one.fits(source)] or [""]
    return [first, *(name for name in others if name != "openai")]


def brought(path: Path) -> str:
    """The format under which an import of it is recorded; "" if it brought nothing."""
    with amberfile.open("ram:") as memory:
        import_path(memory, path)
        return "".join(info.format for info in imports.listed(memory))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(("format", "value"), JSON)
def test_each_json_file_is_of_one_kind(
    tmp_path: Path, format: str, value: Any, indent: int | None
) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value, indent=indent))
    assert fitting(path) == [format]
    assert brought(path) in (format, "")


@pytest.mark.parametrize(("format", "value"), JSON)
def test_each_file_of_lines_is_of_one_kind(tmp_path: Path, format: str, value: Any) -> None:
    path = tmp_path / "export.jsonl"
    lines = value if isinstance(value, list) else [value, value]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert fitting(path) == [format]
    assert brought(path) in (format, "")


def agentroute_file(path: Path, _: Memory) -> None:
    _database(
        path,
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, role, content, tool_calls, tool_call_id,"
        " name); CREATE TABLE facts (key PRIMARY KEY, value);"
        " INSERT INTO facts VALUES ('name', 'Ada');",
    )


def ollama_agent_file(path: Path, _: Memory) -> None:
    _database(
        path,
        "CREATE TABLE conversations (session_id, role, content, timestamp, tokens_est);"
        "CREATE TABLE summaries (session_id, summary, turn_range, created_at);"
        "CREATE TABLE facts (key UNIQUE, value, updated_at);"
        "INSERT INTO facts VALUES ('name', 'Ada', '2025-03-01');",
    )


def _database(path: Path, script: str) -> None:
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()


def jsonl_file(path: Path, memory: Memory) -> None:
    with path.open("wb") as file:
        export_jsonl(memory, file)


def yaml_file(path: Path, memory: Memory) -> None:
    with path.open("wb") as file:
        export_yaml(memory, file)


def markdown_file(path: Path, _: Memory) -> None:
    path.write_text("---\ntype: note\ntags: [tea]\n---\n\n# Tea\n\nLikes tea.\n")


MADE: dict[str, tuple[str, Callable[[Path, Memory], None]]] = {
    "agentroute": ("old.db", agentroute_file),
    "ollama-agent": ("old.sqlite", ollama_agent_file),
    "jsonl": ("all.jsonl", jsonl_file),
    "yaml": ("all.yaml", yaml_file),
    "markdown": ("tea.md", markdown_file),
}


@pytest.fixture
def own() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        memory.remember("Likes tea")
        yield memory


@pytest.mark.parametrize("format", MADE)
def test_each_other_file_is_of_one_kind(tmp_path: Path, own: Memory, format: str) -> None:
    name, make = MADE[format]
    path = tmp_path / name
    make(path, own)
    assert fitting(path) == [format]
    assert brought(path) == format


def test_every_format_has_a_sample() -> None:
    named_only = {"list"}  # any text fits it
    assert {format for format, _ in JSON} | set(MADE) == set(FORMATS) - named_only


def test_a_folder_of_everything_comes_in(tmp_path: Path, own: Memory) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for name, make in MADE.values():
        make(folder / name, own)
    for number, (_, value) in enumerate(JSON):
        (folder / f"{number:02}.json").write_text(json.dumps(value))
    with amberfile.open("ram:") as memory:
        import_path(memory, folder)
        (info,) = imports.listed(memory)
        assert info.format == "mixed"
        assert {item.kind for item in memory.find()} >= {"note", "fact", "relation"}


@pytest.mark.parametrize(
    "value",
    [
        5,
        "text",
        None,
        {},
        {"a": 1},
        {"type": ["entity"], "name": "Ada"},
        {"conversations": [5]},
        {"conversations": {}},
        {"messages": 5},
        {"results": {}},
        {"results": [5]},
        {"memory": ["Likes tea"]},
        {"from": "human"},
        [[[[[]]]]],
    ],
)
def test_other_json_is_of_no_kind(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value))
    assert fitting(path) in ([""], ["openai"])
    with amberfile.open("ram:") as memory, pytest.raises(InvalidInput):
        import_path(memory, path)
