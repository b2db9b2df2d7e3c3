"""Opens a store, forks, and uses it on both sides.

    python -m tests.torture.workers.forker PATH STEPS fork|multiprocessing normally|at-once

The parent is worker 0 and the child worker 1. Prints "worker number" of each
step when its write has returned. The child ends normally or by `os._exit`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from functools import partial

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import Alone, check_order, step


def main(path: str, steps: int, how: str, end: str) -> None:
    print("ready", flush=True)
    store = SqliteStore(path)
    _write(store, 0, range(steps))
    child = partial(_be_child, store, steps, at_once=end == "at-once")
    wait = _fork(child) if how == "fork" else _start(child)
    _write(store, 0, range(steps, 2 * steps))
    assert wait() == 0, "the child failed"
    _write(store, 0, range(2 * steps, 3 * steps))
    Alone(1).steps_in(store, [steps])
    check_order(store)
    sys.stdin.readline()  # another process looks while this one is still open
    store.close()


def _be_child(store: SqliteStore, steps: int, *, at_once: bool) -> None:
    Alone(0).steps_in(store, range(steps, 2 * steps + 1))
    _write(store, 1, range(steps))
    Alone(1).steps_in(store, [steps])
    check_order(store)
    if at_once:
        os._exit(0)


def _fork(child: partial[None]) -> partial[int]:
    pid = os.fork()
    if not pid:
        child()
        sys.exit()
    return partial(lambda: os.waitpid(pid, 0)[1])


def _start(child: partial[None]) -> partial[int | None]:
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()

    def wait() -> int | None:
        process.join()
        return process.exitcode

    return partial(wait)


def _write(store: SqliteStore, worker: int, numbers: range) -> None:
    for number in numbers:
        store.write(step(worker, number))
        os.write(1, f"{worker} {number}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
