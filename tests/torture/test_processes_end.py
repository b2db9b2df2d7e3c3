"""A process forks, ends or is interrupted while it writes: the store stays whole. (T11)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from amberfile.stores.sqlite import SqliteStore
from tests.torture.crew import answer, finished, tell, worker
from tests.torture.load import Alone, check_order, steps_stored


@pytest.mark.parametrize("how", ["fork", "multiprocessing"])
@pytest.mark.parametrize("end", ["normally", "at-once"])
def test_parent_and_child_go_on_with_the_store_after_a_fork(path: str, how: str, end: str) -> None:
    steps = 20
    with worker("forker", path, steps, how, end) as forker:
        assert answer(forker) == "ready"
        acknowledged = [answer(forker) for _ in range(4 * steps)]
        _check(path, acknowledged)  # while the parent has it open
        tell(forker)
        finished([forker])
    assert _check(path, acknowledged) == {0: 3 * steps, 1: steps}


@pytest.mark.parametrize("how", ["daemons", "pool"])
def test_an_interpreter_that_ends_in_the_middle_of_a_write_leaves_a_whole_store(
    path: str, how: str, figure: Callable[[int, int], int]
) -> None:
    for round in range(figure(2, 50)):
        with worker("leaver", f"{path}.{round}", 4, 20 + round, how) as leaver:
            assert answer(leaver) == "ready"
            (acknowledged,) = finished([leaver])
        _check(f"{path}.{round}", acknowledged)


@pytest.mark.parametrize(("how", "sample", "full"), [("signal", 20, 200), ("call", 130, 1_000)])
def test_an_interrupted_write_harms_nobody_elses_and_is_not_written_twice(
    path: str, seed: int, torture: bool, how: str, sample: int, full: int
) -> None:
    print(f"AMBERFILE_SEED={seed}")
    rounds, threads = full if torture else sample, 3
    with worker("interrupted", path, threads, rounds, seed, how) as interrupted:
        assert answer(interrupted) == "ready"
        ((written,),) = finished([interrupted])
    print(f"steps written: {written}")
    with closing(SqliteStore(path)) as store:
        for number, steps in enumerate(map(int, written.split())):
            Alone(number).steps_in(store, [steps])
        assert store.check() == []
        check_order(store)


def _check(path: str, acknowledged: Sequence[str]) -> dict[int, int]:
    """From lines of "worker number": each stands, and perhaps one more; how many do."""
    counts = Counter(int(line.split()[0]) for line in acknowledged)
    with closing(SqliteStore(path)) as store:
        assert store.check() == []
        check_order(store)
        return steps_stored(store, {worker: Alone(worker) for worker in counts}, counts)
