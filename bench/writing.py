"""What writing costs: one caller, many threads, in bulk, and as the store grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median

import amberfile
from amberfile import Draft, Memory
from corpus import Corpus
from floors import FullText, Rows
from timing import ROUNDS, Row, in_turn

SINGLE = 150
USED = 10_000
BULK = 20_000
THREADS = 32
GROWN = 100_000


def durable_writes(folder: Path) -> Iterator[Row]:
    """One caller, one statement a commit, against a bare insert; both beside 10,000 others."""
    for durability, synchronous, first, then in (
        ("full", "FULL", 2.0, 1.3),
        ("relaxed", "NORMAL", 10.0, 4.0),
    ):
        memory = amberfile.open(folder / f"{durability}.db", durability=durability)  # type: ignore[arg-type]
        rows = Rows(folder / f"{durability}-floor.db", synchronous)
        before = list(Corpus(1).sentences(USED))
        memory.remember_all(map(Draft, before))
        rows.fill(before)
        mine, floor = _paired(memory.remember, rows.insert, Corpus(2))
        memory.close()
        yield Row(f"remember, {durability}", mine * 1e6, floor * 1e6, "µs", first, then)


def _paired(
    ours: Callable[[str], object], floor: Callable[[str], object], texts: Corpus
) -> tuple[float, float]:
    """Medians of single calls, the two in turn."""
    mine: list[float] = []
    theirs: list[float] = []
    for text in texts.sentences(ROUNDS * SINGLE):
        for kept, call in ((mine, ours), (theirs, floor)):
            begun = time.perf_counter()
            call(text)
            kept.append(time.perf_counter() - begun)
    return median(mine), median(theirs)


def threads(folder: Path) -> Iterator[Row]:
    """32 threads share commits: against one thread, and against a bulk import."""
    memory = amberfile.open(folder / "threads.db")
    texts = list(Corpus(3).sentences(2_000))
    bulk = amberfile.open(folder / "threads-bulk.db")
    alone, together, at_once = [], [], []
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            alone.append(_rate(texts[:300], lambda part: [memory.remember(t) for t in part]))
            together.append(_rate(texts, lambda part: list(pool.map(memory.remember, part))))
            at_once.append(_rate(texts, lambda part: bulk.remember_all(map(Draft, part))))
    memory.close()
    bulk.close()
    rate = median(together)
    yield Row("32 threads, full", rate, median(alone), "/s", 2.0, None, True, against="one thread")
    yield Row("32 threads, full", rate, median(at_once), "/s", 0.4, None, True, against="our bulk")


def _rate(texts: list[str], write: Callable[[list[str]], object]) -> float:
    begun = time.perf_counter()
    write(texts)
    return len(texts) / (time.perf_counter() - begun)


def bulk_import(folder: Path) -> Iterator[Row]:
    """A bulk of statements, found by words at once, against `executemany` into FTS5."""
    texts = list(Corpus(4).sentences(BULK))
    number = count()

    def ours() -> None:
        with amberfile.open(folder / f"bulk-{next(number)}.db") as memory:
            memory.remember_all(map(Draft, texts))

    def floor() -> None:
        full_text = FullText(folder / f"bulk-floor-{next(number)}.db")
        full_text.fill(texts)
        full_text.db.close()

    mine, theirs = in_turn(ours, floor, rounds=5)
    yield Row("bulk import", BULK / mine, BULK / theirs, "/s", 0.15, 0.5, True, "bulk into FTS5")


def growth(folder: Path) -> Iterator[Row]:
    """The same write into a store of 100,000 and into one of 1,000."""
    small = _filled(folder / "small.db", 1_000)
    large = _filled(folder / "large.db", GROWN)
    mine, floor = _paired(large.remember, small.remember, Corpus(5))
    small.close()
    large.close()
    size = (folder / "large.db").stat().st_size / (GROWN + ROUNDS * SINGLE)
    yield Row("remember at 100,000", mine * 1e6, floor * 1e6, "µs", 1.3, against="at 1,000")
    yield Row("bytes an item of 101 characters", size, 700, "B", 1.0, against="the goal")


def _filled(path: Path, items: int) -> Memory:
    memory = amberfile.open(path)
    memory.remember_all(map(Draft, Corpus(6).sentences(items)))
    return memory
