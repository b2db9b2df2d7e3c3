"""Appends messages to the shared session with a clock that jumps by days, or stands still.

    python -m tests.torture.workers.speaker PATH WORKER MESSAGES SEED

Waits for a line on its standard input, then begins.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from datetime import timedelta

from amberfile.changes import Batch
from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import SCOPE, SHARED, append, said


def main(path: str, worker: int, messages: int, seed: int) -> None:
    rng = random.Random(f"{seed} {worker}")
    store = SqliteStore(path)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(messages):
        message = said(0, f"{worker} {number}", SHARED)
        jump = timedelta(hours=rng.choice([-24, 0, 0, 24]))
        now = message.created_at + jump
        store.write(Batch(SCOPE, (append(replace(message, created_at=now)),), now))
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
