"""What a write promised survives a power cut, at every moment that SQLite touches the disk. (T2)"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from amberfile.stores.sqlite import SqliteStore
from tests.torture.disk import Acknowledged, Disk, Event, Record, RecordingVfs, recording
from tests.torture.load import Alone, check_order, step

WORKERS = range(2)
STEPS = 120
KEEP = (0.0, 0.3, 0.7, 1.0)
"""The chance of each unsynced sector to stand after the cut."""


class Cut(NamedTuple):
    """A disk after a power cut, and what had been acknowledged before it."""

    file: Path
    keep: float
    acknowledged: Sequence[Acknowledged]


@pytest.fixture(scope="module")
def alone() -> Mapping[int, Alone]:
    expected = {worker: Alone(worker) for worker in WORKERS}
    for one in expected.values():
        for steps in range(STEPS + 2):
            one.after(steps)
    return expected


def test_a_full_write_survives_a_power_cut(
    path: str,
    tmp_path: Path,
    rng: random.Random,
    alone: Mapping[int, Alone],
    figure: Callable[[int, int], int],
) -> None:
    record = _recorded(path, "full")
    cuts = _cuts(record, tmp_path, rng, figure(100, 2_000))
    lost = [_lost(cut, alone) for cut in cuts]
    print(f"{len(lost)} disks after a power cut, {sum(lost)} acknowledged writes lost")
    assert sum(lost) == 0


def test_a_relaxed_write_is_lost_only_with_all_after_it(
    path: str,
    tmp_path: Path,
    rng: random.Random,
    alone: Mapping[int, Alone],
    figure: Callable[[int, int], int],
) -> None:
    record = _recorded(path, "relaxed")
    cuts = _cuts(record, tmp_path, rng, figure(25, 2_000))
    lost = [_lost(cut, alone) for cut in cuts]
    print(f"{len(lost)} disks after a power cut, {sum(lost)} acknowledged writes lost")
    assert sum(lost) > 0, "these cuts lose nothing that was not synced: they prove nothing"


def _recorded(path: str, durability: str) -> Record:
    """Two threads write from the making of the file on, close it half-way, and open it again."""
    with recording(f"recording {durability}") as vfs:
        for part in (range(STEPS // 2), range(STEPS // 2, STEPS)):
            with closing(SqliteStore(path, durability=durability, vfs=vfs.name)) as store:
                _write(store, vfs, part)
        kinds = Counter(event.what for event in vfs.record if isinstance(event, Event))
        print(f"{len(vfs.record)} events: {dict(kinds)}")
        return vfs.record


def _write(store: SqliteStore, vfs: RecordingVfs, numbers: range) -> None:
    def work(worker: int) -> None:
        for number in numbers:
            rev = store.write(step(worker, number)).rev
            vfs.record.append(Acknowledged(worker, number, rev))

    with ThreadPoolExecutor(len(WORKERS)) as pool:
        list(pool.map(work, WORKERS))


def _cuts(record: Record, folder: Path, rng: random.Random, points: int) -> Iterator[Cut]:
    """Cut at so many points: half of them just after a write was acknowledged."""
    returned = [at for at, event in enumerate(record, 1) if isinstance(event, Acknowledged)]
    near = rng.sample(returned, min(points // 2, len(returned)))
    chosen = Counter([*near, *rng.sample(range(len(record) + 1), points - len(near))])
    disk, acknowledged = Disk(), list[Acknowledged]()
    for at, event in enumerate(record, 1):
        if isinstance(event, Acknowledged):
            acknowledged.append(event)
        else:
            disk.play(event)
        for _, keep in product(range(chosen[at]), KEEP):
            here = folder / "cut"
            here.mkdir()
            disk.cut(here, keep, rng)
            yield Cut(here / "memory.db", keep, acknowledged)
            shutil.rmtree(here)


def _lost(cut: Cut, alone: Mapping[int, Alone]) -> int:
    """How many acknowledged writes are gone. Fails unless they are the last ones, each whole."""
    with closing(SqliteStore(cut.file)) as store:
        assert store.check() == []
        check_order(store)
        last = store.info().rev
        lost = dict.fromkeys(WORKERS, 0)
        steps = dict.fromkeys(WORKERS, 0)
        for worker, _, rev in cut.acknowledged:
            (steps if rev <= last else lost)[worker] += 1
        for worker in WORKERS:
            one_more = 0 if lost[worker] else 1  # written, but not yet acknowledged
            alone[worker].steps_in(store, range(steps[worker], steps[worker] + one_more + 1))
        return sum(lost.values())
