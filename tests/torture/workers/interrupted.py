"""Writes from the main thread, which is interrupted, beside threads that are not.

    python -m tests.torture.workers.interrupted PATH THREADS ROUNDS SEED

In each round the main thread writes until it was interrupted, at a random
moment of its write, and repeats what was cut off. Then it prints the round.
At the end it prints "steps" and how many steps each worker wrote; it is worker 0.
"""

from __future__ import annotations

import random
import signal
import sys
import threading

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import step


class Beside(threading.Thread):
    """Writes steps until it is told to stop."""

    def __init__(self, store: SqliteStore, worker: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.steps = 0
        self._store, self._worker, self._stop_now = store, worker, stop

    def run(self) -> None:
        while not self._stop_now.is_set():
            self._store.write(step(self._worker, self.steps))
            self.steps += 1


def main(path: str, threads: int, rounds: int, seed: int) -> None:
    print("ready", flush=True)
    store, stop = SqliteStore(path), threading.Event()
    beside = [Beside(store, worker, stop) for worker in range(1, threads + 1)]
    for thread in beside:
        thread.start()
    steps = 0
    rng = random.Random(seed)
    for round in range(rounds):
        steps = _write_until_interrupted(store, steps, rng)
        store.write(step(0, steps))  # was it cut off, or only its answer?
        steps += 1
        assert all(thread.is_alive() for thread in beside)
        print(round, flush=True)
    stop.set()
    for thread in beside:
        thread.join()
    store.close()
    print("steps", steps, *(thread.steps for thread in beside), flush=True)


def _write_until_interrupted(store: SqliteStore, steps: int, rng: random.Random) -> int:
    """How many steps the main thread has written when it is interrupted."""
    here = threading.main_thread().ident
    alarm = threading.Timer(rng.uniform(0, 0.005), signal.pthread_kill, [here, signal.SIGINT])
    try:
        alarm.start()
        while True:
            store.write(step(0, steps))
            steps += 1
    except KeyboardInterrupt:
        return steps


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
