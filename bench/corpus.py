"""Made-up sentences that are shaped like English ones: the same on every run and machine.

About half of the words are stop words; the others follow Zipf's law over a
vocabulary of 20,000, so that a few are common and most are rare.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

WORDS = 20_000
_STOP = "the of and a to in is was it for with on as at by that from are this be".split()
_STARTS = "b c d f g h k l m n p r s t v br cl dr fl gr pl st tr".split()
_VOWELS = "a e i o u ai ea ou".split()
_ENDS = ["", "", "n", "r", "s", "t", "l", "nd", "rk", "st"]


class Corpus:
    """A source of sentences and of questions about them.

    Args:
        seed: another one gives other sentences over the same vocabulary.
    """

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._words = _vocabulary()
        self._weights = list(accumulate(1 / (rank + 20) for rank in range(WORDS)))

    def sentence(self) -> str:
        """17 words, about 100 characters."""
        rare = self._random.choices(self._words, cum_weights=self._weights, k=9)
        words = rare + self._random.choices(_STOP, k=8)
        self._random.shuffle(words)
        return f"{' '.join(words).capitalize()}."

    def sentences(self, count: int) -> Iterator[str]:
        return (self.sentence() for _ in range(count))

    def question(self) -> tuple[str, list[str]]:
        """Ten words, and those of them that are not stop words."""
        asked = self._random.choices(self._words, cum_weights=self._weights, k=5)
        words = asked + self._random.choices(_STOP, k=5)
        self._random.shuffle(words)
        return f"{' '.join(words).capitalize()}?", asked


def _vocabulary() -> list[str]:
    source = random.Random(0)
    words: dict[str, None] = {}
    while len(words) < WORDS:
        syllables = source.choice((1, 2, 2, 2, 3))
        parts = (
            source.choice(_STARTS) + source.choice(_VOWELS) + source.choice(_ENDS)
            for _ in range(syllables)
        )
        words["".join(parts)] = None
    return list(words)
