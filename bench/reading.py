"""What reading costs: recall by words, a scope beside others, the end of a log, a cold start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import quantiles

import amberfile
from amberfile import Draft, Memory, Said
from corpus import Corpus
from floors import FullText, Log
from timing import Row, in_turn, process_cost

SIZES = (1_000, 10_000, 100_000)
QUESTIONS = 40
OTHERS = 1_000_000
SESSIONS = (100, 10_000, 100_000)


def recall(folder: Path) -> Iterator[Row]:
    """Ten-word questions, the ten best, against FTS5's `ORDER BY rank`."""
    for size in SIZES:
        texts = list(Corpus(7).sentences(size))
        asked = _questions()
        full_text = FullText(folder / f"recall-floor-{size}.db")
        full_text.fill(texts)
        with amberfile.open(folder / f"recall-{size}.db") as memory:
            memory.remember_all(map(Draft, texts))
            mine, floor = in_turn(
                partial(_recall_all, memory, asked), partial(_ask_all, full_text, asked)
            )
        yield Row(
            f"recall among {size:,}",
            mine / QUESTIONS * 1e3,
            floor / QUESTIONS * 1e3,
            "ms",
            1.0,
            against="FTS5 ORDER BY rank",
        )


def _recall_all(memory: Memory, asked: list[tuple[str, list[str]]]) -> None:
    for question, _ in asked:
        memory.recall(question)


def _ask_all(table: FullText, asked: list[tuple[str, list[str]]]) -> None:
    for _, words in asked:
        table.ask(words)


def _questions() -> list[tuple[str, list[str]]]:
    source = Corpus(8)
    return [source.question() for _ in range(QUESTIONS)]


def beside_others(folder: Path, others: int = OTHERS) -> Iterator[Row]:
    """A scope of 1,000 beside a million rows of others, against the same scope alone."""
    texts = list(Corpus(9).sentences(1_000))
    asked = _questions()
    with (
        amberfile.open(folder / "alone.db") as alone,
        amberfile.open(folder / "shared.db", durability="relaxed") as shared,
    ):
        ada = shared.scoped(user="ada")
        for number in range(10):
            bob = shared.scoped(user=f"bob {number}")
            bob.remember_all(map(Draft, Corpus(10 + number).sentences(others // 10)))
            ada.remember_all(map(Draft, texts[number * 100 : number * 100 + 100]))
        alone.remember_all(map(Draft, texts))
        mine, floor = in_turn(partial(_recall_all, ada, asked), partial(_recall_all, alone, asked))
    yield Row(
        f"recall, scope of 1,000 beside {others:,}",
        mine / QUESTIONS * 1e3,
        floor / QUESTIONS * 1e3,
        "ms",
        2.0,
        against="the scope alone",
    )


def last_messages(folder: Path) -> Iterator[Row]:
    """The last 20 messages of a session, against bare SQL that makes the same values."""
    logs = {size: Log(folder / f"log-floor-{size}.db") for size in SESSIONS}
    with amberfile.open(folder / "log.db") as memory:
        for size, log in logs.items():
            name = str(size)
            texts = list(Corpus(11).sentences(size))
            session = memory.session(name)
            session.extend(Said("user", text) for text in texts)
            log.fill(name, texts)
            mine, floor = in_turn(
                partial(session.messages, 20), partial(log.messages, name), repeat=400
            )
            yield Row(f"last 20 of {size:,} messages", mine * 1e6, floor * 1e6, "µs", 1.2)
    log, name = logs[SESSIONS[0]], str(SESSIONS[0])
    rows, values = in_turn(partial(log.rows, name), partial(log.messages, name), repeat=400)
    yield Row(
        "(bare SQL: its rows, no values made)",
        rows * 1e6,
        values * 1e6,
        "µs",
        1.0,
        against="bare SQL with values",
    )


def cold_start(folder: Path) -> Iterator[Row]:
    """`import amberfile`, and open + first recall in a new process, against an empty Python."""
    path = folder / "cold.db"
    with amberfile.open(path) as memory:
        memory.remember_all(map(Draft, Corpus(12).sentences(1_000)))
    asking = f"import amberfile; amberfile.open({str(path)!r}).recall('the deploy window')"
    named = "import amberfile; amberfile.open"
    costs = process_cost(["-c", "pass"], ["-c", "import amberfile"], ["-c", named], ["-c", asking])
    (empty, empty_cpu), (imported, _), (used, _), (_, asked_cpu) = costs
    for what, cost in (("import amberfile", imported), ("and its names", used)):
        yield Row(
            f"{what}, above an empty Python",
            (cost - empty) * 1e3,
            40.0,
            "ms",
            1.0,
            against="the goal",
        )
    yield Row(
        "open and first recall, CPU",
        asked_cpu * 1e3,
        empty_cpu * 1e3,
        "ms",
        3.0,
        against="an empty Python",
    )


def event_loop(folder: Path) -> Iterator[Row]:
    """How late a heartbeat of 5 ms comes, p99, while 8 recalls run through `aio`."""
    with amberfile.open(folder / "loop.db") as memory:
        memory.remember_all(map(Draft, Corpus(13).sentences(20_000)))
        idle, busy = asyncio.run(_lateness(memory))
    yield Row(
        "event loop, p99 lateness beside 8 recalls",
        (busy - idle) * 1e3,
        25.0,
        "ms",
        1.0,
        against="the goal, above idle",
    )


async def _lateness(memory: Memory) -> tuple[float, float]:
    idle = await _heartbeat(300)
    asked = [question for question, _ in _questions()]

    async def ask(number: int) -> None:
        while not beating.done():
            await memory.aio.recall(asked[number % QUESTIONS])

    beating = asyncio.ensure_future(_heartbeat(300))
    await asyncio.gather(*(ask(number) for number in range(8)))
    return idle, await beating


async def _heartbeat(beats: int, interval: float = 0.005) -> float:
    late = []
    for _ in range(beats):
        begun = time.perf_counter()
        await asyncio.sleep(interval)
        late.append(time.perf_counter() - begun - interval)
    return quantiles(late, n=100)[98]
