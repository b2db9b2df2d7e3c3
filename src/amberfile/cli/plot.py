"""Bars in a terminal, drawn with block characters."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHT = 5  # lines

_BLOCKS = " ▁▂▃▄▅▆▇█"


def bars(values: Sequence[int], width: int, height: int = HEIGHT) -> list[str]:
    """Lines of a bar chart, the top one first, none longer than `width` characters.

    A bar is a value, or where there are more values than characters the sum
    of neighbours; all sums are of the same number, counted from the last
    value. What is more than 0 is seen. No values, or only zeros: no lines.

    >>> for line in bars([1, 0, 4, 2], width=10, height=2): print(line.rstrip())
      █
    ▄ ██
    """
    sums = _summed(values, width)
    most = max(sums, default=0)
    if not most:
        return []
    steps = len(_BLOCKS) - 1
    tops = [max(1, round(one * height * steps / most)) if one else 0 for one in sums]
    return [
        "".join(_BLOCKS[min(steps, max(0, top - line * steps))] for top in tops)
        for line in reversed(range(height))
    ]


def a_bar(values: int, width: int) -> int:
    """How many of `values` values make one bar: 1 if they fit."""
    return max(1, -(-values // max(1, width)))


def _summed(values: Sequence[int], width: int) -> list[int]:
    each = a_bar(len(values), width)
    start = -(-len(values) // each) * each - len(values)
    padded = [0] * start + list(values)
    return [sum(padded[at : at + each]) for at in range(0, len(padded), each)]
