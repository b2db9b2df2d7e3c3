"""backup, restore-backup, doctor, reindex, repair: the whole store, sound or ill."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile
from amberfile import StoreBusy, StoreCorrupt

Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("_in_a_folder")


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def saved(run: Run) -> str:
    """A backup with the older of two memories."""
    run("remember", "the older one", "--user", "ada")
    run("backup", "saved.db")
    run("remember", "the newer one", "--user", "ada")
    return "saved.db"


def data(result: Result, code: int = 0) -> list[dict[str, Any]]:
    assert result.exit_code == code, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["data"]
    return found


def texts(path: str | Path) -> list[str]:
    with amberfile.open(path) as memory:
        return [item.text for item in memory.scoped(user="ada").find()]


def damaged(path: str, table: str) -> None:
    """Lose every row of a table, as no call of ours does."""
    with sqlite3.connect(path) as db:
        db.execute(f"DELETE FROM {table}")
    db.close()


def overwritten(path: str) -> None:
    """Change the text of a row, and not its checksum."""
    data = Path(path).read_bytes()
    assert b"the older one" in data
    Path(path).write_bytes(data.replace(b"the older one", b"the elder one"))


def test_a_backup_is_a_store(run: Run, saved: str) -> None:
    assert texts(saved) == ["the older one"]
    again = run("backup", saved)
    assert (again.exit_code, texts(saved)) == (1, ["the older one"])


def test_a_backup_comes_back_and_what_was_there_is_kept(run: Run, db: str, saved: str) -> None:
    [told] = data(run("restore-backup", saved, "--yes", "--json"))
    assert (told["where"], told["from"], told["items"]) == (db, saved, 1)
    assert texts(db) == ["the older one"]
    assert told["copy"].startswith(f"{db}.before-restore-20")
    assert texts(told["copy"]) == ["the newer one", "the older one"]


def test_the_name_of_the_copy_is_told(run: Run, db: str, saved: str) -> None:
    told = run("restore-backup", saved, "--yes")
    assert told.stdout == "restored: 1 item, 0 messages, 0 sessions, 1 scope\n"
    assert told.stderr.startswith(f"what was there before: {db}.before-restore-")


def test_without_a_copy_there_is_none(run: Run, tmp_path: Path, saved: str) -> None:
    [told] = data(run("restore-backup", saved, "--yes", "--no-copy", "--json"))
    assert told["copy"] is None
    assert not list(tmp_path.glob("*before-restore*"))


def test_a_dry_run_of_a_restore_shows_both_and_changes_nothing(
    run: Run, db: str, tmp_path: Path, saved: str
) -> None:
    before = sorted(tmp_path.iterdir())
    shown = run("restore-backup", saved, "--dry-run")
    assert shown.stdout == f"store\t{db}\t2\t0\t0\t1\nbackup\t{saved}\t1\t0\t0\t1\n"
    assert sorted(tmp_path.iterdir()) == before
    assert texts(db) == ["the newer one", "the older one"]


def test_a_restore_makes_a_store_that_was_not_there(run: Run, tmp_path: Path, saved: str) -> None:
    other = str(tmp_path / "other.db")
    [told] = data(run("--db", other, "restore-backup", saved, "--yes", "--json"))
    assert (told["copy"], texts(other)) == (None, ["the older one"])


def test_a_restore_needs_yes_where_nobody_can_be_asked(run: Run, db: str, saved: str) -> None:
    refused = run("restore-backup", saved)
    assert (refused.exit_code, texts(db)) == (2, ["the newer one", "the older one"])
    assert "--yes" in refused.stderr


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 2), ("y\n", 0, 1)])
def test_a_restore_does_what_a_person_answers(
    run: Run, db: str, saved: str, answer: str, code: int, left: int
) -> None:
    asked = run("restore-backup", saved, stdin=answer)
    assert (asked.exit_code, len(texts(db))) == (code, left)
    assert "the store holds 2 items" in asked.stderr
    assert "the backup holds 1 item," in asked.stderr


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]])
def test_a_backup_that_is_not_sound_is_refused_and_changes_nothing(
    run: Run, db: str, tmp_path: Path, saved: str, words: list[str]
) -> None:
    overwritten(saved)
    assert run("restore-backup", saved, *words).exit_code == 5
    Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    assert run("restore-backup", "picture.png", *words).exit_code == 5
    assert run("restore-backup", "nope.db", *words).exit_code == 1
    assert texts(db) == ["the newer one", "the older one"]
    assert not list(tmp_path.glob("*before-restore*"))


def test_the_store_itself_is_no_backup(run: Run, db: str, saved: str) -> None:
    assert run("restore-backup", db, "--yes").exit_code == 1
    assert texts(db) == ["the newer one", "the older one"]


def test_a_damaged_store_is_replaced_only_without_a_copy(run: Run, db: str, saved: str) -> None:
    overwritten(db)
    refused = run("restore-backup", saved, "--yes")
    assert refused.exit_code == 5
    assert "--no-copy" in refused.stderr
    assert run("restore-backup", saved, "--yes", "--no-copy").exit_code == 0
    assert texts(db) == ["the older one"]


def test_a_store_in_ram_has_no_backup(run: Run) -> None:
    assert run("--db", "ram:", "backup", "x.db").exit_code == 1


def test_doctor_tells_what_is_sound(run: Run) -> None:
    run("remember", "x")
    [health] = data(run("doctor", "--json"))
    assert (health["faults"], health["advice"], health["details"]["items"]) == ([], "", 1)
    assert "durability" in health["promises"]
    assert run("doctor").stdout.endswith("verdict\tsound\n")


@pytest.mark.usefixtures("terminal")
def test_doctor_on_a_terminal_is_a_table(run: Run) -> None:
    run("remember", "x")
    assert "verdict" in run("doctor").stdout


def test_doctor_finds_a_bad_index_and_reindex_mends_it(run: Run, db: str, saved: str) -> None:
    damaged(db, "posting")
    damaged(db, "tail")
    [health] = data(run("doctor", "--json"), 5)
    assert health["faults"]
    assert f"amberfile --db {db} reindex" in health["advice"]
    assert "\nnext\t" in run("doctor").stdout
    assert data(run("reindex", "--json")) == [{"entries": 2}]
    assert run("doctor").exit_code == 0
    assert run("recall", "the newer one", "--user", "ada", "--fail-empty").exit_code == 0


def test_doctor_examines_a_store_that_is_refused(
    run: Run, db: str, saved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    overwritten(db)
    [health] = data(run("doctor", "--json"), 5)
    assert health["faults"]
    assert "amberfile repair" in health["advice"]
    assert run("reindex").exit_code == 5


def test_doctor_tells_of_a_store_that_cannot_be_counted(
    run: Run, db: str, saved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreCorrupt("a page is lost")

    monkeypatch.setattr("amberfile.memory.Memory.info", refuse)
    monkeypatch.setattr("amberfile.doctor.faults", lambda memory: ["a page is lost"])
    [health] = data(run("doctor", "--json"), 5)
    assert (health["where"], health["details"], health["faults"]) == (db, {}, ["a page is lost"])


def test_repair_brings_everything_of_a_sound_file(run: Run, saved: str) -> None:
    before = Path(saved).read_bytes()
    [told] = data(run("repair", saved, "mended.db", "--json"))
    assert (told["items"], told["lost"], told["damaged_pages"]) == (1, [], 0)
    assert (texts("mended.db"), Path(saved).read_bytes()) == (["the older one"], before)


def test_repair_tells_what_was_lost_and_ends_with_5(run: Run, saved: str) -> None:
    damaged(saved, "message")
    with amberfile.open("full.db") as memory:
        memory.session("s").append("user", "hello")
    damaged("full.db", "message")
    lost = run("repair", "full.db", "mended.db")
    assert lost.exit_code == 5
    assert "\nlost\t" in lost.stdout


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["backup"], 2, "missing_parameter"),
        (["backup", "saved.db/x.db"], 5, "store_unavailable"),
        (["restore-backup"], 2, "missing_parameter"),
        (["repair", "nope.db", "new.db"], 1, "not_found"),
        (["repair", "saved.db", "saved.db"], 1, "invalid_input"),
        (["repair", "picture.png", "new.db"], 5, "not_a_store"),
        (["--db", "picture.png", "doctor"], 5, "not_a_store"),
        (["--db", "picture.png", "reindex"], 5, "not_a_store"),
        (["--db", "foo://x", "doctor"], 4, "bad_store"),
        (["--db", "\ud800", "doctor"], 4, "bad_store"),
    ],
)
def test_a_wrong_call_has_its_exit_code(
    run: Run, saved: str, words: list[str], code: int, name: str
) -> None:
    Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    told = run(*words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert json.loads(run(*words, "--json").stdout)["code"] == name


@pytest.mark.parametrize("mode", [[], ["--json"], ["--jsonl"]])
def test_no_terminal_obeys_the_name_of_a_store(run: Run, saved: str, mode: list[str]) -> None:
    hostile = "a\x1b[31m\u202eb.db"
    for words in (
        ["backup", hostile],
        ["--db", hostile, "doctor"],
        ["restore-backup", hostile, "--dry-run"],
        ["--db", hostile, "restore-backup", saved, "--yes"],
        ["repair", hostile, f"{hostile}2"],
        ["repair", "nope\x1b[31m", "x"],
    ):
        told = run(*words, *mode)
        assert told.output
        assert all(one.isprintable() or one in "\n\t" for one in told.output)


@pytest.mark.parametrize("words", [["backup", "x.db"], ["doctor"], ["reindex"], ["stats"]])
def test_a_store_that_stays_locked_ends_with_6(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("it stayed locked. Try again.")

    run("remember", "x")
    for name in ("backup", "info", "scopes"):
        monkeypatch.setattr(f"amberfile.memory.Memory.{name}", busy)
    assert run(*words).exit_code == 6
