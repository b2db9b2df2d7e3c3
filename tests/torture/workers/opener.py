"""Opens each path that it is told, when all others do, writes one step and closes it.

    python -m tests.torture.workers.opener WORKER BARRIER

BARRIER is the reading end of a pipe: a byte in it lets one worker go.
"""

from __future__ import annotations

import os
import sys

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import step


def main(worker: int, barrier: int) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print("waiting", flush=True)
        os.read(barrier, 1)
        try:
            store = SqliteStore(line.rstrip("\n"))
            store.write(step(worker, 0))
            store.close()
            print("done", flush=True)
        except Exception as error:
            print(repr(error), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
