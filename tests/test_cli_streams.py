"""Where stdin, stdout or stderr is closed or full: one line at most, and the right exit code."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import amberfile

FULL = Path("/dev/full")

full = pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")


@pytest.fixture(autouse=True)
def held(db: str) -> None:
    with amberfile.open(db) as memory:
        memory.remember("The cat is called Pretzel", key="cat_name")


def called(db: str, words: str, streams: str) -> subprocess.CompletedProcess[str]:
    """The command line called by a shell with its `streams` turned so."""
    command = f"{shlex.quote(sys.executable)} -m amberfile --db {shlex.quote(db)} {words} {streams}"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words", ["", "list", "recall cat", "recall cat --json", "export", "stats", "doctor", "config"]
)
def test_without_a_stdout_nothing_is_printed_and_all_is_well(db: str, words: str) -> None:
    done = called(db, words, ">&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_remembered_without_a_stdout_is_kept(db: str) -> None:
    assert called(db, "remember 'so be it' --key so", ">&-").returncode == 0
    with amberfile.open(db) as memory:
        assert memory.find()[0].text == "so be it"


@pytest.mark.parametrize("words", ["remember", "forget --key cat_name", "edit cat"])
def test_without_a_stdin_nobody_answers(db: str, words: str) -> None:
    done = called(db, words, "<&-")
    assert (done.returncode in (1, 2), done.stderr.count("\n")) == (True, 1)
    assert done.stderr.startswith("error: ")


def test_without_a_stderr_the_exit_code_says_it(db: str) -> None:
    assert called(db, "nope", "2>&-").returncode == 2
    assert called(db, "retract nope", "2>&-").returncode == 0


@full
@pytest.mark.parametrize("words", ["list", "recall cat", "list --json", "export", "help --json"])
def test_a_full_stdout_is_one_line_and_1(db: str, words: str) -> None:
    done = called(db, words, f"> {FULL}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: the output cannot be written: ")


@full
def test_an_error_that_stdout_cannot_take_stands_on_stderr(db: str) -> None:
    done = called(db, "show nope --json", f"> {FULL}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no memory or message begins with 'nope'")


@full
def test_a_hint_that_nobody_reads_is_no_error(db: str) -> None:
    words = "retract $(%s -m amberfile --db %s list | cut -f 1) --json"
    made = words % (shlex.quote(sys.executable), shlex.quote(db))
    done = called(db, made, f"2> {FULL}")
    assert (done.returncode, json.loads(done.stdout)["data"]) == (0, [{"retracted": 1}])


@full
def test_an_error_that_nobody_reads_keeps_its_exit_code(db: str) -> None:
    assert called(db, "nope", f"2> {FULL}").returncode == 2
    assert called(db, "nope --json", f"> {FULL} 2>&1").returncode == 2
