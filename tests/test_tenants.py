"""What one tenant sees is equal with and without the other, to the last bit of a score."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amberfile.changes import (
    Append,
    Batch,
    Change,
    Claim,
    ClearSession,
    CloseTurn,
    DropImport,
    Finish,
    Forget,
    MarkImport,
    Put,
    RenameSession,
    Restore,
    Result,
    Retract,
    Terms,
    pack_weight,
)
from amberfile.errors import Conflict, NotFound
from amberfile.recall.analysis import terms
from amberfile.recall.shape import item_terms, message_terms
from amberfile.recall.words import Searched, rank
from amberfile.stores.base import Changed, Store
from amberfile.stores.sqlite import SqliteStore
from amberfile.testing.samples import (
    HOUR,
    MANY,
    NOW,
    batch,
    enqueue,
    exact,
    found,
    item,
    message,
    open_turn,
    put,
    say,
    view_of,
)
from amberfile.types import Filter, Scope

A = Scope(user="a")
B = Scope(user="b")
IDS = ["one", "two", "three", "four", "five"]
SESSIONS = ["s", "t"]
KINDS = ["fact", "note"]
WORDS = "red green blue deploys go out on friday never before noon who said that".split()

Answer = tuple[Result, ...] | str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 12)))


def _put(rng: random.Random) -> Put:
    key = rng.choice([None, *IDS])
    written = item(
        rng.choice(IDS),
        _text(rng),
        kind=rng.choice(KINDS),
        key=key,
        topics=(rng.choice(WORDS),),
        metadata={"n": rng.randrange(3)},
    )
    terms = _with_an_odd_term(item_terms(written), rng)
    return Put(written, terms, rng.choice([None, None, None, 0, 1]))


def _with_an_odd_term(given: Terms, rng: random.Random) -> Terms:
    """One that UTF-8 has no form for stands apart in the engine."""
    odd = f"\ud800{rng.randrange(50)}"
    return given._replace(postings=[*given.postings, (odd, 0, pack_weight(1, 1))])


def _append(rng: random.Random) -> Append:
    said = message(_text(rng), id=rng.choice(IDS) + str(rng.randrange(20)))
    turn = rng.choice([None, None, *IDS[:2]])
    return Append(rng.choice(SESSIONS), (said,), (message_terms(said),), turn)


def _restore(rng: random.Random) -> Restore:
    hidden = item(rng.choice(IDS), _text(rng))
    return Restore(hidden.id, item_terms(hidden), rng.randrange(1, 5))


def change(rng: random.Random) -> Change:
    """Any change, about few names, so that both tenants use the same ones."""
    id, session, turn = rng.choice(IDS), rng.choice(SESSIONS), rng.choice(IDS[:2])
    said = rng.choice(IDS) + str(rng.randrange(20))
    some: list[Change] = [
        _put(rng), _put(rng), _put(rng), _append(rng), _append(rng), _append(rng),
        Retract(id, "because"), _restore(rng), Forget((id, said)), Forget(key=id),
        open_turn(turn, session), CloseTurn(session, turn),
        ClearSession(session, drop=rng.random() < 0.3), RenameSession(session, _text(rng)),
        enqueue(id, rng.choice(KINDS)), Claim((rng.choice(KINDS),), NOW + HOUR),
        Finish(id, rng.randrange(1, 3)), Finish(id, rng.randrange(1, 3), "retry"),
        MarkImport(id, _text(rng), "openai", 1), DropImport(id),
        Forget((id, said), may_return=True), Forget((id, said), written_by=rng.choice(IDS)),
    ]  # fmt: skip
    return rng.choice(some)


def calls(rng: random.Random, count: int) -> Iterator[Batch]:
    """One tenant's writes, in no scope yet; some are retries of an earlier one."""
    for number in range(count):
        op_id = rng.choice([None, f"op{rng.randrange(count)}"])
        changes = tuple(change(rng) for _ in range(rng.randint(1, 3)))
        yield Batch(B, changes, NOW + number * HOUR, op_id, b"digest" if op_id else b"")


def write(store: Store, scope: Scope, call: Batch) -> Answer:
    """The results, or the error's name and text; never a rev, which all tenants share."""
    try:
        return store.write(Batch(scope, call.changes, call.at, call.op_id, call.digest)).results
    except (Conflict, NotFound) as error:
        return repr(error)


def seen(store: Store, scope: Scope) -> dict[str, Any]:
    """Everything that a tenant can read, without revs and handles, which count all writes."""
    shown = _without_revs(view_of(store, scope))
    assert isinstance(shown, dict)
    return shown | {
        "changes": sorted(repr(exact(change[1:])) for change in _changes(store, scope)),
        "ranked": [_ranked(store, scope, word) for word in WORDS],
        "filtered": [
            [one.entry.id for one in store.find([scope], filter, limit=MANY, messages=True)]
            for filter in _filters()
        ],
        "ids": [store.ids(scope, part, limit=MANY) for part in ("o", "t", "three1")],
        "parts": store.vocabulary([scope], "e", prefix=False, limit=MANY),
        "odd": store.vocabulary([scope], "\ud800", prefix=True, limit=MANY),
        "sizes": [len(found(store, scope)), len(store.jobs(scope, IDS))],
    }


def _filters() -> list[Filter]:
    keys = [Filter(key=id) for id in IDS]
    return [*keys, Filter(kinds=["fact"]), Filter(sessions=["s"]), Filter(where={"n": 1})]


def _ranked(store: Store, scope: Scope, query: str) -> list[tuple[str, float]]:
    searched = Searched(store.postings([scope], terms(query)), store.stats([scope]))
    scores = dict(rank(searched, MANY))
    entries = store.entries([scope], list(scores))
    assert len(entries) == len(scores)
    return [(one.entry.id, scores[one.handle]) for one in entries]


def _changes(store: Store, scope: Scope) -> list[Changed]:
    """In one order, because within a rev it is open, and with rev 0 in their entries."""
    return [
        change._replace(entry=replace(change.entry, rev=0)) if change.entry else change
        for change in store.changes([scope], 0, limit=MANY)
    ]


def _without_revs(value: Any) -> Any:
    if isinstance(value, dict):
        kept = value.keys() - {"rev", "revs"}
        return {name: _without_revs(inner) for name, inner in value.items() if name in kept}
    return [_without_revs(inner) for inner in value] if isinstance(value, list) else value


def run(path: Path, alone: Sequence[Batch], beside: Sequence[Batch], seed: int) -> list[Any]:
    """What B is answered and sees at the end, while A's calls come between."""
    rng = random.Random(seed)
    store = SqliteStore(path, durability="relaxed")
    answers: list[Any] = []
    others = list(beside)
    for call in alone:
        while others and rng.random() < 0.6:
            write(store, A, others.pop(0))
        answers.append(write(store, B, call))
    for call in others:
        write(store, A, call)
    answers.append(seen(store, B))
    store.close()
    return answers


def test_a_tenant_sees_the_same_with_and_without_another(
    folder: Path, seed: int, torture: bool
) -> None:
    for number in range(500 if torture else 12):
        rng = random.Random(seed + number)
        own = list(calls(rng, 40))
        others = list(calls(rng, 40))
        alone = run(folder / f"{number}.db", own, [], seed)
        beside = run(folder / f"{number} and another.db", own, others, seed)
        assert exact(beside) == exact(alone), number


def test_a_tenant_with_the_same_names_answers_nothing_for_another(folder: Path, seed: int) -> None:
    """Every read by B with what A's rows are called, when B has nothing."""
    store = SqliteStore(folder / "memory.db", durability="relaxed")
    empty = seen(store, B)
    for call in calls(random.Random(seed), 60):
        write(store, A, call)
    store.write(batch(put("last"), say("words"), scope=A))
    assert seen(store, B) == empty
    handles = [one.handle for one in found(store, A)]
    assert handles
    assert store.entries([B], handles) == []
    assert store.near([B], handles, before=3, after=3) == {}
    assert store.known_messages(B, [one.entry.id for one in found(store, A)]) == []
    assert [store.turns(B, session) for session in SESSIONS] == [[], []]
    store.close()
