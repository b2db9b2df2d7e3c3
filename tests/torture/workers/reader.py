"""Reads a store until it is told to stop, and prints how often.

    python -m tests.torture.workers.reader PATH

A line on its standard input stops it.
"""

from __future__ import annotations

import sys
import threading

from amberfile.stores.sqlite import SqliteStore
from amberfile.types import ALL
from tests.torture.load import SCOPE, check_order


def main(path: str) -> None:
    store = SqliteStore(path)
    print("ready", flush=True)
    told = threading.Event()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    reads = last = 0
    while not told.is_set():
        check_order(store)
        found = store.find([SCOPE], ALL, limit=50, messages=True)
        handles = [one.handle for one in found]
        assert handles == sorted(handles, reverse=True)
        rev = store.info().rev
        assert rev >= last
        reads, last = reads + 1, rev
    print(reads, flush=True)


def _listen(told: threading.Event) -> None:
    sys.stdin.readline()
    told.set()


if __name__ == "__main__":
    main(sys.argv[1])
