"""A file of an older schema opens as today's, with everything that was in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from amberfile.changes import DropImport, Forget, MarkImport
from amberfile.errors import Conflict, StoreReadOnly
from amberfile.stores.sqlite import SqliteStore, schema
from amberfile.testing.samples import ADA, BOB, EVERY_CHANGE, FURNITURE, batch, ids, mark, put, view

SCOPES = [ADA, BOB]
OLD_FURNITURE = [
    change
    for change in FURNITURE
    if not isinstance(change, MarkImport) and not (isinstance(change, Forget) and change.may_return)
]
"""What could be written before there were records of imports."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A furnished file of schema 1, made by its script alone."""
    path = tmp_path / "old.db"
    store = SqliteStore(path)
    for scope in SCOPES:
        store.write(batch(*OLD_FURNITURE, scope=scope))
    store.close()
    today = apsw.Connection(str(path))
    first = apsw.Connection(str(tmp_path / "first.db"))
    first.execute("PRAGMA journal_mode = WAL").fetchall()
    for statement in schema._statements(schema._scripts()[0]):
        first.execute(statement)
    first.execute("DELETE FROM store")
    for table in _tables(first):
        columns = [row[1] for row in first.execute(f"PRAGMA table_info({table})")]
        marks = ", ".join("?" * len(columns))
        rows: Any = today.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
        first.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    first.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    first.execute("PRAGMA user_version = 1")
    for db in (first, today):
        db.close()
    path.unlink()
    (tmp_path / "first.db").rename(path)
    return path


def _tables(db: apsw.Connection) -> list[str]:
    names: Any = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return [name for (name,) in names if name != "sqlite_sequence"]


def version(path: Path) -> int:
    """In a process of its own, as the file may be open in this one."""
    code = "import apsw, sys; print(apsw.Connection(sys.argv[1]).pragma('user_version'))"
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    return int(said.stdout)


def furnished(tmp_path: Path) -> Any:
    """What a new file shows after the same writes."""
    store = SqliteStore(tmp_path / "new.db")
    for scope in SCOPES:
        store.write(batch(*OLD_FURNITURE, scope=scope))
    shown = view(store, SCOPES)
    store.close()
    return shown


def test_everything_is_there_after_a_migration(old: Path, tmp_path: Path) -> None:
    assert version(old) == 1
    store = SqliteStore(old)
    assert view(store, SCOPES) == furnished(tmp_path)
    assert store.check() == []
    store.close()
    assert version(old) == len(schema._scripts())


def test_a_migrated_file_takes_what_is_new(old: Path) -> None:
    store = SqliteStore(old)
    store.write(batch(put("new"), mark("i")))
    assert ids(store.imports(ADA)) == ["i"]
    store.write(batch(Forget(("new",), may_return=True, written_by="i"), DropImport("i")))
    store.write(batch(put("new")))
    with pytest.raises(Conflict):
        store.write(batch(put("gone")))
    store.close()


def test_a_migrated_file_has_the_schema_of_a_new_one(old: Path, tmp_path: Path) -> None:
    told = []
    for path in (old, tmp_path / "new.db"):
        SqliteStore(path).close()
        db = apsw.Connection(str(path))
        told.append(
            db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
        )
        db.close()
    assert told[0] == told[1]


def test_a_file_that_can_only_be_read_is_read_without_a_migration(
    old: Path, tmp_path: Path
) -> None:
    bytes_before = old.read_bytes()
    store = _read_only(old)
    assert view(store, SCOPES) == furnished(tmp_path)
    assert (store.imports(ADA), store.forgotten(ADA, ["gone", "kept"])) == ([], {"gone"})
    with pytest.raises(StoreReadOnly):
        store.write(batch(EVERY_CHANGE["put"]))
    store.close()
    assert old.read_bytes() == bytes_before
    assert version(old) == 1


def _read_only(path: Path) -> SqliteStore:
    """As for a user who may only read: this one may be root, whom modes do not stop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("amberfile.stores.sqlite.place.is_writable", lambda path: False)
        return SqliteStore(path)


_KILLED = """
import os, signal, sys
from amberfile.stores.sqlite import SqliteStore, schema

def killing(script, real=schema._statements):
    for statement in [*real(script), "SELECT 1"]:
        if not count[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] -= 1
        yield statement

count = [int(sys.argv[2])]
schema._statements = killing
SqliteStore(sys.argv[1]).close()
"""


def test_a_process_killed_in_a_migration_leaves_the_old_or_the_new_schema(
    old: Path, tmp_path: Path
) -> None:
    steps = len(schema._statements(schema._scripts()[1])) + 1
    expected = furnished(tmp_path)
    codes = []
    for step in range(steps + 1):
        path = tmp_path / f"{step}.db"
        shutil.copy(old, path)
        command = [sys.executable, "-c", _KILLED, str(path), str(step)]
        codes.append(subprocess.run(command, check=False, env=os.environ).returncode)
        assert version(path) == (1 if codes[-1] else 2)
        store = SqliteStore(path)
        assert view(store, SCOPES) == expected
        assert store.check() == []
        store.close()
    assert codes == [-signal.SIGKILL] * steps + [0]
