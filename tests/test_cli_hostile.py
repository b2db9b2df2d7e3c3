"""Any string through the command line: kept exactly or refused in one line, never obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import amberfile
from amberfile.cli import output
from amberfile.cli.main import main
from amberfile.testing.hostile import HOSTILE

UNSEEN = {*map(chr, range(32)), "\x7f", "\x9b", "\u202e", "\u2067"} - {"\n", "\t"}

each_string = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "agent.db")


@pytest.fixture
def run(db: str) -> Callable[..., Result]:
    def call(*words: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, ["--db", db, *words], input=stdin)

    return call


def stored(db: str) -> list[str]:
    with amberfile.open(db) as memory:
        return [item.text for item in memory.find()]


@each_string
def test_any_text_is_kept_and_read_back(run: Callable[..., Result], db: str, text: str) -> None:
    run("remember", "--", text)
    assert stored(db) == [text]
    [kept] = json.loads(run("list", "--json").stdout)["data"]
    if text != HOSTILE["two surrogates that are not one character"]:  # JSON joins them
        assert kept["text"] == text


@each_string
def test_any_text_on_stdin_is_kept_or_refused(
    run: Callable[..., Result], db: str, text: str
) -> None:
    given = text.encode("utf-8", "surrogatepass")
    result = run("remember", "-", stdin=given)
    if "\ud800" <= max(text, default="") <= "\udfff":
        assert result.exit_code == 1
    else:
        assert (result.exit_code, stored(db)) == (0, [text])


@each_string
@pytest.mark.parametrize(
    "words",
    [
        ["recall"],
        ["recall", "x", "--kind"],
        ["remember", "x", "--key"],
        ["remember", "x", "--kind"],
        ["remember", "x", "--topic"],
        ["forget", "--yes"],
        ["forget", "--dry-run", "--key"],
        ["list", "--topic"],
        ["import"],
        ["list", "--user"],
        ["--db"],
    ],
    ids=" ".join,
)
def test_any_argument_is_taken_or_refused_in_one_line(
    run: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words, text)
    assert result.exit_code in (0, 1, 2, 4, 5), result.exception
    assert result.exit_code == 0 or result.stderr.count("\n") <= 1
    assert not UNSEEN & set(result.output)


@each_string
def test_no_terminal_is_sent_what_it_would_obey(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    with amberfile.open(tmp_path / "agent.db") as memory:
        memory.remember(f"apple {text}", topics=[text] if 0 < len(text) < 1000 else [])
        session = text if 0 < len(text) < 1000 else "s"
        memory.session(session).append("user", f"{text} apple")
    for words in (["recall", "apple"], ["list"], ["recall", "apple", "--json"], ["export"]):
        result = run(*words)
        assert result.exit_code == 0, result.exception
        assert not UNSEEN & set(result.stdout), words
