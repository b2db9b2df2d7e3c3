"""A few characters name the one entry that is meant."""

from __future__ import annotations

import pytest

from amberfile import Ambiguous, InvalidInput, Memory, NotFound
from amberfile.lookup import find_id


def test_the_beginning_of_an_id_names_an_item_or_a_message(memory: Memory) -> None:
    memory.remember("one", id="item-1")
    memory.session("s").append("user", "two", id="message-1")
    assert [find_id(memory, prefix) for prefix in ("i", "m", "item-1")] == [
        "item-1",
        "message-1",
        "item-1",
    ]


def test_an_exact_id_goes_before_longer_ones(memory: Memory) -> None:
    for id in ("ab", "abc", "abd"):
        memory.remember(id, id=id)
    assert find_id(memory, "ab") == "ab"


def test_several_are_told(memory: Memory) -> None:
    memory.remember("one", id="ab")
    memory.session("s").append("user", "two", id="ac")
    with pytest.raises(Ambiguous, match="2 entries begin with 'a': ab, ac") as error:
        find_id(memory, "a")
    assert error.value.candidates == ("ab", "ac")


def test_none_is_told_with_what_was_asked(memory: Memory) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        find_id(memory, "nobody")
    with pytest.raises(InvalidInput):
        find_id(memory, "")


def test_a_hidden_item_is_named_and_a_forgotten_one_is_not(memory: Memory) -> None:
    for id in ("hidden", "gone"):
        memory.remember(id, id=id)
    memory.retract("hidden")
    memory.forget("gone")
    assert find_id(memory, "hid") == "hidden"
    with pytest.raises(NotFound):
        find_id(memory, "gone")


def test_only_its_own_scope_is_looked_at(memory: Memory) -> None:
    ada = memory.scoped(user="ada")
    ada.remember("hers", id="abc")
    with pytest.raises(NotFound):
        find_id(memory.scoped(user="bob", reads=[ada.scope]), "a")
    assert find_id(ada, "a") == "abc"
