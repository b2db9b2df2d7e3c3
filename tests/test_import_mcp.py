"""The file of MCP's memory server: each observation and relation comes in once."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Memory
from amberfile.transfer import Imported, import_path

ADA = {
    "type": "entity",
    "name": "Ada",
    "entityType": "person",
    "observations": ["Likes tea", "Speaks Latin"],
}
ACME = {"type": "entity", "name": "ACME", "entityType": "company", "observations": []}
WORKS = {"type": "relation", "from": "Ada", "to": "ACME", "relationType": "works_at"}


@pytest.fixture
def memory() -> Memory:
    return amberfile.open("ram:")


def write(folder: Path, *lines: Any, name: str = "memory.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def texts(memory: Memory) -> list[str]:
    return sorted(item.text for item in memory.find())


ALL = ["ACME: company", "Ada works at ACME", "Ada: Likes tea", "Ada: Speaks Latin"]


def test_lines_become_items(memory: Memory, tmp_path: Path) -> None:
    assert import_path(memory, write(tmp_path, ADA, ACME, WORKS)) == Imported(items=4)
    assert texts(memory) == ALL
    tea = memory.recall("who likes tea?")[0].entry
    assert isinstance(tea, amberfile.Item)
    assert (tea.kind, tea.topics) == ("note", ("person", "Ada"))
    assert tea.metadata == {"entity": "Ada", "entityType": "person", "observation": "Likes tea"}
    (works,) = memory.find(amberfile.Filter(kinds=["relation"]))
    assert works.metadata == {"from": "Ada", "to": "ACME", "relationType": "works_at"}


def without_type(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "type"}


@pytest.mark.parametrize("name", ["memory.json", "memory.jsonl"])
def test_one_object_says_the_same(memory: Memory, tmp_path: Path, name: str) -> None:
    graph = {"entities": [*map(without_type, (ADA, ACME))], "relations": [without_type(WORKS)]}
    import_path(memory, write(tmp_path, graph, name=name))
    assert texts(memory) == ALL
    assert import_path(memory, write(tmp_path, ADA, ACME, WORKS)) == Imported(known=4)


def test_other_names_of_the_fields_are_known(memory: Memory, tmp_path: Path) -> None:
    entity: dict[str, Any] = {"type": "entity", "entityName": "Ada", "entity_type": "person"}
    entity |= {"observations": ["Likes tea", "Speaks Latin"]}
    unnamed = {"type": "entity", "id": "ACME", "entityType": "company", "observations": []}
    relation = {"type": "relation", "from_id": "Ada", "to_id": "ACME", "relation_type": "works_at"}
    import_path(memory, write(tmp_path, entity, unnamed, relation))
    assert texts(memory) == ALL


def test_of_a_grown_file_only_what_is_new_comes_in(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, ADA, WORKS))
    grown = ADA | {"observations": ["Has a cat", *ADA["observations"]]}
    path = write(tmp_path, ACME, WORKS, grown, name="renamed.jsonl")
    assert import_path(memory, path) == Imported(items=2, known=3)
    assert texts(memory) == sorted([*ALL, "Ada: Has a cat"])


def test_an_observation_may_be_an_object_with_a_time(memory: Memory, tmp_path: Path) -> None:
    seen = {"content": "Likes tea", "timestamp": "2024-05-01T10:00:00Z", "by": "bob"}
    import_path(memory, write(tmp_path, ADA | {"observations": [seen], "weight": 3}))
    (item,) = memory.find()
    assert (item.text, item.metadata["observation"]) == ("Ada: Likes tea", seen)
    assert (item.metadata["weight"], item.created_at) == (
        3,
        datetime(2024, 5, 1, 10, tzinfo=timezone.utc),
    )


def test_a_name_that_is_no_topic_is_none(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, ADA | {"entityType": "", "name": "x" * 2_000}))
    assert {item.topics for item in memory.find()} == {()}


def test_what_the_server_notes_for_itself_is_hidden(memory: Memory, tmp_path: Path) -> None:
    assert import_path(memory, write(tmp_path, ADA, {"type": "_aim"})).hidden == 1


@pytest.mark.parametrize(
    "line",
    [
        5,
        {"name": "Ada"},
        ADA | {"name": ""},
        ADA | {"observations": "tea"},
        ADA | {"observations": [7]},
        ADA | {"observations": [{"content": None}]},
        WORKS | {"to": None},
        WORKS | {"relationType": ["knows"]},
        {"entities": [5], "relations": []},
    ],
)
def test_what_is_neither_is_refused_with_its_line(
    memory: Memory, tmp_path: Path, line: Any
) -> None:
    with pytest.raises(InvalidInput, match=r"memory.jsonl, line 2: "):
        import_path(memory, write(tmp_path, ACME, line))
    assert texts(memory) == ["ACME: company"]
