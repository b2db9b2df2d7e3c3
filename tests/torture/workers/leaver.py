"""Leaves while others still write: the interpreter ends in the middle of a write.

    python -m tests.torture.workers.leaver PATH WORKERS STEPS daemons|pool

Prints "worker number" of each step when its write has returned, and leaves
after so many of them.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import step


def main(path: str, workers: int, steps: int, how: str) -> None:
    print("ready", flush=True)
    store = SqliteStore(path)
    due = threading.Semaphore(0)

    def work(worker: int) -> None:
        number = 0
        while how == "daemons" or number < 2 * steps:
            store.write(step(worker, number))
            os.write(1, f"{worker} {number}\n".encode())
            number += 1
            due.release()

    if how == "daemons":
        for worker in range(workers):
            threading.Thread(target=work, args=(worker,), daemon=True).start()
    else:
        pool = ThreadPoolExecutor(workers)
        for worker in range(workers):
            pool.submit(work, worker)
    for _ in range(steps):
        due.acquire()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
