"""Holds one snapshot of a store open, and counts its messages each time it is asked.

    python -m tests.torture.workers.watcher PATH

Each line on its standard input asks once more.
"""

from __future__ import annotations

import sys

import apsw


def main(path: str) -> None:
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM message").fetchall()  # the snapshot is taken here
    print("ready", flush=True)
    for _ in sys.stdin:
        ((count,),) = db.execute("SELECT count(*) FROM message").fetchall()
        print(count, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
