"""mem0's memories: every form of the list, their history, and what has expired."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Item, Memory
from amberfile.transfer import Imported, import_path

UUID = "892db2ae-06d9-49e5-8b3e-585ef9b85b8e"
TEA = {
    "id": UUID,
    "memory": "Likes tea",
    "hash": "c8f3a1",
    "metadata": {"mood": "calm", "user_id": "of the app"},
    "score": 0.42,
    "user_id": "ada",
    "categories": ["food", "likes"],
    "created_at": "2024-07-20T01:30:36.275141-07:00",
    "updated_at": "2024-07-21T10:00:00Z",
}
ADDED = {
    "id": "h1",
    "memory_id": UUID,
    "old_memory": None,
    "new_memory": "Likes coffee",
    "event": "ADD",
    "created_at": "2024-07-20T08:30:36Z",
    "updated_at": None,
    "is_deleted": 0,
}
CHANGED = ADDED | {
    "id": "h2",
    "old_memory": "Likes coffee",
    "new_memory": "Likes tea",
    "event": "UPDATE",
    "updated_at": "2024-07-21T10:00:00Z",
}
DELETED = CHANGED | {"id": "h3", "new_memory": None, "event": "DELETE", "is_deleted": 1}


def day(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


@pytest.fixture
def memory() -> Memory:
    return amberfile.open("ram:", clock=lambda: day(2026, 5, 1))


def write(folder: Path, value: Any, name: str = "mem0.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return path


def only(memory: Memory) -> Item:
    (item,) = memory.find()
    return item


def texts(memory: Memory) -> list[str]:
    return sorted(item.text for item in memory.find())


@pytest.mark.parametrize(
    "value",
    [
        [TEA],
        {"results": [TEA], "relations": []},
        {"memories": [TEA]},
        json.dumps(TEA) + "\n" + json.dumps(TEA),
        [{name: value for name, value in TEA.items() if name != "memory"} | {"text": "Likes tea"}],
        [
            {name: value for name, value in TEA.items() if name != "memory"}
            | {"content": "Likes tea"}
        ],
    ],
)
def test_a_memory_is_read_from_any_form(memory: Memory, tmp_path: Path, value: Any) -> None:
    assert import_path(memory, write(tmp_path, value)).items == 1
    item = only(memory)
    assert (item.id, item.text, item.kind, item.key) == (UUID, "Likes tea", "note", None)
    assert item.topics == ("food", "likes")
    assert item.source == amberfile.Source("import", "mem0.json")


def test_what_has_no_field_is_in_the_metadata(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, [TEA]))
    assert only(memory).metadata == {
        "mood": "calm",
        "hash": "c8f3a1",
        "score": 0.42,
        "user_id": "ada",
        "metadata": {"user_id": "of the app"},
    }
    assert memory.find(amberfile.Filter(where={"user_id": "ada"})).items


def test_times_are_those_of_the_memory(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, [TEA]))
    item = only(memory)
    assert item.created_at == datetime.fromisoformat(str(TEA["created_at"]))
    assert item.updated_at == day(2024, 7, 21, 10)


def test_a_time_that_cannot_be_read_stays_as_it_is(memory: Memory, tmp_path: Path) -> None:
    odd = {"id": UUID, "memory": "a", "created_at": "soon", "categories": ["", 5]}
    import_path(memory, write(tmp_path, [odd]))
    item = only(memory)
    assert item.metadata == {"created_at": "soon", "categories": ["", 5]}
    assert (item.topics, item.created_at) == ((), day(2026, 5, 1))


def test_what_has_expired_is_left_out_and_counted(memory: Memory, tmp_path: Path) -> None:
    soon = {"id": "b" * 36, "memory": "until June", "expiration_date": "2026-06-01"}
    past = {"id": "c" * 36, "memory": "until April", "expiration_date": "2026-04-01"}
    done = import_path(memory, write(tmp_path, {"results": [soon, past]}))
    assert (done.items, done.hidden) == (1, 1)
    assert only(memory).expires_at == day(2026, 6, 1)


@pytest.mark.parametrize("changes", [[ADDED, CHANGED], [CHANGED, ADDED], [CHANGED]])
@pytest.mark.parametrize("with_memory", [True, False])
def test_a_history_becomes_versions(
    memory: Memory, tmp_path: Path, changes: list[Any], with_memory: bool
) -> None:
    value = [*changes, TEA] if with_memory else changes
    assert import_path(memory, write(tmp_path, value)).items == 1
    first, last = memory.history(only(memory).id)
    assert (first.item.text, last.item.text) == ("Likes coffee", "Likes tea")
    assert (first.change, last.change) == ("created", "updated")
    assert first.item.updated_at == day(2024, 7, 20, 8, 30, 36)
    assert last.item.updated_at == day(2024, 7, 21, 10)
    assert only(memory).topics == (("food", "likes") if with_memory else ())


def test_a_memory_that_differs_from_its_history_is_the_last_version(
    memory: Memory, tmp_path: Path
) -> None:
    import_path(memory, write(tmp_path, {"results": [TEA], "history": [ADDED]}))
    assert [one.item.text for one in memory.history(UUID)] == ["Likes coffee", "Likes tea"]


def test_what_was_deleted_there_does_not_come_in(memory: Memory, tmp_path: Path) -> None:
    done = import_path(memory, write(tmp_path, [ADDED, CHANGED, DELETED]))
    assert done == Imported(hidden=1)
    assert texts(memory) == []


def test_a_short_id_counts_in_its_file_only(memory: Memory, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        import_path(memory, write(tmp_path, [{"id": 1, "memory": f"of {name}"}], name))
    assert texts(memory) == ["of a.json", "of b.json"]


def test_an_id_used_twice_loses_no_memory(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path, [TEA, TEA | {"memory": "Likes cake"}, TEA])
    assert import_path(memory, path) == Imported(items=2, known=1)
    assert import_path(memory, path) == Imported(known=3)
    assert texts(memory) == ["Likes cake", "Likes tea"]


def test_without_an_id_the_words_and_the_owner_make_it(memory: Memory, tmp_path: Path) -> None:
    plain = [{"memory": "Likes tea", "user_id": user} for user in ("ada", "bob", "ada")]
    assert import_path(memory, write(tmp_path, plain)) == Imported(items=2, known=1)


def test_a_relation_of_the_graph_is_a_sentence(memory: Memory, tmp_path: Path) -> None:
    relation = {"source": "ada", "relationship": "works_at", "destination": "acme"}
    import_path(memory, write(tmp_path, {"results": [], "relations": [relation]}))
    item = only(memory)
    assert (item.kind, item.text) == ("relation", "ada works at acme")
    assert item.metadata == relation


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"id": 1, "memory": None}, "no text"),
        ("Likes tea", "no memory"),
        ({"source": 1, "relationship": "knows"}, "no source"),
    ],
)
def test_what_is_no_memory_is_refused_with_its_line(
    memory: Memory, tmp_path: Path, record: Any, why: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"line 3: .*{why}.* 1 items were imported"):
        import_path(memory, write(tmp_path, f"[{json.dumps(TEA)},\n\n{json.dumps(record)}]"))
    assert texts(memory) == ["Likes tea"]
