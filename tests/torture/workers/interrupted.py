"""Writes from the main thread, which is interrupted, beside threads that are not.

    python -m tests.torture.workers.interrupted PATH THREADS ROUNDS SEED signal|call

In each round the main thread writes until it is interrupted, and repeats what
was cut off. It is interrupted by a real signal at a random moment, or in round
n at its n-th call. (Python looks for signals when a function begins and when
one of C's has returned, so these are all the places where one can strike.)

At the end it prints how many steps each worker wrote; the main thread is worker 0.
"""

from __future__ import annotations

import faulthandler
import random
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import TypeAlias

from amberfile.stores.sqlite import SqliteStore
from tests.torture.load import step

Armed: TypeAlias = Callable[[], bool]
"""Whether the interruption is still to come."""

STUCK_S = 100
"""After so long in one round, the worker shows where each thread stands, and fails."""


class Beside(threading.Thread):
    """Writes steps until it is told to stop; without an op_id, so that none may happen twice."""

    def __init__(self, store: SqliteStore, worker: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.steps = 0
        self._store, self._worker, self._told = store, worker, stop

    def run(self) -> None:
        while not self._told.is_set():
            self._store.write(replace(step(self._worker, self.steps), op_id=None))
            self.steps += 1


class AtCall:
    """A profiler that raises KeyboardInterrupt at the n-th call inside the store."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event in ("call", "c_return") and "sqlite" in frame.f_code.co_filename:
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt


def main(path: str, threads: int, rounds: int, seed: int, how: str) -> None:
    print("ready", flush=True)
    store, stop = SqliteStore(path), threading.Event()
    beside = [Beside(store, worker, stop) for worker in range(1, threads + 1)]
    for thread in beside:
        thread.start()
    rng = random.Random(seed)
    steps = 0
    for round in range(rounds):
        faulthandler.dump_traceback_later(STUCK_S, exit=True)  # from now: the last one is off
        arm = _signal_after(rng.uniform(0, 0.005)) if how == "signal" else _at_call(round + 1)
        steps += _until_interrupted(store, steps, arm)
        store.write(step(0, steps))  # was it cut off, or only its answer?
        steps += 1
        assert all(thread.is_alive() for thread in beside)
    stop.set()
    for thread in beside:
        thread.join()
    store.close()
    print(steps, *(thread.steps for thread in beside), flush=True)


def _until_interrupted(store: SqliteStore, first: int, arm: Callable[[], Armed]) -> int:
    """How many steps the main thread wrote from `first` on."""
    written = 0
    try:
        armed = arm()
        while armed():
            store.write(step(0, first + written))
            written += 1
    except KeyboardInterrupt:
        pass
    return written


def _signal_after(seconds: float) -> Callable[[], Armed]:
    here = threading.get_ident()

    def arm() -> Armed:
        threading.Timer(seconds, signal.pthread_kill, [here, signal.SIGINT]).start()
        return lambda: True

    return arm


def _at_call(number: int) -> Callable[[], Armed]:
    """Python takes the profiler away when it raises, also where the error goes no
    further: a generator that is being closed swallows it."""

    def arm() -> Armed:
        sys.setprofile(AtCall(number))
        return lambda: sys.getprofile() is not None

    return arm


if __name__ == "__main__":
    _, path, threads, rounds, seed, how = sys.argv
    main(path, int(threads), int(rounds), int(seed), how)
