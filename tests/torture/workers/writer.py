"""Writes steps to a store and prints the number of each one when its write has returned.

    python -m tests.torture.workers.writer PATH WORKER FIRST END

Waits for a line on its standard input, then begins.
"""

from __future__ import annotations

import sys

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import step


def main(path: str, worker: int, first: int, end: int) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    store = SqliteStore(path)
    for number in range(first, end):
        store.write(step(worker, number))
        print(number, flush=True)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
