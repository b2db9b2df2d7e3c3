"""A handle reaches its own scope, what it was given to read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import amberfile
from amberfile import Filter, Memory, NotFound, Scope, ScopeError

ADA, BOB, TEAM = Scope(user="ada"), Scope(user="bob"), Scope(user="team")


@pytest.fixture
def ada(memory: Memory) -> Memory:
    """Ada's, which reads the team's too, in a store where Bob has the same ids."""
    team = memory.scoped(user="team")
    team.remember("umbrella of the team", id="shared", key="k")
    team.session("s").append("user", "umbrella said by the team", id="team-said")
    bob = memory.scoped(user="bob")
    bob.remember("umbrella of Bob", id="secret")
    bob.remember("umbrella of Bob", id="mine")
    bob.session("bobs").append("user", "umbrella said by Bob", id="bob-said")
    ada = memory.scoped(user="ada", reads=[TEAM])
    ada.remember("umbrella of Ada", id="mine")
    return ada


def test_a_handle_without_a_name_is_the_default_scope(memory: Memory) -> None:
    assert memory.scope == Scope()
    assert memory.reads == (Scope(),)
    assert memory.remember("x").scope == Scope()


def test_reads_come_in_order_the_own_first_and_none_twice(memory: Memory) -> None:
    ada = memory.scoped(user="ada", reads=[TEAM, ADA, BOB, TEAM])
    assert ada.reads == (ADA, TEAM, BOB)


def test_it_finds_what_it_reads_and_nothing_else(ada: Memory) -> None:
    assert {hit.id for hit in ada.recall("umbrella")} == {"mine", "shared", "team-said"}
    assert {hit.id for hit in ada.recall("")} == {"mine", "shared", "team-said"}
    assert {item.text for item in ada.find()} == {"umbrella of Ada", "umbrella of the team"}
    assert [item.text for item in ada.get("mine", "shared", "secret")] == [
        "umbrella of Ada",
        "umbrella of the team",
    ]
    assert ada.history("shared")
    assert ada.history("secret") == []


def test_the_first_scope_that_has_an_id_gives_it(ada: Memory) -> None:
    ada.remember("Ada's own", id="shared")
    assert [item.text for item in ada.get("shared")] == ["Ada's own"]
    assert ada.history("shared")[0].item.scope == ADA


def test_it_writes_to_its_own_scope_only(ada: Memory, memory: Memory) -> None:
    assert ada.forget("secret", "shared", "team-said", "bob-said", key="k") == 0
    assert ada.retract("secret", "shared") == ada.restore("secret", "shared") == 0
    for id in ("secret", "shared"):
        with pytest.raises(NotFound):
            ada.update(id, text="changed")
    assert memory.scoped(user="team").get("shared")
    assert len(memory.scoped(user="bob").find()) == 2


def test_sessions_are_those_of_the_own_scope(ada: Memory) -> None:
    assert ada.sessions() == []
    assert ada.session("s").messages() == ada.session("bobs").messages() == []
    assert ada.session("bobs").clear() == 0
    with pytest.raises(NotFound):
        ada.resume("bobs")


def test_another_scopes_words_change_no_score(memory: Memory) -> None:
    ada = memory.scoped(user="ada")
    for text in ("red umbrella", "red hat", "blue hat"):
        ada.remember(text)
    before = [(hit.id, hit.score) for hit in ada.recall("red umbrella")]
    bob = memory.scoped(user="bob")
    for number in range(50):
        bob.remember(f"red umbrella {number} and much more of it")
    assert [(hit.id, hit.score) for hit in ada.recall("red umbrella")] == before


@pytest.mark.parametrize("field", ["space", "user", "agent"])
@pytest.mark.parametrize("again", ["ada", "bob", "default"])
def test_what_is_bound_cannot_be_bound_again(field: str, again: str, memory: Memory) -> None:
    bound = memory.scoped(**{field: "ada"})  # type: ignore[arg-type]
    with pytest.raises(ScopeError, match="bound"):
        bound.scoped(**{field: again})  # type: ignore[arg-type]


def test_what_is_not_bound_can_be_bound_later(memory: Memory) -> None:
    planner = memory.scoped(user="ada").scoped(agent="planner").scoped(space="work")
    assert planner.scope == Scope("work", "ada", "planner")


@pytest.mark.parametrize(
    ("reads", "allowed"),
    [
        ([Scope(user="ada", agent="other")], True),
        ([Scope(space="work", user="ada")], True),
        ([TEAM], True),
        ([ADA], True),
        ([BOB], False),
        ([Scope()], False),
        ([Scope(user="team", agent="other")], False),
        ([TEAM, BOB], False),
    ],
)
def test_reads_name_only_what_the_handle_may_read(
    reads: list[Scope], allowed: bool, ada: Memory
) -> None:
    if allowed:
        assert ada.scoped(agent="planner", reads=reads).reads[1:] == tuple(reads)
    else:
        with pytest.raises(ScopeError, match="may not read"):
            ada.scoped(agent="planner", reads=reads)


def test_a_narrowed_handle_reads_only_what_it_is_given(ada: Memory) -> None:
    planner = ada.scoped(agent="planner")
    assert planner.reads == (Scope(user="ada", agent="planner"),)
    assert planner.recall("umbrella") == []


def test_a_scope_that_is_bound_to_the_default_is_bound(memory: Memory) -> None:
    bound = memory.scoped(user="default")
    assert bound.scope == Scope()
    with pytest.raises(ScopeError):
        bound.scopes()
    with pytest.raises(ScopeError):
        bound.scoped(user="bob")


def test_only_an_unbound_handle_sees_the_whole_store(ada: Memory, memory: Memory) -> None:
    assert set(memory.scopes()) == {ADA, BOB, TEAM}
    assert memory.info().details
    assert not ada.info().details
    for call in (ada.scopes, lambda: ada.backup("copy.db")):
        with pytest.raises(ScopeError):
            call()


CALLS: list[Callable[[Memory], Any]] = [
    lambda memory: memory.remember("x"),
    lambda memory: memory.remember_all([amberfile.Draft("x")]),
    lambda memory: memory.recall("x"),
    lambda memory: memory.recall(""),
    lambda memory: memory.get("x"),
    lambda memory: memory.find(Filter()),
    lambda memory: memory.update("x", text="y"),
    lambda memory: memory.retract("x"),
    lambda memory: memory.restore("x"),
    lambda memory: memory.forget("x"),
    lambda memory: memory.history("x"),
    lambda memory: memory.session("x"),
    lambda memory: memory.sessions(),
    lambda memory: memory.resume("x"),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_required_scope_refuses_the_default(call: Callable[[Memory], Any], url: str) -> None:
    with amberfile.open(url, require_scope=True) as memory:
        with pytest.raises(ScopeError, match="scoped"):
            call(memory)
        with pytest.raises(ScopeError, match="scoped"):
            call(memory.scoped(reads=[ADA]))
        assert memory.scopes() == []


@pytest.mark.parametrize("field", ["space", "user", "agent"])
def test_any_name_fulfils_a_required_scope(field: str, url: str) -> None:
    with amberfile.open(url, require_scope=True) as memory:
        assert memory.scoped(**{field: "x"}).remember("x")  # type: ignore[arg-type]
