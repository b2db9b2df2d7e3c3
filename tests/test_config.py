"""A name becomes a store, and a wrong name an error that tells the right one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import amberfile
from amberfile import InvalidInput, StoreClosed
from amberfile.config import Target, connect, target


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("agent.db", "agent.db"),
        ("./notes:today.db", "notes:today.db"),
        ("sqlite:///rel.db", "rel.db"),
        ("SQLite:///rel.db", "rel.db"),
        ("sqlite:////data/abs.db", "/data/abs.db"),
        ("/data/abs.db", "/data/abs.db"),
        (Path("ram:"), "ram:"),
        (Path("agent.db?durability=relaxed"), "agent.db?durability=relaxed"),
        ("C:\\agent.db", "C:\\agent.db"),
    ],
)
def test_a_path_or_url_names_a_file(url: str | Path, path: str, tmp_path: Path) -> None:
    assert target(url) == Target(os.path.join(tmp_path, path))


@pytest.mark.parametrize("url", ["ram:", "ram://", "memory:", "memory://", "RAM:"])
def test_ram_is_this_processs_memory(url: str) -> None:
    store = connect(url)
    assert store.info().store == "ram"
    store.close()


def test_options_are_typed_and_go_before_arguments(tmp_path: Path) -> None:
    named = target("sqlite:///a.db?durability=relaxed&busy_timeout=2.5", durability="full")
    assert named == Target(str(tmp_path / "a.db"), "relaxed", 2.5)
    assert target("a.db?busy_timeout=0", durability="relaxed").durability == "relaxed"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgress://me:secret@host/db", "unknown store 'postgress:'; known: ram, sqlite"),
        ("notes:today.db", "'./notes:…'"),
        (":memory:", "Use 'ram:'"),
        ("sqlite://:memory:", "Use 'ram:'"),
        ("sqlite:///:memory:", "Use 'ram:'"),
        ("sqlite://rel.db", "Write 'sqlite:///rel.db'"),
        ("sqlite:rel.db", "Write 'sqlite:///rel.db'"),
        ("ram:notes", "Write 'ram:'"),
        ("ram:?durability=full", "Write 'ram:'"),
        ("a.db?durabilty=full", "did you mean 'durability'"),
        ("a.db?colour=red", "known: busy_timeout, durability"),
        ("a.db?durability=most", "Give 'full' or 'relaxed'"),
        ("a.db?busy_timeout=soon", "Give 30"),
        ("a.db?busy_timeout=nan", "Give 30"),
        ("a.db?busy_timeout=1&busy_timeout=2", "given twice"),
        ("", "is no path"),
        ("a\0.db", "is no path"),
    ],
)
def test_a_wrong_name_is_refused_at_once_with_the_next_step(url: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        amberfile.open(url)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(InvalidInput):
        amberfile.open(7)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        amberfile.open("ram:", durability="most")  # type: ignore[arg-type]


def test_the_default_place_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AMBERFILE_HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert target(None).where == str(tmp_path / ".local/share/amberfile/default.db")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert target(None).where == str(tmp_path / "data/amberfile/default.db")
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "home"))
    assert target(None).where == str(tmp_path / "home/default.db")
    monkeypatch.setenv("AMBERFILE_DB", str(tmp_path / "mine.db"))
    assert target(None).where == str(tmp_path / "mine.db")


def test_the_default_places_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "new" / "home"))
    with amberfile.open() as memory:
        memory.remember("x")
    assert (tmp_path / "new" / "home" / "default.db").exists()


def test_a_wrong_name_in_the_environment_is_blamed_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBERFILE_DB", "postgress://x")
    with pytest.raises(InvalidInput, match="'postgress:' in AMBERFILE_DB; known"):
        amberfile.open()


def test_a_store_stays_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = amberfile.open("agent.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    memory.remember("x")
    memory.close()
    assert (tmp_path / "agent.db").exists()


def test_nothing_is_opened_before_the_first_use(tmp_path: Path) -> None:
    memory = amberfile.open("agent.db")
    assert list(tmp_path.iterdir()) == []
    memory.close()
    with pytest.raises(StoreClosed):
        memory.remember("x")
    assert list(tmp_path.iterdir()) == []
