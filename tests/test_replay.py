"""Random histories survive an export and an import, to the byte and in their order."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import amberfile
from amberfile import AmberfileError, Memory, doctor
from amberfile.transfer import export_jsonl, import_path

ROUNDS = 20
STEPS = 40
IDS = [f"i{number}" for number in range(6)]


def steps(memory: Memory, chance: random.Random) -> list[Callable[[], object]]:
    """What may happen next; the last two seldom do."""
    id, session = chance.choice(IDS), memory.session(chance.choice("ab"))
    said = session.messages()
    return [
        lambda: memory.remember(f"said {chance.random()}", id=id),
        lambda: memory.update(id, text="changed", topics=["t"]),
        lambda: memory.retract(id, reason="r"),
        lambda: memory.restore(id),
        lambda: session.append("user", f"word {chance.random()}"),
        lambda: memory.forget(id),
        lambda: memory.forget(*(one.id for one in said[:1])),
    ]


def lived(chance: random.Random) -> Memory:
    memory = amberfile.open("ram:")
    for _ in range(STEPS):
        with suppress(AmberfileError):
            chance.choices(steps(memory, chance), weights=[4, 4, 4, 4, 4, 1, 1])[0]()
    return memory


def exported(memory: Memory) -> bytes:
    out = io.BytesIO()
    export_jsonl(memory, out)
    return out.getvalue()


def test_a_random_history_survives(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    for number in range(ROUNDS):
        before, after = lived(random.Random(seed + number)), amberfile.open("ram:")
        path.write_bytes(exported(before))
        done = import_path(after, path)
        assert (done.known, done.skipped) == (0, 0)
        assert exported(after) == exported(before)
        assert [hit.id for hit in after.recall("word")] == [hit.id for hit in before.recall("word")]
        assert doctor.faults(after) == []
