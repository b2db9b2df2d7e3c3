"""Random imports: a dry run counts as the real one, and an undo leaves a life without it."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import pytest

import amberfile
from amberfile import AmberfileError, Memory, Said, doctor, imports
from amberfile.replay import Imported, Replay
from amberfile.testing.samples import NOW, exact, item, view_of
from amberfile.types import Version, moment

Step: TypeAlias = Callable[[Memory], object]

DAYS = [moment(day * 86_400_000_000) for day in range(20_000, 20_010)]
CHANGES = ["updated", "retracted", "restored"]


def empty() -> Memory:
    return amberfile.open("ram:", clock=lambda: NOW)


def own_step(chance: random.Random, names: list[str], keys: list[str | None]) -> Step:
    """Something that somebody does with one of `names`."""
    id, other, key = chance.choice(names), chance.choice(names), chance.choice(keys)
    text, session = f"own {chance.random()}", chance.choice("st")
    steps: list[Step] = [
        lambda memory: memory.remember(text, id=id, key=key),
        lambda memory: memory.update(id, text=text),
        lambda memory: memory.retract(id),
        lambda memory: memory.restore(id),
        lambda memory: memory.forget(id, other),
        lambda memory: memory.session(session).append("user", text, id=id),
        lambda memory: memory.session(session).append("user", text, id=text),
    ]
    return chance.choice(steps)


def edit(chance: random.Random, names: list[str]) -> Step:
    """Something that somebody does with an item that he did not write."""
    id, text = chance.choice(names), f"own {chance.random()}"
    steps: list[Step] = [
        lambda memory: memory.update(id, text=text),
        lambda memory: memory.retract(id),
    ]
    return chance.choice(steps)


def live(memory: Memory, steps: list[Step]) -> None:
    for step in steps:
        with suppress(AmberfileError):
            step(memory)


class Source:
    """A random file: the same entries each time that it is brought to a replay."""

    def __init__(self, chance: random.Random, names: list[str], keys: list[str | None]) -> None:
        self._chance, self._names, self._keys = chance, names, keys
        each = [self._history, self._message]
        self._entries = [chance.choice(each)() for _ in range(chance.choice([1, 5, 30]))]

    def brought(self, memory: Memory, *, dry_run: bool = False) -> Imported:
        replay = Replay(memory, source="x", dry_run=dry_run)
        for entry in self._entries:
            entry(replay)
        return replay.finish()

    def _history(self) -> Callable[[Replay], None]:
        """Of one item; some cannot have happened as it is told."""
        chance, id = self._chance, self._chance.choice(self._names)
        changes = ["created", *chance.choices(CHANGES, k=chance.choice([0, 0, 1, 2, 4]))]
        versions = [Version(self._item(id), change) for change in changes]
        return lambda replay: replay.item(versions)

    def _item(self, id: str) -> Any:
        return item(
            id,
            f"{id} {self._chance.choice('xy')}",
            kind=self._chance.choice(["fact", "note"]),
            key=self._chance.choice([None, *self._keys]),
            updated_at=self._chance.choice(DAYS),
        )

    def _message(self) -> Callable[[Replay], None]:
        id, session = self._chance.choice(self._names), self._chance.choice("stu")
        said = Said("user", f"{id} {self._chance.choice('xy')}", id=id, created_at=DAYS[0])
        instead = self._chance.choice(["", f"{id} too"])
        return lambda replay: replay.message(session, said, other_id=instead)


def seen(memory: Memory) -> object:
    return view_of(memory._shared.store(), memory.scope)


@pytest.mark.parametrize("together", [1, 7, 1_000])
def test_a_dry_run_writes_nothing_and_counts_as_the_real_one(
    seed: int, torture: bool, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amberfile.replay.BATCH", together)
    names, keys = [f"n{number}" for number in range(12)], ["k", "l", None]
    most = _counts(Imported())
    for number in range(2_000 if torture else 60):
        chance, memory = random.Random(seed + number), empty()
        live(memory, [own_step(chance, names, keys) for _ in range(chance.randrange(30))])
        source = Source(chance, names, keys)
        before = seen(memory)
        foreseen = source.brought(memory, dry_run=True)
        assert (seen(memory), foreseen.id) == (before, None)
        done = source.brought(memory)
        assert foreseen == done, number
        assert doctor.faults(memory) == []
        told = [(one.id, one.entries) for one in imports.listed(memory)]
        assert told == ([(done.id, done.messages + done.items)] if done.id else [])
        assert source.brought(memory).known >= done.messages + done.items
        most = tuple(map(max, most, _counts(done)))
    assert all(most), "some kind of entry never came"


def _counts(done: Imported) -> tuple[int, ...]:
    return done.sessions, done.messages, done.items, done.known, done.skipped


def test_an_undone_import_leaves_a_life_without_it(
    seed: int, torture: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amberfile.imports.BATCH", 7)
    kept = 0
    for number in range(2_000 if torture else 60):
        chance = random.Random(seed + number)
        own, theirs = [f"o{number}" for number in range(5)], [f"a{number}" for number in range(8)]
        others = [f"b{number}" for number in range(5)]
        first, second = Source(chance, theirs, ["ka", "la"]), Source(chance, others, ["kb"])
        before = [own_step(chance, own, ["k", None]) for _ in range(chance.randrange(10))]
        after = [own_step(chance, own, ["k", None]) for _ in range(chance.randrange(10))]
        after += [edit(chance, theirs) for _ in range(chance.randrange(3))]
        with_it, without = empty(), empty()
        live(with_it, before)
        live(without, before)
        done = first.brought(with_it)
        for memory in (with_it, without):
            live(memory, after)
            second.brought(memory)
        edited = _edited(with_it, theirs, done)
        told = imports.undo(with_it, str(done.id))
        assert told.kept == len(edited), number
        assert standing(with_it) == standing(without) | edited, number
        assert sessions(with_it, least=0) <= sessions(without, least=0)
        assert sessions(with_it, least=1) == sessions(without, least=1)
        assert doctor.faults(with_it) == []
        assert first.brought(with_it).skipped <= done.skipped + len(edited)
        kept += told.kept
    assert kept, "no item was ever edited"


def _edited(memory: Memory, names: list[str], done: Imported) -> dict[str, object]:
    """The items of the import that somebody else wrote last, with their histories."""
    [revs] = [one.revs for one in imports.listed(memory) if one.id == done.id]
    histories = {id: memory.history(id) for id in names}
    return {
        id: _plain(versions)
        for id, versions in histories.items()
        if versions and versions[-1].item.rev not in revs
    }


def standing(memory: Memory) -> dict[str, object]:
    """Items with their histories, and what was said in each session; no revs, no seqs."""
    ids = memory._shared.store().ids(memory.scope, "", limit=1_000)
    found = {id: _plain(versions) for id in ids if (versions := memory.history(id))}
    for session in memory.sessions():
        for said in memory.session(session.id).messages():
            found[f"said: {said.id}"] = (session.id, said.role, said.content, said.created_at)
    return found


def sessions(memory: Memory, *, least: int) -> set[str]:
    return {one.id for one in memory.sessions() if one.messages >= least}


def _plain(versions: list[Version]) -> object:
    told = exact(versions)
    for version in told:
        del version["item"]["rev"]
    return told
