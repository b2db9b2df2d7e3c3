"""Threads share a store, somebody closes it, somebody reads for a long time. (T11, T14)"""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Semaphore

import pytest

from amberfile.errors import StoreClosed
from amberfile.stores.sqlite import SqliteStore
from tests.torture.crew import answer, tell, worker
from tests.torture.load import CYCLE, SCOPE, SHARED, Alone, check_order, step, steps_stored

THREADS = 16


def test_a_close_among_sixteen_threads_fails_them_with_store_closed_only(
    path: str, rng: random.Random, figure: Callable[[int, int], int]
) -> None:
    for round in range(figure(10, 200)):
        acknowledged = _write_until_closed(f"{path}.{round}", rng.randrange(200))
        with closing(SqliteStore(f"{path}.{round}")) as store:
            assert store.check() == []
            check_order(store)
            alone = {thread: Alone(thread) for thread in range(THREADS)}
            steps_stored(store, alone, acknowledged)


def _write_until_closed(path: str, steps: int) -> dict[int, int]:
    """Close after so many steps; how many each thread was told are written."""
    store, due = SqliteStore(path), Semaphore(0)
    acknowledged = dict.fromkeys(range(THREADS), 0)

    def work(thread: int) -> None:
        while True:
            store.write(step(thread, acknowledged[thread]))
            acknowledged[thread] += 1
            due.release()
            store.messages(SCOPE, SHARED, limit=3)

    with ThreadPoolExecutor(THREADS) as pool:
        working = [pool.submit(work, thread) for thread in range(THREADS)]
        for _ in range(steps):
            due.acquire()
        store.close()
        store.close()
    assert [type(thread.exception()) for thread in working] == [StoreClosed] * THREADS
    return acknowledged


def test_a_store_cannot_be_pickled(path: str) -> None:
    with closing(SqliteStore(path)) as store, pytest.raises(TypeError, match="pass its path"):
        pickle.dumps(store)


def test_a_long_reader_keeps_its_view_and_blocks_no_writer(
    path: str, figure: Callable[[int, int], int]
) -> None:
    steps = figure(10, 500) * CYCLE
    with closing(SqliteStore(path)) as store:
        store.write(step(0, 0))
        with worker("watcher", path) as watcher:
            assert answer(watcher) == "ready"
            for number in range(1, steps):
                store.write(step(0, number))
            tell(watcher)
            assert answer(watcher) == "1"
            watcher.communicate()
        store.write(step(0, steps))
        Alone(0).steps_in(store, [steps + 1])
        assert os.stat(f"{path}-wal").st_size == 0  # forgotten bytes wait for readers, no longer
