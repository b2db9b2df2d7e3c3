"""Files of other programs that are wrong at any place: taken or refused, never a crash.

What holds for each of these formats stands here too: a second import adds
nothing, the file stays as it is, and an import can be undone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory, imports
from amberfile.transfer import import_path

MEM0 = [
    {
        "id": "892db2ae-06d9-49e5-8b3e-585ef9b85b8e",
        "memory": "Likes tea",
        "metadata": {"mood": ["calm"]},
        "categories": ["food"],
        "created_at": "2024-07-20T01:30:36-07:00",
        "expiration_date": None,
    },
    {
        "memory_id": "892db2ae-06d9-49e5-8b3e-585ef9b85b8e",
        "old_memory": "Likes coffee",
        "new_memory": "Likes tea",
        "event": "UPDATE",
        "created_at": "2024-07-20T01:30:36-07:00",
    },
    {"source": "ada", "relationship": "works_at", "target": "acme"},
]
LANGCHAIN = [
    {
        "id": "t",
        "title": "Sums",
        "messages": [
            {"type": "human", "data": {"content": "1 + 1?", "id": "m-1", "name": "ada"}},
            {
                "lc": 1,
                "type": "constructor",
                "id": ["langchain", "schema", "messages", "AIMessage"],
                "kwargs": {
                    "content": [{"type": "text", "text": "2"}],
                    "tool_calls": [{"name": "add", "args": {"a": 1}, "id": "c"}],
                    "additional_kwargs": {"timestamp": 1714557600},
                },
            },
            {"type": "tool", "content": "2", "tool_call_id": "c", "response_metadata": {}},
        ],
    }
]
SHAREGPT = [
    {
        "id": "x_0",
        "system": "Be kind",
        "conversations": [
            {"from": "human", "value": "Hi", "weight": 1},
            {"from": "gpt", "value": "Hello"},
        ],
    }
]
MCP = [
    {
        "entities": [
            {
                "name": "Ada",
                "entityType": "person",
                "observations": ["Likes tea", {"content": "Is kind", "timestamp": "2024-05-01"}],
            }
        ],
        "relations": [{"from": "Ada", "to": "ACME", "relationType": "works_at"}],
    }
]
SAMPLES: dict[str, Any] = {"mem0": MEM0, "langchain": LANGCHAIN, "sharegpt": SHAREGPT, "mcp": MCP}

each_format = pytest.mark.parametrize("format", SAMPLES)

Path_ = tuple[Any, ...]


def places(value: Any, here: Path_ = ()) -> Iterator[Path_]:
    """The way to every part of a JSON value."""
    yield here
    owner = dict(enumerate(value)) if isinstance(value, list) else value
    for key, part in owner.items() if isinstance(owner, dict) else ():
        yield from places(part, (*here, key))


def replaced(value: Any, place: Path_, part: Any) -> Any:
    """The same value with another part at `place`."""
    if not place:
        return part
    changed = copy.deepcopy(value)
    owner = changed
    for key in place[:-1]:
        owner = owner[key]
    owner[place[-1]] = part
    return changed


def write(folder: Path, value: Any) -> Path:
    return write_text(folder, json.dumps(value))


def write_text(folder: Path, text: str) -> Path:
    path = folder / "hostile.json"
    path.write_text(text)
    return path


def is_taken(path: Path, format: str) -> bool:
    """Whether it is; what is refused is refused in one typed error, and again the same way."""
    with amberfile.open("ram:") as memory:
        try:
            import_path(memory, path, format=format)
        except InvalidInput as error:
            assert str(path) in str(error)  # noqa: PT017 - either way is right
            with pytest.raises(InvalidInput, match="0 messages and 0 items"):
                import_path(memory, path, format=format)
            return False
        again = import_path(memory, path, format=format)
        assert (again.messages, again.items) == (0, 0)
        return True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@each_format
@given(data=st.data(), part=JSON)
def test_any_value_at_any_place_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, format: str, data: st.DataObject, part: Any
) -> None:
    sample = SAMPLES[format]
    place = data.draw(st.sampled_from(list(places(sample))))
    path = write(tmp_path_factory.mktemp("any"), replaced(sample, place, part))
    is_taken(path, format)


ODD = {
    "deep": json.loads("[" * 400 + "]" * 400),
    "deep objects": json.loads('{"a":' * 300 + "1" + "}" * 300),
    "not a number": float("nan"),
    "endless": float("inf"),
    "huge": 10**4_000,
    "long": "x" * 5_000,
    "controls": "\x00\x1b[2J\u202e",
    "lone surrogate": "\ud800",
    "false": False,
    "number": 0,
    "empty": "",
    "list": [],
    "object": {},
    "nothing": None,
    "constructor": {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {}},
}


@each_format
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_values_at_each_place_are_taken_or_refused(
    tmp_path: Path, format: str, odd: Any
) -> None:
    for place in places(SAMPLES[format]):
        is_taken(write(tmp_path, replaced(SAMPLES[format], place, odd)), format)


@each_format
@pytest.mark.parametrize(
    "text", ["", "[", "[[", "[]", "{}", "nul", '{"a": ', "[" * 100_000, '{"a":' * 100_000, "\0"]
)
def test_broken_files_are_taken_or_refused(tmp_path: Path, format: str, text: str) -> None:
    is_taken(write_text(tmp_path, text), format)


@each_format
@pytest.mark.parametrize("text", ["\ud800 tail", "\x00\x1b[2J\u202e", "x" * 200_000])
def test_any_text_comes_in_as_it_is(tmp_path: Path, format: str, text: str) -> None:
    old = {"mem0": "Likes tea", "langchain": "1 + 1?", "sharegpt": "Hello", "mcp": "Likes tea"}
    changed = json.dumps(SAMPLES[format]).replace(json.dumps(old[format]), json.dumps(text))
    with amberfile.open("ram:") as memory:
        import_path(memory, write_text(tmp_path, changed), format=format)
        told = [item.text for item in memory.find()]
        for info in memory.sessions():
            told += [message.text for message in memory.session(info.id).messages()]
        assert any(text in one for one in told)


@each_format
def test_a_second_import_adds_nothing_and_the_file_stays(
    memory: Memory, tmp_path: Path, format: str
) -> None:
    path = write(tmp_path, SAMPLES[format])
    before = path.read_bytes()
    first = import_path(memory, path)
    again = import_path(memory, path)
    assert first.messages + first.items == again.known > 0
    assert (again.messages, again.items, again.skipped) == (0, 0, 0)
    assert path.read_bytes() == before


@each_format
def test_a_dry_run_tells_what_a_run_does(memory: Memory, tmp_path: Path, format: str) -> None:
    path = write(tmp_path, SAMPLES[format] * 2)
    told = import_path(memory, path, dry_run=True)
    assert not memory.sessions()
    assert told == import_path(memory, path)


@each_format
def test_an_undone_import_leaves_nothing_and_may_come_again(
    memory: Memory, tmp_path: Path, format: str
) -> None:
    own = memory.remember("my own")
    path = write(tmp_path, SAMPLES[format])
    done = import_path(memory, path)
    assert done.id is not None
    assert imports.undo(memory, done.id).entries == done.messages + done.items
    assert (list(memory.find()), memory.sessions()) == ([own], [])
    assert import_path(memory, path) == done
