"""Processes share a file: nobody fails, nobody loses, and a session has one order. (T3, T4, T17)"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing

import apsw
import pytest

from amberfile.stores.sqlite import SqliteStore
from tests.torture.crew import answer, crew, finished, tell
from tests.torture.load import SCOPE, SHARED, Alone, check_order

WORKERS = range(8)
READERS = 3


def test_eight_processes_write_and_three_read_without_an_error(
    path: str, figure: Callable[[int, int], int]
) -> None:
    steps = figure(60, 500)
    SqliteStore(path).close()
    tasks = [(path, worker, 0, steps) for worker in WORKERS]
    with crew("reader", [(path,)] * READERS) as readers, crew("writer", tasks) as writers:
        for writer in writers:
            tell(writer)
        assert list(map(len, finished(writers))) == [steps] * len(writers)
        for reader in readers:
            tell(reader)
        assert all(int(reads) > 0 for (reads,) in finished(readers))
    with closing(SqliteStore(path)) as store:
        for worker in WORKERS:
            Alone(worker).steps_in(store, [steps])
        assert store.check() == []
        check_order(store)


def test_a_session_has_one_order_whatever_the_clocks_say(
    path: str, seed: int, figure: Callable[[int, int], int]
) -> None:
    messages = figure(100, 1_000)
    with crew("speaker", [(path, worker, messages, seed) for worker in WORKERS]) as speakers:
        for speaker in speakers:
            tell(speaker)
        finished(speakers)
    with closing(SqliteStore(path)) as store:
        check_order(store)
        said = [message.id for message in store.messages(SCOPE, SHARED)]
        last = [message.id for message in store.messages(SCOPE, SHARED, limit=10)]
        assert store.check() == []
    for worker in WORKERS:
        own = [id for id in said if id.startswith(f"{worker} ")]
        assert own == [f"{worker} {number}" for number in range(messages)]
    assert len(said) == messages * len(WORKERS)
    assert last == said[-10:]


@pytest.fixture
def barrier() -> Iterator[tuple[int, int]]:
    """A pipe: who reads a byte from it goes."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_eight_processes_may_make_one_store_at_the_same_moment(
    path: str, barrier: tuple[int, int], figure: Callable[[int, int], int]
) -> None:
    reading, writing = barrier
    tasks = [(worker, reading) for worker in WORKERS]
    with crew("opener", tasks, pass_fds=[reading]) as openers:
        for round in range(figure(5, 50)):
            for opener in openers:
                tell(opener, f"{path}.{round}")
            assert [answer(opener) for opener in openers] == ["waiting"] * len(openers)
            os.write(writing, b"." * len(openers))
            assert [answer(opener) for opener in openers] == ["done"] * len(openers)
            _check_made_once(f"{path}.{round}")


def _check_made_once(path: str) -> None:
    with closing(SqliteStore(path)) as store:
        for worker in WORKERS:
            Alone(worker).steps_in(store, [1])
        assert store.check() == []
        assert store.info().rev == len(WORKERS)
    with closing(apsw.Connection(path)) as db:
        assert db.execute("SELECT count(*) FROM store").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM scope").fetchall() == [(1,)]
