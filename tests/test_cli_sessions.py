"""Conversations on the command line: listed, read, named, removed, exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile

Run = Callable[..., Result]

CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"
NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def talks(db: str) -> None:
    """Two sessions; "tuesday" is the last written to."""
    with amberfile.open(db) as memory:
        memory.session("monday").append("user", "hello", created_at=NOON)
        tuesday = memory.session("tuesday")
        tuesday.append("user", "one", name="Ada", created_at=NOON)
        tuesday.append("assistant", "two\nlines", created_at=NOON)
        tuesday.append("user", "three", created_at=NOON)


def data(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["data"]
    return found


def left(db: str) -> list[str]:
    with amberfile.open(db) as memory:
        return sorted(info.id for info in memory.sessions())


@pytest.mark.parametrize("words", [["sessions"], ["sessions", "list"]], ids=" ".join)
def test_they_are_listed_with_the_last_written_first(run: Run, words: list[str]) -> None:
    result = run(*words, "--json")
    assert [(one["id"], one["messages"]) for one in data(result)] == [("tuesday", 3), ("monday", 1)]
    assert json.loads(result.stdout)["command"] == "sessions list"
    lines = [line.split("\t") for line in run(*words).stdout.splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        ("tuesday", "3", ""),
        ("monday", "1", ""),
    ]


def test_a_listing_that_is_cut_says_so(run: Run) -> None:
    result = run("sessions", "list", "-n", "1")
    assert result.stdout.startswith("tuesday\t")
    assert "There are 2" in result.stderr


def test_options_of_the_group_hold_for_its_commands(run: Run) -> None:
    assert [one["id"] for one in data(run("sessions", "--json", "list", "-n", "1"))] == ["tuesday"]
    assert data(run("sessions", "--user", "ada", "list", "--json")) == []


def test_a_session_is_shown_oldest_first(run: Run) -> None:
    told = data(run("sessions", "show", "tuesday", "--json"))
    assert [(one["seq"], one["text"]) for one in told] == [
        (1, "one"),
        (2, "two\nlines"),
        (3, "three"),
    ]
    time = "2026-05-01T12:00:00+00:00"
    assert run("sessions", "show", "tues").stdout.splitlines() == [
        f"1\tAda\t{time}\tone",
        f"2\tassistant\t{time}\ttwo\\nlines",
        f"3\tuser\t{time}\tthree",
    ]


@pytest.mark.parametrize(("last", "seqs"), [("2", [2, 3]), ("0", []), ("9", [1, 2, 3])])
def test_the_last_messages_are_shown_alone(run: Run, last: str, seqs: list[int]) -> None:
    told = data(run("sessions", "show", "tuesday", "-n", last, "--json"))
    assert [one["seq"] for one in told] == seqs


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_a_conversation_to_read(run: Run) -> None:
    shown = run("sessions", "show", "tuesday").stdout
    assert "@1  seq 1  user (Ada)  2026-05-01 12:00\none\n\n" in shown
    assert "@2  seq 2  assistant  2026-05-01 12:00\ntwo\nlines\n\n" in shown


def test_a_session_gets_a_title(run: Run) -> None:
    assert run("sessions", "rename", "mon", "The beginning").stdout == "renamed monday\n"
    assert {one["id"]: one["title"] for one in data(run("sessions", "--json"))} == {
        "monday": "The beginning",
        "tuesday": "",
    }
    [told] = data(run("sessions", "rename", "monday", "", "--json"))
    assert told["title"] == ""


def test_removing_asks_or_needs_yes(run: Run, db: str) -> None:
    assert run("sessions", "rm", "tuesday").exit_code == 2
    shown = run("sessions", "rm", "tuesday", "--dry-run", "--json")
    assert [one["id"] for one in data(shown)] == ["tuesday"]
    assert left(db) == ["monday", "tuesday"]
    assert data(run("sessions", "rm", "tuesday", "tues", "--yes", "--json")) == [
        {"removed": 1, "messages": 3}
    ]
    assert left(db) == ["monday"]


def test_one_unknown_session_keeps_all_of_them(run: Run, db: str) -> None:
    assert run("sessions", "rm", "monday", "unknown", "--yes").exit_code == 1
    assert left(db) == ["monday", "tuesday"]


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(("answer", "stay"), [("y\n", 0), ("n\n", 2), ("", 2)])
def test_removing_does_what_a_person_answers(run: Run, db: str, answer: str, stay: int) -> None:
    result = run("sessions", "rm", "monday", "tuesday", stdin=answer)
    assert (result.exit_code, len(left(db))) == (1 if stay else 0, stay)
    assert "tuesday  3 messages\n" in result.stderr
    assert "Remove 2 sessions for good?" in result.stderr


def test_an_export_is_the_line_that_the_export_of_all_has(run: Run, tmp_path: Path) -> None:
    run("import", str(CONVERSATION))
    lines = CONVERSATION.read_bytes().splitlines(keepends=True)
    [cat] = [line for line in lines if json.loads(line)["id"] == "2026-03-09-cat"]
    assert run("sessions", "export", "2026-03-09").stdout_bytes == cat
    out = tmp_path / "cat.json"
    [told] = data(run("sessions", "export", "2026-03-09-cat", str(out), "--json"))
    assert told == {"path": str(out), "format": "openai", "entries": 24}
    assert out.read_bytes() == cat
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_export_replaces_nothing_unless_it_is_told_to(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("mine")
    assert run("sessions", "export", "monday", str(out)).exit_code == 1
    assert out.read_text() == "mine"
    assert run("sessions", "export", "monday", str(out), "--force").exit_code == 0
    assert json.loads(out.read_text())["id"] == "monday"
    assert [path.name for path in tmp_path.glob("out*")] == ["out.json"]


def test_an_export_does_not_write_through_a_link(run: Run, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "out.json.unfinished").symlink_to(victim)
    assert run("sessions", "export", "monday", str(tmp_path / "out.json")).exit_code == 0
    assert victim.read_text() == "mine"


def test_it_is_one_owners(run: Run, db: str) -> None:
    assert run("sessions", "show", "monday", "--user", "bob").exit_code == 1
    assert run("sessions", "rm", "monday", "--user", "bob", "--yes").exit_code == 1
    assert left(db) == ["monday", "tuesday"]
