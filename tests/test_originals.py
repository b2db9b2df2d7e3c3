"""What is kept of an original: all of it can be made again, and no text stands in it twice."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import Memory, Parts, Said
from amberfile.transfer import export_openai, import_path
from amberfile.transfer.originals import SHORTEST, kept, original
from amberfile.types import same_json

LONG = "Deploys go out on Friday, and only on Friday, says Ada. "
TEXTS = ["a" * (SHORTEST - 1), "a" * SHORTEST, "a" * 2 * SHORTEST, LONG, f"{LONG}\n{LONG}"]
WORDS = st.one_of(st.sampled_from(TEXTS), st.text(max_size=3))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=2), JSON, max_size=5)
CONTENTS = st.none() | WORDS | st.lists(WORDS).map("\n".join) | st.lists(WORDS).map("".join)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


@given(OBJECTS, CONTENTS, st.lists(OBJECTS, max_size=2), st.integers(0, 3))
def test_every_original_can_be_made_again(
    about: dict[str, Any], content: str | None, calls: list[Any], places: int
) -> None:
    told: Any = {**about, "call": [calls] * places}
    before = json.dumps(told)
    said = Said("user", content, tool_calls=calls)
    parts = kept("f", told, said)
    assert json.dumps(told) == before
    stored = Parts(parts.format, parts.version, json.loads(json.dumps(parts.data)))
    for _ in range(2):
        assert same_json(original(stored, said), told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LONG, {"text": LONG}),
        (LONG, {"text": LONG, "content": [{"text": LONG}]}),
        (f"{LONG}\n{LONG * 2}", {"parts": [LONG, {"image": 1}, LONG * 2]}),
        (LONG * 3, {"parts": [LONG, LONG * 2]}),
        (LONG, {"title": "of no use", "deep": [[[{"value": LONG}]]]}),
    ],
)
def test_a_text_of_the_content_is_not_kept_again(content: str, told: dict[str, Any]) -> None:
    parts = kept("f", told, Said("user", content))
    assert parts.version == 2
    assert LONG not in json.dumps(parts.data)


def test_what_tells_nothing_twice_is_kept_as_it_is() -> None:
    told = {"text": "short", "other": LONG}
    assert kept("f", told, Said("user", "short")) == Parts("f", 1, told)


def test_calls_are_not_kept_again() -> None:
    calls = [{"id": "c", "function": {"name": "f", "arguments": LONG}}]
    parts = kept("f", {"data": {"tool_calls": calls}}, Said("assistant", None, tool_calls=calls))
    assert parts == Parts("f", 2, {"rest": {"data": {}}, "calls": ["data", "tool_calls"]})


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "rest",
        [],
        {"raw": [1]},
        {"rest": {}, "texts": 7},
        {"rest": {}, "texts": [7]},
        {"rest": {}, "texts": [[]]},
        {"rest": {}, "texts": [[0, 1]]},
        {"rest": {}, "texts": [["a", 1, "x"]]},
        {"rest": {}, "texts": [[0, 1, ["x"]]]},
        {"rest": {}, "texts": [[0, 1, "x", "y"]]},
        {"rest": [], "texts": [[0, 1, 5]]},
        {"rest": {}, "calls": 7},
        {"rest": 7, "calls": ["x"]},
    ],
)
def test_parts_that_somebody_else_made_are_given_as_they_are(memory: Memory, data: Any) -> None:
    parts = Parts("openai", 2, data)
    assert original(parts, Said("user", LONG, parts=parts)) == data
    memory.session("s").append("user", LONG, parts=parts)
    out = io.BytesIO()
    assert export_openai(memory, out) == 1
    assert json.loads(out.getvalue())["messages"] == [data]


def test_a_time_and_a_session_do_not_double_a_message(memory: Memory, tmp_path: Path) -> None:
    told = {"role": "user", "content": LONG, "session": "s", "timestamp": 1_700_000_000}
    path = written(tmp_path / "chat.jsonl", told)
    import_path(memory, path)
    [message] = memory.session("s").messages()
    assert message.parts is not None
    assert LONG not in json.dumps(message.parts.data)
    out = io.BytesIO()
    export_openai(memory, out)
    assert json.loads(out.getvalue())["messages"] == [told]


def test_an_original_that_was_kept_whole_goes_out_as_it_came_in(memory: Memory) -> None:
    told = {"role": "user", "content": LONG, "weight": 1}
    memory.session("s").append("user", LONG, parts=Parts("openai", 1, told))
    out = io.BytesIO()
    export_openai(memory, out)
    assert json.loads(out.getvalue())["messages"] == [told]


CHATGPT = {
    "id": "c",
    "mapping": {
        "n": {
            "message": {
                "id": "m",
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [LONG, {"asset": 1}, LONG]},
                "metadata": {"model": "m", "at": None},
            }
        }
    },
}
CLAUDE = {
    "uuid": "c",
    "chat_messages": [
        {
            "uuid": "m",
            "sender": "human",
            "text": f"{LONG}\n\n{LONG}",
            "content": [{"type": "text", "text": LONG, "citations": []}] * 2,
        }
    ],
}
LANGCHAIN = {
    "type": "ai",
    "data": {
        "content": LONG,
        "tool_calls": [{"name": "f", "args": {"a": LONG}, "id": "c"}],
        "usage_metadata": {"input_tokens": 3},
    },
}
SHAREGPT = {"id": "c", "conversations": [{"from": "human", "value": LONG, "weight": 1}]}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([CHATGPT], CHATGPT["mapping"]["n"]["message"]),  # type: ignore[index]
        ([CLAUDE], CLAUDE["chat_messages"][0]),
        ([LANGCHAIN], LANGCHAIN),
        ([SHAREGPT], SHAREGPT["conversations"][0]),
    ],
    ids=["chatgpt", "claude", "langchain", "sharegpt"],
)
def test_the_original_of_each_format_can_be_made_from_the_message(
    memory: Memory, tmp_path: Path, value: Any, told: Any
) -> None:
    import_path(memory, written(tmp_path / "c.json", value))
    [info] = memory.sessions()
    [message] = memory.session(info.id).messages()
    assert message.parts is not None
    assert message.parts.version == 2
    assert original(message.parts, message) == told
