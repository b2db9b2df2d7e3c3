"""Naming things on the command line: beginnings of ids, and rows of the last listing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import amberfile
from amberfile.cli import output
from amberfile.cli.listing import FILE

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def held(db: str, home: Path) -> None:
    """Three memories, the last of which is listed first, and two sessions."""
    with amberfile.open(db) as memory:
        for name in ("one", "two", "three"):
            memory.remember(f"apple {name}", id=f"id-{name}", key=name)
        for name in ("monday", "tuesday"):
            memory.session(name).append("user", f"apple {name}", id=f"said-{name}")


def shown(run: Run, word: str) -> str:
    """The id of what `show` shows."""
    [told] = json.loads(run("show", word, "--json").stdout)["data"]
    found: str = told["id"]
    return found


def test_the_beginning_of_an_id_is_enough_if_it_is_only_ones(run: Run) -> None:
    assert shown(run, "id-o") == "id-one"
    assert shown(run, "said-m") == "said-monday"
    refused = run("show", "id-t")
    assert refused.exit_code == 1
    assert "id-three, id-two" in refused.stderr


def test_a_whole_id_goes_before_those_that_begin_so(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        memory.remember("x", id="id-on")
    assert shown(run, "id-on") == "id-on"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("listing", "word", "id"),
    [
        (["list"], "@1", "id-three"),
        (["list"], "@3", "id-one"),
        (["list", "--kind", "fact", "-n", "1"], "@1", "id-three"),
        (["recall", "apple one", "--kind", "fact"], "@1", "id-one"),
        (["forget", "id-two", "--dry-run"], "@1", "id-two"),
        (["sessions", "show", "monday"], "@1", "said-monday"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_row_of_the_last_listing_names_it(
    run: Run, listing: list[str], word: str, id: str
) -> None:
    run(*listing)
    assert shown(run, word) == id


@pytest.mark.usefixtures("terminal")
def test_the_rows_are_numbered(run: Run) -> None:
    lines = run("list").stdout.splitlines()
    assert lines[0].startswith("#  id")
    assert [line.split()[:2] for line in lines[1:]] == [
        ["1", "id-three"],
        ["2", "id-two"],
        ["3", "id-one"],
    ]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["forget", "@1", "@3", "--yes"], ["id-two"]),
        (["retract", "@2"], ["id-three", "id-one"]),
        (["edit", "@1", "--text", "x"], ["id-three", "id-two", "id-one"]),
        (["history", "@2"], ["id-three", "id-two", "id-one"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_every_command_takes_rows(run: Run, db: str, words: list[str], left: list[str]) -> None:
    run("list")
    assert run(*words).exit_code == 0
    with amberfile.open(db) as memory:
        assert [item.id for item in memory.find()] == left


@pytest.mark.usefixtures("terminal")
def test_a_retracted_row_comes_back(run: Run, db: str) -> None:
    run("retract", "id-one")
    run("list", "--hidden")
    run("restore", "@1")
    with amberfile.open(db) as memory:
        assert len(memory.find()) == 3


@pytest.mark.usefixtures("terminal")
def test_sessions_have_rows_of_their_own(run: Run) -> None:
    run("sessions")
    [said] = json.loads(run("sessions", "show", "@2", "--json").stdout)["data"]
    assert said["session"] == "monday"
    [hit] = json.loads(run("recall", "apple", "--session", "@1", "--json").stdout)["data"]
    assert hit["session"] == "tuesday"
    refused = run("forget", "@1", "--yes")
    assert (refused.exit_code, "sessions" in refused.stderr) == (2, True)
    run("list")
    assert run("sessions", "rm", "@1", "--yes").exit_code == 2


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("word", ["@0", "@4", "@999999999"])
def test_a_row_that_is_not_there_is_a_wrong_call(run: Run, word: str) -> None:
    run("list")
    refused = run("forget", word, "--yes")
    assert (refused.exit_code, "ends at @3" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    "other", [["--user", "ada"], ["--space", "s"], ["--agent", "a"], ["--db", "other.db"]]
)
def test_a_row_of_another_store_or_scope_is_a_wrong_call(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run("list")
    refused = run("show", "@1", *other)
    assert (refused.exit_code, "another store or scope" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("terminal")
def test_the_file_holds_ids_and_is_private(run: Run, home: Path) -> None:
    run("recall", "apple one")
    file = home / "state" / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "id-one" in file.read_text()
    assert "apple" not in file.read_text()
    assert [path.name for path in file.parent.iterdir()] == [FILE]


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"]])
def test_what_no_terminal_shows_leaves_the_rows_alone(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, form: list[str]
) -> None:
    run("list", *form)
    assert not home.exists()
    with monkeypatch.context() as terminal:
        terminal.setattr(output, "on_terminal", lambda: True)
        run("list")
    run("recall", "apple one", *form)
    assert shown(run, "@1") == "id-three"


@pytest.mark.usefixtures("terminal")
def test_an_empty_listing_has_no_rows(run: Run) -> None:
    run("list")
    run("list", "--kind", "none")
    assert run("show", "@1").exit_code == 2


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "\ud800",
        '{"what": "entry", "where": 1, "scope": [], "ids": ["a"]}',
        '{"what": "entry", "where": "DB", "scope": ["default"], "ids": [1]}',
        '{"what": [], "where": "DB", "scope": [], "ids": null}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_a_file_that_is_not_ours_has_no_rows(run: Run, home: Path, text: str) -> None:
    (home / "state").mkdir(parents=True)
    (home / "state" / FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    refused = run("show", "@1")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.usefixtures("terminal")
def test_rows_that_cannot_be_kept_are_told(run: Run, home: Path) -> None:
    home.write_text("a file where the folder should be")
    result = run("list")
    assert result.exit_code == 0
    assert "id-three" in result.stdout
    assert "could not be kept" in result.stderr


def test_on_a_real_terminal_the_next_command_knows_the_rows(db: str) -> None:
    assert b"id-three" in on_a_terminal("--db", db, "list")
    assert b"apple two" in on_a_terminal("--db", db, "show", "@2")


def on_a_terminal(*words: str) -> bytes:
    """What a command prints when stdin, stdout and stderr are a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "amberfile", *words]
    try:
        subprocess.run(command, stdin=theirs, stdout=theirs, stderr=theirs, check=True, timeout=60)
        return os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.usefixtures("terminal")
def test_after_a_listing_of_nothing_a_number_names_nothing(run: Run) -> None:
    run("list")
    assert "nothing found" in run("recall", "zzz").stderr
    refused = run("forget", "@1", "--yes")
    assert (refused.exit_code, "is empty, so @1 names nothing" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("words", [["list", "--kind", "none"], ["imports"]])
def test_a_listing_of_nothing_says_so(run: Run, words: list[str]) -> None:
    listed = run(*words)
    assert (listed.exit_code, listed.stdout, listed.stderr) == (0, "", "nothing found\n")


@pytest.mark.usefixtures("terminal")
def test_on_a_narrow_terminal_the_texts_stand_without_the_ids(
    run: Run, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with amberfile.open(db) as memory:
        kept = memory.remember("a pear")
    assert kept.id in run("list").stdout
    monkeypatch.setenv("COLUMNS", "40")
    told = run("list").stdout
    assert ("a pear" in told, kept.id[:8] in told) == (True, False)
    assert shown(run, "@1") == kept.id


@pytest.mark.usefixtures("terminal")
def test_a_long_name_leaves_room_for_the_text(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        memory.remember("a pear", key="k" * 1_000)
        memory.session("s" * 1_000).append("user", "a plum")
    assert run("list").stdout.count("k") < 50
    assert run("sessions").stdout.count("s") < 400
    assert run("recall", "plum").stdout.count("s") < 50


def test_what_is_not_there_is_told_with_the_command_that_lists(run: Run, db: str) -> None:
    assert run("show", "nope").stderr.endswith(f"To see what there is: amberfile --db {db} list\n")
    told = run("--user", "ada", "sessions", "show", "nope").stderr
    assert told.endswith(f"To see what there is: amberfile --db {db} --user ada sessions\n")
    told = run("imports", "undo", "nope").stderr
    assert told.endswith(f"To see them: amberfile --db {db} imports\n")


def test_more_sessions_are_shown_by_the_line_that_is_told(run: Run, db: str) -> None:
    listed = run("sessions", "list", "-n", "1")
    _, _, line = listed.stderr.rpartition(": amberfile ")
    assert run(*line.split()).stdout.count("\n") == 2


def test_marks_are_looked_for_only_where_they_show(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def terms(word: str) -> list[str]:
        looked.append(word)
        return [word]

    monkeypatch.setattr("amberfile.highlight.terms", terms)
    with amberfile.open(db) as memory:
        memory.remember("word " * 10_000)
        [hit] = memory.recall("word")
    assert output.marked(hit).plain.startswith("word word")
    assert len(looked) < 100
