"""What is known to be lost, in words: the first lines, and how many more there are."""

from __future__ import annotations

MOST_TOLD = 20


class Lost:
    """Lines in the order they were told."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0

    def tell(self, line: str) -> None:
        if len(self._lines) < MOST_TOLD:
            self._lines.append(line)
        else:
            self._more += 1

    def lines(self) -> tuple[str, ...]:
        more = (f"and {self._more} more",) if self._more else ()
        return (*self._lines, *more)
