"""How a command ends: each exit code, and each way there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile
from amberfile import Memory

CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"


@pytest.fixture
def holding(db: str) -> None:
    """Memories whose ids begin alike, and two sessions."""
    with amberfile.open(db) as memory:
        memory.remember("one", id="id-1")
        memory.remember("two", id="id-2")
        for name in ("talk-1", "talk-2"):
            memory.session(name).append("user", "hello", id=f"said-in-{name}")


def wrong(run: Callable[..., Result], *words: str) -> tuple[int, str]:
    """The exit code and the error's name; it is one line, or one object and nothing else."""
    told = run(*words)
    assert told.stdout == ""
    assert told.stderr.startswith("error: ")
    assert told.stderr.count("\n") == 1
    errors = [_error(run(option, *words), told.exit_code) for option in ("--json", "--jsonl")]
    assert errors[0]["code"] == errors[1]["code"]
    return told.exit_code, errors[0]["code"]


def _error(result: Result, code: int) -> dict[str, str]:
    assert (result.exit_code, result.stdout.count("\n")) == (code, 1)
    error: dict[str, str] = json.loads(result.stdout)
    assert set(error) == {"status", "code", "message", "hint"}
    assert error["status"] == "error"
    return error


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize(
    "words",
    [
        ["recall", "nothing of this"],
        ["list", "--kind", "none"],
        ["forget", "unknown", "--yes"],
        ["retract", "unknown"],
        ["restore", "unknown"],
        ["retract", "id-1", "unknown"],
        ["edit", "id-1", "--text", "one"],
    ],
    ids=" ".join,
)
def test_what_was_not_there_or_was_so_already_is_no_error(
    run: Callable[..., Result], words: list[str]
) -> None:
    assert run(*words).exit_code == 0


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["show", "unknown"], "not_found"),
        (["show", "id-1", "unknown"], "not_found"),
        (["edit", "unknown", "--text", "x"], "not_found"),
        (["history", "unknown"], "not_found"),
        (["history", "said-in-talk-1"], "not_found"),
        (["sessions", "show", "unknown"], "not_found"),
        (["sessions", "rename", "unknown", "x"], "not_found"),
        (["sessions", "rm", "talk-1", "unknown", "--yes"], "not_found"),
        (["sessions", "export", "unknown"], "not_found"),
        (["recall", "x", "--session", "unknown"], "not_found"),
        (["import", "nope"], "not_found"),
        (["show", "id"], "ambiguous"),
        (["edit", "id", "--text", "x"], "ambiguous"),
        (["history", "id"], "ambiguous"),
        (["retract", "id"], "ambiguous"),
        (["restore", "id"], "ambiguous"),
        (["forget", "id", "--yes"], "ambiguous"),
        (["sessions", "show", "talk"], "ambiguous"),
        (["sessions", "rm", "talk", "--yes"], "ambiguous"),
        (["recall", "x", "--session", "talk"], "ambiguous"),
        (["edit", "said-in-talk-1", "--text", "x"], "invalid_input"),
        (["remember", "x", "--key", ""], "invalid_input"),
        (["remember", "x", "--kind", "message"], "invalid_input"),
        (["edit", "id-1", "--key", ""], "invalid_input"),
        (["show", ""], "invalid_input"),
        (["list", "--cursor", "x"], "invalid_input"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_1_is_an_error(run: Callable[..., Result], db: str, words: list[str], name: str) -> None:
    assert wrong(run, *words) == (1, name)
    with amberfile.open(db) as memory:
        assert {item.version for item in memory.find()} == {1}
        assert len(memory.sessions()) == 2


def test_1_is_an_error_of_the_file_system(run: Callable[..., Result], tmp_path: Path) -> None:
    run("import", str(CONVERSATION))
    nowhere = str(tmp_path / "no" / "out")
    assert wrong(run, "sessions", "export", "2026-03-09-cat", nowhere)[0] == 1


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["sessions", "bogus"],
        ["recall"],
        ["recall", "x", "--bogus"],
        ["recall", "x", "--limit", "0"],
        ["recall", "x", "--since", "yesterday"],
        ["recall", "x", "--since", "999999w"],
        ["list", "--until", "2026-13-01"],
        ["list", "--hidden", "--cursor", "x"],
        ["remember"],
        ["remember", "x", "--importance", "2"],
        ["remember", "x", "--metadata", "no value"],
        ["remember", "x", "--metadata", "=x"],
        ["remember", "x", "--expires", "2020-01-01"],
        ["remember", "x", "--expires", "0d"],
        ["show"],
        ["show", "@1"],
        ["edit", "id-1"],
        ["edit", "id-1", "--key", "x", "--no-key"],
        ["edit", "id-1", "--topic", "x", "--no-topics"],
        ["edit", "id-1", "--expires", "3d", "--no-expires"],
        ["history"],
        ["retract"],
        ["restore"],
        ["forget"],
        ["forget", "id-1"],
        ["forget", "@1", "--yes"],
        ["sessions", "rm", "talk-1"],
        ["sessions", "rm"],
        ["sessions", "rename", "talk-1"],
        ["sessions", "show", "@1"],
        ["sessions", "list", "-n", "0"],
    ],
    ids=" ".join,
)
def test_2_is_a_wrong_call(
    run: Callable[..., Result], db: str, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("AMBERFILE_HOME", f"{db}-home")  # where nothing was listed
    assert wrong(run, *words)[0] == 2
    with amberfile.open(db) as memory:
        assert (len(memory.find()), len(memory.sessions())) == (2, 2)


def test_2_is_a_session_that_shares_stdout_with_json(run: Callable[..., Result]) -> None:
    run("import", str(CONVERSATION))
    assert run("sessions", "export", "2026-03-09-cat", "--json").exit_code == 2


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"]])
def test_3_is_nothing_found_where_that_is_to_be_an_error(
    run: Callable[..., Result], form: list[str]
) -> None:
    assert run("recall", "x", "--fail-empty", *form).exit_code == 3
    run("remember", "x")
    assert run("recall", "x", "--fail-empty", *form).exit_code == 0


@pytest.mark.parametrize("db", ["foo://x", "", "\ud800"])
def test_4_is_a_store_that_is_named_wrongly(run: Callable[..., Result], db: str) -> None:
    assert wrong(run, "--db", db, "recall", "x") == (4, "bad_store")


@pytest.mark.parametrize(
    ("db", "name"), [(".", "store_unavailable"), (str(CONVERSATION), "not_a_store")]
)
@pytest.mark.parametrize(
    "words",
    [["recall", "x"], ["list"], ["show", "x"], ["forget", "x", "--yes"], ["sessions"]],
    ids=" ".join,
)
def test_5_is_a_store_that_cannot_be_opened(
    run: Callable[..., Result], words: list[str], db: str, name: str
) -> None:
    assert wrong(run, "--db", db, *words) == (5, name)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (amberfile.StoreBusy("busy"), 6),
        (amberfile.Conflict("first"), 6),
        (amberfile.StoreCorrupt("bad"), 5),
        (amberfile.StoreFull("full"), 5),
        (amberfile.MissingExtra("x", "y", "z"), 4),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("remember", ["remember", "x"]),
        ("recall", ["recall", "x"]),
        ("find", ["list"]),
        ("update", ["edit", "id-1", "--text", "x"]),
        ("history", ["history", "id-1"]),
        ("retract", ["retract", "id-1"]),
        ("restore", ["restore", "id-1"]),
        ("forget", ["forget", "id-1", "--yes"]),
        ("sessions", ["sessions"]),
        ("resume", ["sessions", "show", "x"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_error_has_its_exit_code_in_every_command(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    words: list[str],
    error: Exception,
    code: int,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Memory, method, fail)
    assert wrong(run, *words)[0] == code


def test_6_is_a_change_that_somebody_else_made_meanwhile(
    run: Callable[..., Result], db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = Memory.update

    def late(memory: Memory, id: str, **more: Any) -> amberfile.Item:
        update(memory, id, text="theirs")
        return update(memory, id, **more)

    id = run("remember", "x").stdout.strip()
    monkeypatch.setattr(Memory, "update", late)
    assert wrong(run, "edit", id, "--text", "ours") == (6, "conflict")
    with amberfile.open(db) as memory:
        assert [item.text for item in memory.find()] == ["theirs"]


def test_130_is_ctrl_c(db: str) -> None:
    script = (
        "import os, signal\nfrom amberfile.cli.main import main\n"
        "from amberfile.memory import Memory\n"
        "Memory.recall = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
        f"main(['--db', {db!r}, 'recall', 'x'])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, b"", b"")


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize("words", [["forget", "id-1"], ["sessions", "rm", "talk-1"]], ids=" ".join)
def test_130_is_ctrl_c_where_something_is_asked(db: str, words: list[str]) -> None:
    script = (
        "import click.termui, os, signal\nfrom amberfile.cli import asking\n"
        "from amberfile.cli.main import main\n"
        "asking.can_ask = lambda: True\n"
        "click.termui.visible_prompt_func = lambda _: os.kill(os.getpid(), signal.SIGINT)\n"
        f"main(['--db', {db!r}, *{words!r}])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, b"")
    assert words[-1].encode() in ended.stderr  # it came as far as the question
    with amberfile.open(db) as memory:
        assert (len(memory.find()), len(memory.sessions())) == (2, 2)


def test_what_stands_after_two_dashes_is_no_option(run: Callable[..., Result]) -> None:
    assert run("remember", "--key", "", "--", "--json").stderr.startswith("error: ")
    assert run("remember", "--key", "", "--json", "--", "x").stderr == ""
