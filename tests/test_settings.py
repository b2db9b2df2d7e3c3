"""Settings: who goes before whom, which files count, and what is wrong with a wrong one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import amberfile
from amberfile import InvalidInput
from amberfile.config import Target, config_file, settings, state_folder, target, target_of
from amberfile.settings import SETTINGS, files


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory below a home folder, without a file of settings."""
    folder = tmp_path / "home" / "project" / "deep"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "amber"))
    return folder


def user_file(text: str) -> Path:
    path = Path(config_file())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_place_goes_before_the_next(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings().value("user"), settings().origin("user")) == ("default", "default")
    lowest = user_file('user = "of the user file"')
    assert settings().origin("user") == str(lowest)
    pyproject = here.parent / "pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\n[tool.amberfile]\nuser = "of pyproject"\n')
    assert settings().origin("user") == str(pyproject)
    project = here.parent / "amberfile.toml"
    project.write_text('user = "of the project"')
    assert settings().origin("user") == str(project)
    monkeypatch.setenv("AMBERFILE_USER", "of the environment")
    assert settings().origin("user") == "AMBERFILE_USER"
    given = settings(user="of the call")
    assert (given.value("user"), given.origin("user")) == ("of the call", "--user")


def test_places_that_set_different_things_add_up(here: Path) -> None:
    user_file('user = "ada"\nagent = "planner"')
    (here / "amberfile.toml").write_text('agent = "writer"')
    found = settings()
    assert (found.value("user"), found.value("agent")) == ("ada", "writer")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"durability": "relaxed", "busy_timeout": "2.5"}.get(name, "x")
    monkeypatch.setenv(f"AMBERFILE_{name.upper()}", text)
    found = settings()
    assert str(found.value(name)) == text
    assert [one for one in SETTINGS if found.origin(one) != "default"] == [name]


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_USER", "")
    assert settings().origin("user") == "default"


def test_the_nearest_file_upwards_counts(here: Path) -> None:
    (here.parent / "amberfile.toml").write_text('user = "far"')
    assert settings().value("user") == "far"
    (here / "amberfile.toml").write_text('user = "near"')
    assert settings().value("user") == "near"


def test_no_file_above_the_home_folder_counts(here: Path, tmp_path: Path) -> None:
    (tmp_path / "amberfile.toml").write_text('user = "somebody"')
    assert settings().origin("user") == "default"
    (tmp_path / "home" / "amberfile.toml").write_text('user = "me"')
    assert settings().value("user") == "me"


def test_a_file_of_somebody_else_above_is_passed_over(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.parent / "amberfile.toml").write_text('db = "stolen.db"')
    foreign = os.stat_result((0o100644, 1, 1, 1, 4_711, 4_711, 9, 0, 0, 0))
    real = os.stat

    def stat(path: str, **more: int) -> os.stat_result:
        found = real(path)
        return foreign if str(path).endswith("amberfile.toml") else found

    monkeypatch.setattr("amberfile.places.os.stat", stat)
    assert settings().origin("db") == "default"
    monkeypatch.setattr("amberfile.places.os.getuid", lambda: 4_711)
    assert settings().origin("db") != "default"


def test_what_is_no_regular_file_is_not_opened(here: Path) -> None:
    os.mkfifo(here / "amberfile.toml")
    (here / "pyproject.toml").mkdir()
    assert settings().origin("db") == "default"


def test_a_store_in_a_file_is_beside_that_file(here: Path) -> None:
    (here.parent / "amberfile.toml").write_text('db = "notes/memory.db?durability=relaxed"')
    where = str(here.parent / "notes/memory.db")
    assert target(None) == Target(where, "relaxed", 30.0)
    (here.parent / "amberfile.toml").write_text('db = "sqlite:///memory.db"')
    assert target(None).where == str(here.parent / "memory.db")


def test_only_a_leading_tilde_is_expanded(here: Path, tmp_path: Path) -> None:
    file = here / "amberfile.toml"
    file.write_text('db = "~/$HOME/`id`/%s.db"')
    assert target(None).where == str(tmp_path / "home" / "$HOME" / "`id`" / "%s.db")


def test_the_library_and_the_command_line_use_the_same_store(here: Path) -> None:
    (here / "amberfile.toml").write_text('db = "ours.db"\nuser = "ada"')
    with amberfile.open() as memory:
        memory.remember("of nobody in particular")
    command = [sys.executable, "-m", "amberfile", "--user", "default", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "of nobody in particular" in told.stdout
    assert (here / "ours.db").exists()


def test_the_library_takes_durability_only_without_a_url(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBERFILE_DURABILITY", "relaxed")
    assert target(None).durability == "relaxed"
    assert target(None, durability="full").durability == "full"
    assert target("a.db").durability == "full"


def test_the_urls_own_options_go_before_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_DURABILITY", "relaxed")
    monkeypatch.setenv("AMBERFILE_BUSY_TIMEOUT", "7")
    found = target_of(settings(db="a.db?durability=full"))
    assert (found.durability, found.busy_timeout_s) == ("full", 7.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('usr = "ada"', "unknown setting 'usr'"),
        ('usr = "ada"', "did you mean 'user'"),
        ("user = 7", "user=7 in "),
        ('user = ""', "user='' in "),
        ('user = ["ada"]', "is no text"),
        ('durability = "most"', "Give 'full' or 'relaxed'"),
        ("durability = []", "Give 'full' or 'relaxed'"),
        ('busy_timeout = "30"', "busy_timeout='30' in "),
        ("busy_timeout = true", "is not 0 to 86400 seconds"),
        ("busy_timeout = nan", "is not 0 to 86400 seconds"),
        ("busy_timeout = -1", "is not 0 to 86400 seconds"),
        ("[database]\nx = 1", "unknown setting 'database'"),
        ("user = ", "is not TOML"),
        ("x = " + "[" * 5_000, "is not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_its_name_and_the_next_step(
    here: Path, text: str, told: str
) -> None:
    path = here / "amberfile.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        amberfile.open()
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_utf_8_is_told(here: Path) -> None:
    (here / "amberfile.toml").write_bytes(b'user = "\xff"')
    with pytest.raises(InvalidInput, match="is not TOML"):
        settings()


@pytest.mark.parametrize("table", ["tool = 7\n# amberfile", "[tool]\namberfile = 7"])
def test_a_pyproject_without_our_table_is_told_only_if_it_is_wrong(here: Path, table: str) -> None:
    (here / "pyproject.toml").write_text("this is not TOML and does not mention us")
    assert settings().origin("db") == "default"
    (here / "pyproject.toml").write_text(table)
    with pytest.raises(InvalidInput, match="is no table"):
        settings()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("DURABILITY", "most", "durability='most' in AMBERFILE_DURABILITY is unknown"),
        ("BUSY_TIMEOUT", "soon", "busy_timeout='soon' in AMBERFILE_BUSY_TIMEOUT is not"),
    ],
)
def test_a_wrong_variable_is_told_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, told: str
) -> None:
    monkeypatch.setenv(f"AMBERFILE_{name}", text)
    with pytest.raises(InvalidInput, match=told):
        settings()


def test_the_folders_follow_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    amber = tmp_path / "amber"
    assert (config_file(), state_folder()) == (str(amber / "config.toml"), str(amber / "state"))
    monkeypatch.delenv("AMBERFILE_HOME")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    assert target(None).where == str(home / ".local/share/amberfile/default.db")
    assert config_file() == str(home / ".config/amberfile/config.toml")
    assert state_folder() == str(home / ".local/state/amberfile")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config_file() == str(tmp_path / "xdg/amberfile/config.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_file() == str(home / ".config/amberfile/config.toml")


def test_without_a_working_directory_the_users_file_still_counts(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file('user = "ada"')
    gone = here / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert settings().value("user") == "ada"
    monkeypatch.chdir(here)


def test_without_files_nothing_is_parsed_and_little_is_looked_at(here: Path) -> None:
    (here / "pyproject.toml").write_text('[project]\nname = "something else"\n')
    probe = (
        "import os, sys\nfrom amberfile import config\n"
        "looked, real = [], os.stat\n"
        "os.stat = lambda *a, **k: (looked.append(a), real(*a, **k))[1]\n"
        "config.settings()\nprint('tomllib' in sys.modules, len(looked))"
    )
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    parsed, looks = told.stdout.split()
    assert parsed == "False"
    assert int(looks) <= 2 * len(here.parts) + 10


def test_the_first_of_the_files_goes_before(here: Path) -> None:
    (here / "pyproject.toml").write_text("")
    (here / "amberfile.toml").write_text("")
    assert [Path(file.path).name for file in files()] == [
        "amberfile.toml",
        "pyproject.toml",
        "config.toml",
    ]
