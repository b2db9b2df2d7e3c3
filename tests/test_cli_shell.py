"""completion and help: what a shell and a program may know, without a store being made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import amberfile
from amberfile.cli.groups import LazyGroup
from amberfile.cli.main import main

Run = Callable[..., Result]


def offered(*words: str) -> list[str]:
    """What Tab offers for the last of `words`."""
    environment = {
        "_AMBERFILE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("amberfile", *words)),
        "COMP_CWORD": str(len(words)),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        result = CliRunner().invoke(main, [], prog_name="amberfile")
    assert result.stderr == ""
    return [line.partition(",")[2] for line in result.stdout.splitlines() if line]


@pytest.fixture
def holding(db: str) -> None:
    with amberfile.open(db) as memory:
        memory.remember("x", key="deploy_window", kind="rule")
        memory.remember("x", key="dog\x1b[31m")
        memory.session("talk-1").append("user", "hello")
        memory.scoped(user="bob").remember("x", key="dinner")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_AMBERFILE_COMPLETE={shell}_complete" in script
    assert json.loads(run("completion", shell, "--json").stdout)["data"][0]["shell"] == shell


def test_bash_takes_the_script(run: Run) -> None:
    script = run("completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_another_shell_is_a_wrong_call(run: Run) -> None:
    assert run("completion", "tcsh").exit_code == 2


def test_commands_options_and_choices_are_offered() -> None:
    assert {"remember", "recall", "restore-backup"} <= {*offered("re")}
    assert offered("imports", "u") == ["undo"]
    assert offered("config", "get", "d") == ["db", "durability"]
    assert "--dry-run" in offered("import", "--d")
    assert "openai" in offered("import", "--format", "o")


@pytest.mark.usefixtures("holding")
def test_names_in_the_store_are_offered(db: str) -> None:
    assert offered("--db", db, "forget", "--key", "d") == ["deploy_window"]
    assert offered("--db", db, "recall", "--kind", "") == [
        *("episode", "fact", "message", "note", "rule", "summary"),
    ]
    assert offered("sessions", "show", "--db", db, "t") == ["talk-1"]


@pytest.mark.parametrize(
    "key",
    ["d$(touch x)", "d`touch x`", "d;x", "d x", "d'", 'd"', "d|x", "d&", "d>x", "d*", "d\\", "d!"],
)
def test_a_name_that_a_shell_might_obey_is_not_offered(db: str, key: str) -> None:
    with amberfile.open(db) as memory:
        memory.remember("x", key=key)
        memory.remember("x", key="d-öl_猫:1")
    assert offered("--db", db, "forget", "--key", "d") == ["d-öl_猫:1"]


@pytest.mark.usefixtures("holding")
def test_only_names_of_the_scope_are_offered(db: str) -> None:
    assert offered("--db", db, "forget", "--user", "bob", "--key", "d") == ["dinner"]


def test_completion_makes_no_store_and_is_silent(tmp_path: Path) -> None:
    absent, picture, empty = (tmp_path / name for name in ("absent.db", "picture.png", "empty.db"))
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    empty.touch()
    for where in (str(absent), str(picture), str(empty), str(tmp_path), "foo://x"):
        assert offered("--db", where, "forget", "--key", "") == []
    assert sorted(tmp_path.iterdir()) == [empty, picture]
    assert empty.stat().st_size == 0


def test_completion_is_silent_where_a_setting_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_DURABILITY", "most")
    assert offered("forget", "--key", "") == []


def test_help_is_what_the_option_prints(run: Run) -> None:
    for words in ([], ["recall"], ["sessions", "list"], ["config", "set"]):
        assert run("help", *words).stdout == run(*words, "--help").stdout


def test_help_of_an_alias_is_the_commands(run: Run) -> None:
    assert "amberfile recall" in run("help", "search").stdout


@pytest.mark.parametrize("words", [["bogus"], ["recall", "bogus"], ["sessions", "bogus"]])
def test_help_of_no_command_is_a_wrong_call(run: Run, words: list[str]) -> None:
    told = run("help", *words)
    assert (told.exit_code, told.stdout) == (2, "")


def tree(run: Run, *words: str) -> dict[str, dict[str, Any]]:
    told = json.loads(run("help", *words, "--json").stdout)["data"]
    return {one["name"]: one for one in told}


def test_help_for_programs_has_every_command(run: Run) -> None:
    def names(group: click.Group, *above: str) -> set[str]:
        context, found = click.Context(group), set()
        for name in group.list_commands(context):
            found.add(" ".join((*above, name)))
            below = group.get_command(context, name)
            if isinstance(below, LazyGroup):
                found |= names(below, *above, name)
        return found

    assert isinstance(main, click.Group)
    found = tree(run)
    assert found.keys() == {"", *names(main)}
    assert all(one["summary"] and one["examples"] for one in found.values())
    assert not any("\b" in one["help"] for one in found.values())


def test_help_for_programs_tells_types_defaults_and_exit_codes(run: Run) -> None:
    [recall] = tree(run, "recall").values()
    options = {name: one for one in recall["options"] for name in one["names"]}
    assert options["--limit"] is options["-n"]
    assert options["--limit"]["default"] == 10
    assert options["--json"]["type"] == "flag"
    assert recall["arguments"][0]["name"] == "QUERY"
    assert "3" in recall["exit_codes"]
    [export] = tree(run, "export").values()
    forms = next(one for one in export["options"] if "--format" in one["names"])
    assert (forms["default"], "sqlite" in forms["choices"]) == ("jsonl", True)
    assert "3" not in export["exit_codes"]


def test_help_opens_no_store(tmp_path: Path) -> None:
    environment = os.environ | {"AMBERFILE_DB": str(tmp_path / "x.db")}
    command = [sys.executable, "-m", "amberfile", "help", "--json"]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert list(tmp_path.iterdir()) == []


def test_commands_are_offered_behind_help() -> None:
    assert offered("help", "sess") == ["sessions"]
    assert offered("help", "sessions", "r") == ["rename", "rm"]
    assert offered("help", "recall", "") == []


@pytest.mark.parametrize(
    "words",
    [
        ["--db"],
        ["import"],
        ["export"],
        ["backup"],
        ["restore-backup"],
        ["repair"],
        ["repair", "old.db"],
        ["sessions", "export", "talk-1"],
    ],
    ids=" ".join,
)
def test_the_shell_offers_its_files(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    told: list[str] = []
    monkeypatch.setattr("click.shell_completion.echo", lambda text: told.append(text.decode()))
    offered(*words, "a")
    assert told == ["file,a"]


def test_a_wrong_shell_is_told_by_its_name(run: Run) -> None:
    assert "Invalid value for 'SHELL'" in run("completion", "tcsh").stderr
