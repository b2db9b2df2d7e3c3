"""config: what it shows, what it writes, and how it ends when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amberfile.cli.main import main
from amberfile.config import config_file

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "amber"))
    return folder


@pytest.fixture
def call() -> Call:
    """The command line without --db."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    return run


def data(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["data"]
    return found


def test_explain_tells_each_setting_with_its_origin(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "amberfile.toml").write_text('db = "ours.db"')
    monkeypatch.setenv("AMBERFILE_AGENT", "planner")
    told = {one["key"]: one for one in data(call("--user", "ada", "config", "explain", "--json"))}
    assert (told["db"]["value"], told["db"]["origin"]) == (
        str(here / "ours.db"),
        str(here / "amberfile.toml"),
    )
    assert (told["user"]["value"], told["user"]["origin"]) == ("ada", "--user")
    assert told["agent"]["origin"] == told["agent"]["variable"] == "AMBERFILE_AGENT"
    assert (told["busy_timeout"]["value"], told["space"]["value"]) == (30.0, "default")
    assert not (here / "ours.db").exists()


def test_explain_in_a_pipe_is_a_line_a_setting(call: Call) -> None:
    lines = [line.split("\t") for line in call("config", "explain").stdout.splitlines()]
    assert ["busy_timeout", "30", "default", "Seconds to wait while others write."] in lines
    assert call("config").stdout == call("config", "explain").stdout


@pytest.mark.usefixtures("terminal")
def test_explain_on_a_terminal_is_a_table(call: Call) -> None:
    assert call("config").stdout.split()[:4] == ["setting", "value", "from", "means"]


def test_what_is_set_is_got_and_used(call: Call, here: Path) -> None:
    assert call("config", "set", "user", "ada").exit_code == 0
    assert call("config", "get", "user").stdout == "ada\n"
    assert json.loads(call("list", "--json").stdout)["scope"]["user"] == "ada"
    assert json.loads(call("--user", "bob", "list", "--json").stdout)["scope"]["user"] == "bob"
    assert call("config", "unset", "user").exit_code == 0
    assert call("config", "get", "user").stdout == "default\n"


def test_a_memory_of_the_set_user_is_kept_apart(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBERFILE_USER", "ada")
    call("remember", "secret")
    monkeypatch.setenv("AMBERFILE_USER", "bob")
    assert call("list").stdout == ""


def test_the_users_file_holds_a_whole_path_and_the_projects_a_relative_one(
    call: Call, here: Path
) -> None:
    call("config", "set", "db", "one.db?durability=relaxed")
    assert Path(config_file()).read_text() == f'db = "{here}/one.db?durability=relaxed"\n'
    call("config", "set", "db", "two.db", "--project")
    assert (here / "amberfile.toml").read_text() == 'db = "two.db"\n'
    assert call("config", "get", "db").stdout == f"{here}/two.db\n"
    call("config", "set", "db", "~/three.db")
    assert Path(config_file()).read_text() == 'db = "~/three.db"\n'


def test_set_tells_what_goes_before_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("config", "set", "user", "ada").stderr == ""
    monkeypatch.setenv("AMBERFILE_USER", "bob")
    assert call("config", "set", "user", "eve").stderr == (
        "AMBERFILE_USER sets user too, and goes before.\n"
    )


def test_set_and_unset_as_json(call: Call) -> None:
    [told] = data(call("config", "set", "busy_timeout", "5", "--json"))
    assert told == {"key": "busy_timeout", "value": 5.0, "path": config_file(), "changed": True}
    [told] = data(call("config", "unset", "busy_timeout", "--json"))
    assert (told["value"], told["changed"]) == (None, True)
    [told] = data(call("config", "unset", "busy_timeout", "--json"))
    assert told["changed"] is False


def test_path_tells_the_files_in_order_and_whether_they_are_there(call: Call, here: Path) -> None:
    absent = [("project", str(here / "amberfile.toml"), False), ("user", config_file(), False)]
    told = data(call("config", "path", "--json"))
    assert [(one["of"], one["path"], one["read"]) for one in told] == absent
    (here / "amberfile.toml").touch()
    (here / "pyproject.toml").touch()
    call("config", "set", "user", "ada")
    assert call("config", "path").stdout.splitlines() == [
        f"project\tread\t{here}/amberfile.toml",
        f"project\tread\t{here}/pyproject.toml",
        f"user\tread\t{config_file()}",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["get", "usr"], 2),
        (["set", "usr", "x"], 2),
        (["set", "user"], 2),
        (["bogus"], 2),
        (["set", "user", ""], 1),
        (["set", "durability", "most"], 1),
        (["set", "busy_timeout", "soon"], 1),
        (["set", "db", "postgress://x"], 1),
        (["set", "db", ":memory:"], 1),
        (["set", "user", "\ud800"], 4),
    ],
)
def test_a_wrong_call_changes_nothing(call: Call, words: list[str], code: int) -> None:
    result = call("config", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not Path(config_file()).exists()


@pytest.mark.parametrize("words", [["list"], ["config"], ["config", "get", "user"], []])
def test_a_wrong_file_ends_with_4_and_is_named(call: Call, here: Path, words: list[str]) -> None:
    (here / "amberfile.toml").write_text("usr = 'ada'")
    result = call(*words)
    assert result.exit_code == 4
    assert result.stderr.startswith(f"error: unknown setting 'usr' in {here}/amberfile.toml")
    told = json.loads(call(*words, "--json").stdout)
    assert (told["status"], told["code"]) == ("error", "bad_settings")


def test_a_wrong_variable_ends_with_4(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_DURABILITY", "most")
    assert call("list").exit_code == 4


def test_a_wrong_value_can_be_looked_for_and_mended(call: Call, here: Path) -> None:
    (here / "amberfile.toml").write_text("durability = 'most'")
    assert call("config", "path").exit_code == 0
    assert call("config", "set", "durability", "full", "--project").exit_code == 0
    assert call("config", "get", "durability").stdout == "full\n"


def test_what_is_still_wrong_after_a_change_is_told(call: Call, here: Path) -> None:
    (here / "amberfile.toml").write_text("durability = 'most'\nbusy_timeout = -1\n")
    mended = call("config", "set", "durability", "full", "--project")
    assert mended.exit_code == 0
    assert mended.stderr.startswith("still wrong: busy_timeout=-1 in ")


def test_a_file_that_is_not_toml_is_not_written_over(call: Call, here: Path) -> None:
    (here / "amberfile.toml").write_text("user = ")
    assert call("config", "set", "user", "ada", "--project").exit_code == 4
    assert (here / "amberfile.toml").read_text() == "user = "


@pytest.mark.parametrize("mode", [[], ["--json"], ["--jsonl"]])
def test_no_terminal_obeys_a_value_that_was_set(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, mode: list[str]
) -> None:
    hostile = "a\x1b[31m\u202e\x9b\nb"
    monkeypatch.setenv("AMBERFILE_AGENT", hostile)
    for words in (["config"], ["config", "get", "agent"], ["config", "set", "user", hostile]):
        told = call(*words, *mode)
        assert told.exit_code == 0
        assert all(one.isprintable() or one in "\n\t" for one in told.output)


@pytest.mark.usefixtures("terminal")
def test_no_terminal_obeys_a_value_in_a_table(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_AGENT", "a\x1b[31m\u202eb")
    assert all(one.isprintable() or one == "\n" for one in call("config").stdout)
