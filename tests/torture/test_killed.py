"""What a write promised survives `kill -9`. (T1)"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from amberfile.stores.sqlite import SqliteStore
from tests.torture.crew import Worker, answers, crew, tell
from tests.torture.load import Alone, check_order, step, steps_stored

WORKERS = range(8)
ROUNDS_A_FILE = 10
ENDLESS = 1_000_000


def test_killed_writers_lose_nothing_halve_nothing_and_double_nothing(
    path: str, rng: random.Random, figure: Callable[[int, int], int]
) -> None:
    rounds = figure(6, 500)
    total = sum(
        _torture(f"{path}.{first}", min(ROUNDS_A_FILE, rounds - first), rng)
        for first in range(0, rounds, ROUNDS_A_FILE)
    )
    print(f"{total} acknowledged writes, 0 lost")
    assert total > 0


def _torture(path: str, rounds: int, rng: random.Random) -> int:
    """Kill, open, check and go on, so many times; how many writes were acknowledged."""
    alone = {worker: Alone(worker) for worker in WORKERS}
    stored = dict.fromkeys(WORKERS, 0)
    total = 0
    for _ in range(rounds):
        acknowledged = _write_until_killed(path, stored, rng)
        total += sum(acknowledged.values()) - sum(stored.values())
        with closing(SqliteStore(path)) as store:
            steps_stored(store, alone, acknowledged)
            assert store.check() == []
            check_order(store)
            stored = _repeat(store, alone, acknowledged)
    return total


def _write_until_killed(path: str, stored: Mapping[int, int], rng: random.Random) -> dict[int, int]:
    """How many steps of each worker were acknowledged before it was killed."""
    tasks = [(path, worker, first, ENDLESS) for worker, first in stored.items()]
    with crew("writer", tasks) as writers:
        for writer in writers:
            tell(writer)
        _kill_each(writers, rng)
        acknowledged = [len(answers(writer)) for writer in writers]
    return {worker: stored[worker] + acknowledged[worker] for worker in WORKERS}


def _kill_each(writers: list[Worker], rng: random.Random) -> None:
    """Each at its own moment or all at one, 0.05 to 1 s after they were released."""
    together = rng.random() < 0.5
    moment = rng.uniform(0.05, 1)
    moments = [moment if together else rng.uniform(0.05, 1) for _ in writers]
    now = 0.0
    for moment, writer in sorted(zip(moments, writers, strict=True), key=lambda pair: pair[0]):
        time.sleep(moment - now)
        now = moment
        writer.kill()


def _repeat(
    store: SqliteStore, alone: Mapping[int, Alone], acknowledged: Mapping[int, int]
) -> dict[int, int]:
    """Repeat the last step and the one that was cut off: each stands once."""
    for worker, steps in acknowledged.items():
        if steps:
            assert store.write(step(worker, steps - 1)).replayed
        store.write(step(worker, steps))
        alone[worker].steps_in(store, [steps + 1])
    return {worker: steps + 1 for worker, steps in acknowledged.items()}
