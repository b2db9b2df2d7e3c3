"""What a memory holds, in numbers: by kind, by day, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from amberfile.memory import Memory


@dataclass(frozen=True)
class Figures:
    """The sizes of one memory. What has expired may be counted until it is swept.

    Args:
        kinds: current entries by kind, the largest first; "message" is one.
        days: current entries by the day they were made, in UTC; days without
            any have no key. In order.
        sessions: of its own scope.
    """

    kinds: Mapping[str, int]
    days: Mapping[date, int]
    sessions: int

    @property
    def entries(self) -> int:
        return sum(self.kinds.values())

    @property
    def first(self) -> date | None:
        """The first day; None if it is empty."""
        return next(iter(self.days), None)

    @property
    def last(self) -> date | None:
        return next(reversed([*self.days]), None)


def of(memory: Memory) -> Figures:
    """The figures of what `memory` reads. One grouped read: no text is touched."""
    kinds: Counter[str] = Counter()
    days: Counter[date] = Counter()
    for kind, day, entries in memory._shared.store().tally(memory._scopes):
        kinds[kind] += entries
        days[day] += entries
    largest = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    return Figures(dict(largest), dict(sorted(days.items())), len(memory.sessions()))
