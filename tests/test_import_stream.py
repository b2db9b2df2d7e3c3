"""JSON that comes in pieces is the JSON that came in one, and damage is told by its line."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amberfile.transfer import stream
from amberfile.transfer.stream import Damage, Values

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
INDENTS = st.sampled_from([None, 0, 2])


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The data in pieces of these sizes, again and again."""
    at, number = 0, 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        yield data[at : at + size]
        at, number = at + size, number + 1


def read(data: bytes, sizes: list[int]) -> list[Any]:
    return [value for _, value in Values(cut(data, sizes))]


def until_damage(data: bytes, sizes: list[int]) -> tuple[list[Any], Damage | None]:
    found: list[Any] = []
    try:
        for _, value in Values(cut(data, sizes)):
            found.append(value)
    except Damage as damage:
        return found, damage
    return found, None


@given(st.lists(ANY, max_size=5), INDENTS, st.booleans(), st.lists(st.integers(1, 9), min_size=1))
def test_an_array_in_any_pieces_gives_its_elements(
    values: list[Any], indent: int | None, ascii: bool, sizes: list[int]
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=ascii).encode("utf-8", "replace")
    assert read(data, sizes) == json.loads(data)


@given(
    st.lists(ANY.filter(lambda value: not isinstance(value, list)), max_size=5),
    INDENTS,
    st.lists(st.integers(1, 9), min_size=1),
)
def test_values_that_follow_each_other_come_one_by_one(
    values: list[Any], indent: int | None, sizes: list[int]
) -> None:
    data = "\n ".join(json.dumps(value, indent=indent) for value in values).encode()
    assert read(data, sizes) == values


@pytest.mark.parametrize(
    "number", ["1", "-1", "1.5", "1e5", "1E+5", "1.25e-7", "0.5", "-0", "1" * 50]
)
@pytest.mark.parametrize("form", ["{}", "[{}]", "[{},{}]", ' {{"a": {} }} '])
def test_a_number_that_is_cut_is_read_whole(number: str, form: str) -> None:
    data = form.format(number, number).encode()
    whole = json.loads(data)
    expected = whole if isinstance(whole, list) else [whole]
    for size in range(1, len(data) + 1):
        assert read(data, [size]) == expected


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "true", '"\\ud83d\\ude00"', "{}"])
def test_a_word_that_is_cut_is_read_whole(word: str) -> None:
    data = f'[{{"a": {word}}}, {word}]'.encode()
    for size in range(1, len(data) + 1):
        assert repr(read(data, [size])) == repr(json.loads(data))


@given(st.lists(ANY, min_size=1, max_size=4), st.data())
def test_what_stands_before_a_damage_is_given_and_its_line_told(
    values: list[Any], data: st.DataObject
) -> None:
    before = "[" + "".join(json.dumps(value) + ",\n" for value in values)
    damage = data.draw(st.sampled_from([b"nonsense to the end", b"\xff", b"{'a': 1}", b"]"]))
    sizes = data.draw(st.lists(st.integers(1, 40), min_size=1))
    found, told = until_damage(before.encode() + damage + b"\n1]\n", sizes)
    assert json.dumps(found) == json.dumps(values)
    assert told is not None
    assert told.line == len(values) + 1


def test_a_damage_inside_a_value_is_told_by_its_own_line_and_column() -> None:
    data = b'[\n {"a": 1},\n {"b":\n  2 x}\n]' + b" " * 100
    found, told = until_damage(data, [5])
    assert (found, told and told.line) == ([{"a": 1}], 4)
    assert "column 5" in str(told)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"[1, 2", "nothing stands"),
        (b'[{"a": "b', "Unterminated string"),
        (b"[1 2]", "'2' stands"),
        (b"[1,]", "Expecting value"),
        (b'"\xe2\x82', "unexpected end of data"),
        (b"[" + b"1" * 5_000 + b"]", "cannot be read"),
        (b'{"a": ' * 100_000, "cannot be read"),
    ],
)
def test_a_file_that_ends_too_early_or_goes_wrong_is_damage(data: bytes, told: str) -> None:
    assert told in str(until_damage(data, [1_000])[1])


def test_text_that_is_no_json_is_damage_before_all_of_it_is_read() -> None:
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        while count < 1_000:
            count += 1
            yield b"Dear diary, today was quiet. "

    with pytest.raises(Damage):
        list(Values(pieces()))
    assert count < 10


def test_a_value_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGEST", 1_000)
    assert read(json.dumps(["a" * 900] * 5).encode(), [100]) == ["a" * 900] * 5
    _, told = until_damage(b'["' + b"a" * 10_000, [100])
    assert "longer than 1000 characters" in str(told)


def test_memory_follows_the_largest_value_and_not_the_file() -> None:
    element = b'{"text": "' + b"x" * 10_000 + b'"},'
    pieces = (part for parts in ([b"["], [element] * 2_000, [b"0]"]) for part in parts)
    tracemalloc.start()
    try:
        assert sum(1 for _ in Values(pieces)) == 2_001
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000  # of 20 MB
