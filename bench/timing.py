"""How things are timed: ours and the floor in turn, and the ratio of their medians."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        ours, floor: in `unit`; medians.
        first, then: the goals for ours / floor; `then` is the far one.
        more_is_better: the unit is a rate.
    """

    what: str
    ours: float
    floor: float
    unit: str
    first: float
    then: float | None = None
    more_is_better: bool = False
    against: str = "bare SQLite"

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    def reaches(self, goal: float | None) -> bool:
        if goal is None:
            return False
        return self.ratio >= goal if self.more_is_better else self.ratio <= goal


def in_turn(
    ours: Callable[[], object], floor: Callable[[], object], rounds: int = ROUNDS, repeat: int = 1
) -> tuple[float, float]:
    """Median seconds of one call of each, measured alternately so that drift hits both."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(_seconds(ours, repeat))
        theirs.append(_seconds(floor, repeat))
    return median(mine), median(theirs)


def _seconds(call: Callable[[], object], repeat: int) -> float:
    begun = time.perf_counter()
    for _ in range(repeat):
        call()
    return (time.perf_counter() - begun) / repeat


def process_cost(*command: Sequence[str]) -> list[tuple[float, float]]:
    """(wall, CPU) seconds of each Python command line, medians, run in turn."""
    figures: list[list[tuple[float, float]]] = [[] for _ in command]
    for _ in range(2 * ROUNDS):
        for kept, arguments in zip(figures, command, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            begun = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            wall = time.perf_counter() - begun
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            kept.append((wall, cpu))
    return [(median(wall for wall, _ in kept), median(cpu for _, cpu in kept)) for kept in figures]
