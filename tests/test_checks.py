"""Bad input is one typed error that names the value, before anything is written."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amberfile import Draft, InvalidInput, Memory, Parts, Said, Scope, Source, checks

NAIVE = datetime(2026, 1, 2)
DEEP: list[Any] = []
for _ in range(101):
    DEEP = [DEEP]
ENDLESS: dict[str, Any] = {}
ENDLESS["self"] = ENDLESS
WIDE: list[Any] = []
for _ in range(90):
    WIDE = [WIDE, WIDE]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("text", None),
        ("text", b"bytes"),
        ("text", Unprintable()),
        ("key", ""),
        ("key", "k" * 1_001),
        ("id", ""),
        ("id", 7),
        ("kind", "message"),
        ("kind", ""),
        ("topics", "ops"),
        ("topics", [1]),
        ("topics", [""]),
        ("topics", 7),
        ("metadata", []),
        ("metadata", {1: "a key that is no str"}),
        ("metadata", {"x": {2: 3}}),
        ("metadata", {"x": math.nan}),
        ("metadata", {"x": math.inf}),
        ("metadata", {"x": {1, 2}}),
        ("metadata", {"x": b"bytes"}),
        ("metadata", {"x": NAIVE}),
        ("metadata", {"x": DEEP}),
        ("metadata", {"x": 1 << 5_000}),
        ("metadata", ENDLESS),
        ("source", "user"),
        ("source", Source("user", trust=2)),
        ("source", Source("")),
        ("importance", -0.1),
        ("importance", math.nan),
        ("importance", True),
        ("importance", "high"),
        ("derived_from", "an-id"),
        ("valid_from", NAIVE),
        ("valid_to", "2026-01-02"),
        ("expires_at", 0),
        ("expires_at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),
        ("op_id", ""),
        ("op_id", "o" * 201),
    ],
)
def test_remember_refuses_it_and_writes_nothing(argument: str, value: Any, memory: Memory) -> None:
    with pytest.raises(InvalidInput, match=argument):
        memory.remember(**({"text": "x"} | {argument: value}))
    assert len(memory.find()) == 0


def test_a_value_that_shares_its_parts_without_end_is_refused_in_time() -> None:
    with pytest.raises(InvalidInput, match="larger than"):
        checks.json("metadata", WIDE)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("role", ""),
        ("role", None),
        ("content", 5),
        ("name", 5),
        ("tool_calls", {"id": "a call, not a list"}),
        ("tool_calls", ["no object"]),
        ("tool_call_id", b"1"),
        ("parts", {"data": 1}),
        ("parts", Parts("", 1, None)),
        ("parts", Parts("openai", "1", None)),  # type: ignore[arg-type]
        ("parts", Parts("openai", 1, object())),
        ("created_at", NAIVE),
        ("id", ""),
        ("op_id", ""),
    ],
)
def test_append_refuses_it_and_writes_nothing(argument: str, value: Any, memory: Memory) -> None:
    chat = memory.session("s")
    with pytest.raises(InvalidInput, match=argument):
        chat.append(**({"role": "user", "content": "x"} | {argument: value}))
    assert memory.sessions() == []


@pytest.mark.parametrize(
    "call",
    [
        lambda memory: memory.recall(None),
        lambda memory: memory.recall("x", limit="10"),
        lambda memory: memory.recall("x", limit=True),
        lambda memory: memory.recall("x", kinds="fact"),
        lambda memory: memory.recall("x", since=NAIVE),
        lambda memory: memory.recall("x", where={"x": math.nan}),
        lambda memory: memory.find({"kinds": ["fact"]}),
        lambda memory: memory.find(cursor="!"),
        lambda memory: memory.find(cursor="é"),
        lambda memory: memory.find(cursor="AAAA"),
        lambda memory: memory.find(cursor="____________"),
        lambda memory: memory.find(cursor=3),
        lambda memory: memory.get(None),
        lambda memory: memory.history(""),
        lambda memory: memory.forget(1),
        lambda memory: memory.retract("x", reason=None),
        lambda memory: memory.update("x", if_version="1"),
        lambda memory: memory.update("x", text=3),
        lambda memory: memory.remember_all(["no draft"]),
        lambda memory: memory.remember_all([Draft("x", kind="message")]),
        lambda memory: memory.session(""),
        lambda memory: memory.session("s").extend(["no message"]),
        lambda memory: memory.session("s").extend([Said("user", "x", id="")]),
        lambda memory: memory.session("s").messages("3"),
        lambda memory: memory.session("s").rename(None),
        lambda memory: memory.session("s").turn(lease=timedelta()),
        lambda memory: memory.session("s").turn(lease=600),
        lambda memory: memory.resume(""),
        lambda memory: memory.scoped(user=""),
        lambda memory: memory.scoped(reads=["ada"]),
        lambda memory: memory.scoped(reads=Scope(user="ada")),
        lambda memory: memory.backup(7),
    ],
)
def test_every_call_refuses_what_it_cannot_take(call: Any, memory: Memory) -> None:
    with pytest.raises(InvalidInput):
        call(memory)


def test_an_error_shows_the_value_in_short_and_the_next_step() -> None:
    with pytest.raises(InvalidInput) as caught:
        checks.name("key", "k" * 5_000)
    assert str(caught.value).endswith("has 5,000 characters. Give up to 1,000.")
    assert len(str(caught.value)) < 160


def test_any_text_is_taken_and_given_back(memory: Memory) -> None:
    for text in ["", "\0", "\ud800", "\ud83d\ude00", "😀", "a\r\nb", "'; DROP TABLE item; --"]:
        assert memory.get(memory.remember(text).id)[0].text == text


@given(JSON)
def test_a_json_value_is_copied_by_value(value: Any) -> None:
    copy = checks.json("metadata", value)
    assert copy == value
    assert json.loads(json.dumps(copy)) == value
    assert copy is not value or not isinstance(value, list | dict)


def test_subclasses_become_the_plain_types_and_tuples_lists() -> None:
    copy = checks.json("metadata", {"a": Colour.RED, "b": Level.HIGH, "c": (1, (2,))})
    assert copy == {"a": "red", "b": 3, "c": [1, [2]]}
    assert [type(value) for value in copy.values()] == [str, int, list]
    assert type(checks.name("key", Colour.RED)) is str


def test_times_become_utc() -> None:
    there = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert checks.time("since", there).isoformat() == "2026-01-02T01:00:00+00:00"


def test_topics_keep_their_order_and_lose_repeats() -> None:
    assert checks.names("topics", ["b", "a", "b"]) == ("b", "a")
    assert checks.names("topics", {"b", "a", "c"}) == ("a", "b", "c")


def test_what_is_given_later_changes_nothing_stored(memory: Memory) -> None:
    metadata = {"list": [1]}
    item = memory.remember("x", metadata=metadata)
    metadata["list"].append(2)
    item.metadata["list"].append(3)
    assert memory.get(item.id)[0].metadata == {"list": [1]}
