"""stats: counts that agree with what is there, and bars that fit the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import Memory, figures
from amberfile.cli import plot

Run = Callable[..., Result]
TODAY = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@pytest.fixture
def days(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three notes today, a fact two days ago, a message forty days ago."""
    monkeypatch.setattr("amberfile.cli.figures._today", TODAY.date)

    def at(back: int) -> Memory:
        return amberfile.open(db, clock=lambda: TODAY - timedelta(days=back))

    with at(40) as memory:
        memory.session("s").append("user", "hello")
    with at(2) as memory:
        memory.remember("x", key="k")
    with at(0) as memory:
        for number in range(3):
            memory.remember(f"note {number}")
        memory.scoped(user="bob").remember("of somebody else")


def data(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    [found] = json.loads(result.stdout)["data"]
    return dict(found)


def test_the_figures_agree_with_what_is_there(memory: Memory) -> None:
    assert figures.of(memory) == figures.Figures({}, {}, 0)
    memory.remember("a")
    memory.remember("b", key="k")
    memory.remember("c", key="k")
    memory.retract(memory.remember("hidden").id)
    memory.session("s").append("user", "x")
    memory.scoped(user="bob").remember("of somebody else")
    found = figures.of(memory.scoped(user="default"))
    assert (found.kinds, found.entries, found.sessions) == (
        {"fact": 1, "message": 1, "note": 1},
        3,
        1,
    )
    assert found.first == found.last == memory.find().items[0].created_at.date()
    assert figures.of(memory).entries == 3


@pytest.mark.usefixtures("days")
def test_stats_counts_by_kind_and_by_day(run: Run) -> None:
    told = data(run("stats", "--days", "3", "--json"))
    assert told["days"] == [
        {"day": "2026-11-18", "entries": 1},
        {"day": "2026-11-19", "entries": 0},
        {"day": "2026-11-20", "entries": 3},
    ]
    assert told["kinds"] == [
        {"kind": "note", "entries": 3},
        {"kind": "fact", "entries": 1},
        {"kind": "message", "entries": 1},
    ]
    assert (told["entries"], told["sessions"]) == (5, 1)
    assert (told["first"], told["last"]) == ("2026-10-11", "2026-11-20")
    assert told["bytes"] > 10_000


@pytest.mark.usefixtures("days")
def test_stats_in_a_pipe_is_numbers(run: Run) -> None:
    lines = run("stats", "--days", "2").stdout.splitlines()
    assert lines[:4] == ["entries\t\t5", "kind\tnote\t3", "kind\tfact\t1", "kind\tmessage\t1"]
    assert lines[-2:] == ["day\t2026-11-19\t0", "day\t2026-11-20\t3"]


@pytest.mark.usefixtures("days", "terminal")
@pytest.mark.parametrize("wide", [20, 41, 100, 300])
def test_stats_on_a_terminal_draws_bars_that_fit(
    run: Run, monkeypatch: pytest.MonkeyPatch, wide: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    shown = run("stats", "--days", "41").stdout.split("\n\n")[-1].splitlines()
    bars, below = shown[1:-1], shown[-1]
    assert len(bars) == plot.HEIGHT
    assert all(len(line) <= wide for line in bars)
    assert {line[-1] for line in bars} == {"█"}
    assert below.startswith("2026-10-11")
    assert below.endswith("2026-11-20")


@pytest.mark.usefixtures("terminal")
def test_an_empty_memory_has_no_bars(run: Run) -> None:
    shown = run("stats").stdout
    assert "entries" in shown
    assert "█" not in shown


@pytest.mark.parametrize(("days", "code"), [("0", 2), ("x", 2), ("1", 0), ("3660", 0)])
def test_the_days_have_bounds(run: Run, days: str, code: int) -> None:
    assert run("stats", "--days", days).exit_code == code


@pytest.mark.usefixtures("terminal")
def test_no_terminal_obeys_a_kind(run: Run) -> None:
    run("remember", "x", "--kind", "a\x1b[31m\u202eb")
    shown = run("stats").stdout
    assert all(one.isprintable() or one == "\n" for one in shown)


@given(
    values=st.lists(st.integers(0, 10**9), max_size=400),
    width=st.integers(1, 200),
    height=st.integers(1, 9),
)
def test_bars_fit_and_show_whatever_is_there(values: list[int], width: int, height: int) -> None:
    lines = plot.bars(values, width, height)
    if not any(values):
        assert lines == []
        return
    assert len(lines) == height
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) == -(-len(values) // plot.a_bar(len(values), width)) <= width
    if len(values) <= width:
        assert [one != " " for one in lines[-1]] == [value > 0 for value in values]
        largest = values.index(max(values))
        assert all(line[largest] == "█" for line in lines)


def test_the_first_and_the_last_day_are_those_of_all_kinds(url: str) -> None:
    now = [TODAY]
    with amberfile.open(url, clock=lambda: now[0]) as memory:
        for kind, back in (("a", 5), ("b", 9), ("c", 2)):
            now[0] = TODAY - timedelta(days=back)
            memory.remember("x", kind=kind)
        found = figures.of(memory)
    assert (found.first, found.last) == (date(2026, 11, 11), date(2026, 11, 18))
