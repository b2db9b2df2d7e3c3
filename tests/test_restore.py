"""A backup is taken back whole, as one write, for everybody who has the store open."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import apsw
import pytest

import amberfile
from amberfile import InvalidInput, NotFound, ScopeError, errors
from amberfile.stores.sqlite import SqliteStore, schema
from amberfile.testing.samples import ADA, BOB, FURNITURE, batch, found, ids, put, say, view
from amberfile.types import Scope

EVE = Scope(user="eve")
SCOPES = [ADA, BOB, EVE]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def copy(tmp_path: Path) -> str:
    return str(tmp_path / "copy.db")


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path)) as store:
        yield store


def seen(store: SqliteStore) -> dict[str, Any]:
    """Everything but the number of the store, which goes on."""
    return {name: told for name, told in view(store, SCOPES).items() if name != "rev"}


def test_everything_is_as_in_the_backup(store: SqliteStore, copy: str) -> None:
    store.write(batch(*FURNITURE))
    store.write(batch(*FURNITURE, scope=BOB))
    before, rev = seen(store), store.backup(copy).rev
    store.write(batch(put("later", "text " * 9_000), say("later"), scope=EVE))
    latest = store.info().rev
    told = store.restore_from(copy)
    assert seen(store) == before
    assert told.rev > latest > rev
    assert (told.where, told.details["scopes"]) == (store.path, 2)
    assert store.check() == []
    store.write(batch(put("after"), scope=EVE))
    assert store.check() == []


def test_the_backup_is_left_as_it_is(store: SqliteStore, copy: str, tmp_path: Path) -> None:
    store.write(batch(*FURNITURE))
    store.backup(copy)
    content, names = Path(copy).read_bytes(), {beside.name for beside in tmp_path.iterdir()}
    store.restore_from(copy)
    assert Path(copy).read_bytes() == content
    assert {beside.name for beside in tmp_path.iterdir()} == names


def test_what_was_written_since_leaves_the_file(store: SqliteStore, copy: str, path: Path) -> None:
    store.backup(copy)
    store.write(batch(put("secret", "the words that go"), say("the words that go too")))
    store.restore_from(copy)
    store.close()
    assert b"the words that go" not in path.read_bytes()


def test_scopes_that_are_numbered_otherwise_are_not_mixed_up(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    """What a store knew of the old numbers must not lead into another's scope."""
    with closing(SqliteStore(tmp_path / "other.db")) as other:
        for scope in (EVE, BOB, ADA):
            other.write(batch(put("a", f"new {scope.user}"), say("hello"), scope=scope))
        other.backup(str(tmp_path / "copy.db"))
    with closing(SqliteStore(path)) as beside:
        for scope in (ADA, BOB, EVE):
            for each in (store, beside):
                each.write(batch(put("a", f"old {scope.user}"), scope=scope))
                assert each.get(scope, ["a"])[0].text == f"old {scope.user}"
        store.restore_from(str(tmp_path / "copy.db"))
        for each in (store, beside):
            for scope in SCOPES:
                assert each.get(scope, ["a"])[0].text == f"new {scope.user}"
                assert ids(each.messages(scope, "s")) == ["hello"]
                each.write(batch(put(each.path, f"of {scope.user}"), scope=scope))
                texts = {one.entry.text for one in found(each, scope)}
                assert texts == {f"new {scope.user}", "hello", f"of {scope.user}"}
        assert store.check() == beside.check() == []


def test_a_store_that_stood_at_the_same_rev_notices(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    """What a writer knew of the terms is right only for the state that it left."""
    copy = str(tmp_path / "copy.db")
    with closing(SqliteStore(tmp_path / "other.db")) as other:
        other.write(batch(put("x", "three two one")))
        other.backup(copy)
    with closing(SqliteStore(path)) as beside:
        beside.write(batch(put("a", "one two three four five")))
        store.restore_from(copy)
        beside.write(batch(put("b", "five four three")))
        assert beside.check() == []
        assert sorted(beside.postings([ADA], ["three"])) == ["three"]
        assert len(beside.postings([ADA], ["three"])["three"]) == 2


_OTHER = """
import sys
from amberfile.stores.sqlite import SqliteStore
from amberfile.testing.samples import ADA, batch, found, ids, put
store = SqliteStore(sys.argv[1])
print(sorted(ids(found(store))), flush=True)
sys.stdin.readline()
store.write(batch(put("theirs", "written by the other process")))
print(sorted(ids(found(store))), store.check(), flush=True)
store.close()
"""


def test_another_process_goes_on_with_the_restored_store(
    store: SqliteStore, copy: str, path: Path
) -> None:
    store.write(batch(put("kept", "one two")))
    store.backup(copy)
    store.write(batch(put("later", "two three")))
    command, pipe = [sys.executable, "-c", _OTHER, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "['kept', 'later']\n"
        store.restore_from(copy)
        told, _ = other.communicate("\n")
    assert told == "['kept', 'theirs'] []\n"
    assert ids(found(store)) == ["theirs", "kept"]


def test_a_reader_sees_all_of_the_old_or_all_of_the_new(
    store: SqliteStore, copy: str, path: Path
) -> None:
    store.write(batch(*(put(f"id{number}", "old " * 200) for number in range(300))))
    store.backup(copy)
    store.write(batch(*(put(f"id{number}", "new " * 200) for number in range(300))))
    done, seen = Event(), set[frozenset[str]]()

    def read() -> None:
        with closing(SqliteStore(path)) as other:
            while not done.is_set():
                seen.add(frozenset(one.entry.text[:3] for one in found(other)))

    reader = Thread(target=read)
    reader.start()
    for _ in range(3):
        store.restore_from(copy)
        store.write(batch(*(put(f"id{number}", "new " * 200) for number in range(300))))
    done.set()
    reader.join()
    assert seen <= {frozenset({"old"}), frozenset({"new"})}


def test_a_writer_that_waits_writes_into_the_restored_store(store: SqliteStore, copy: str) -> None:
    store.write(batch(put("kept")))
    store.backup(copy)
    written: list[int] = []

    def write() -> None:
        written.extend(store.write(batch(put(f"id{number}"))).rev for number in range(50))

    writers = [Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    revs = [store.restore_from(copy).rev for _ in range(5)]
    for writer in writers:
        writer.join()
    assert revs == sorted(set(revs))
    assert len(set(written)) == len(written)
    assert store.check() == []


def test_a_backup_that_does_not_verify_changes_nothing(store: SqliteStore, copy: str) -> None:
    store.write(batch(put("a", "the text stands here")))
    store.backup(copy)
    content = Path(copy).read_bytes()
    Path(copy).write_bytes(content.replace(b"the text stands here", b"the text stood there"))
    before = view(store, SCOPES)
    with pytest.raises(errors.StoreCorrupt, match="does not verify"):
        store.restore_from(copy)
    assert view(store, SCOPES) == before


def test_what_is_no_backup_changes_nothing(store: SqliteStore, copy: str, tmp_path: Path) -> None:
    store.write(batch(put("a")))
    before = view(store, SCOPES)
    with pytest.raises(NotFound):
        store.restore_from(copy)
    with pytest.raises(InvalidInput, match="itself"):
        store.restore_from(store.path)
    Path(copy).write_bytes(b"")
    with pytest.raises(errors.NotAStore):
        store.restore_from(copy)
    Path(copy).write_bytes(b"\x89PNG" * 2_000)
    with pytest.raises(errors.NotAStore):
        store.restore_from(copy)
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE notes (text)")
    with pytest.raises(errors.NotAStore, match="notes"):
        store.restore_from(str(foreign))
    assert view(store, SCOPES) == before


def test_a_newer_backup_is_refused(store: SqliteStore, copy: str) -> None:
    store.backup(copy)
    with closing(apsw.Connection(copy)) as db:
        db.execute("PRAGMA user_version = 99").fetchall()
    with pytest.raises(errors.SchemaTooNew):
        store.restore_from(copy)


def test_a_backup_of_an_older_schema_is_brought_to_todays(
    store: SqliteStore, copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = schema._scripts()
    with monkeypatch.context() as older:
        older.setattr(schema, "_scripts", lambda: scripts[:1])
        SqliteStore(copy).close()
    with closing(sqlite3.connect(copy)) as db:
        db.executescript(
            "INSERT INTO scope (id, space, user, agent) VALUES (1, 'default', 'ada', 'default');"
            "INSERT INTO tombstone (scope, kind, id, handle, at, rev)"
            " VALUES (1, 'note', 'gone', 2, 0, 1); UPDATE store SET rev = 1, serial = 1"
        )
    content = Path(copy).read_bytes()
    store.restore_from(copy)
    assert store.forgotten(ADA, ["gone"]) == {"gone"}
    assert store.info().details["schema"] == len(scripts)
    assert Path(copy).read_bytes() == content


def test_a_backup_with_pages_of_another_size_is_refused(store: SqliteStore, copy: str) -> None:
    store.write(batch(*FURNITURE))
    store.backup(copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("PRAGMA page_size = 8192")
        db.execute("VACUUM")
    before = view(store, SCOPES)
    with pytest.raises(InvalidInput, match="8192"):
        store.restore_from(copy)
    assert view(store, SCOPES) == before


def test_a_damaged_store_is_replaced(path: Path, copy: str) -> None:
    with amberfile.open(path) as memory:
        memory.remember("the text stands here", id="a")
        memory.backup(copy)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DELETE FROM store; DELETE FROM posting")
    with amberfile.open(path) as memory:
        with pytest.raises(errors.StoreCorrupt):
            memory.recall("text")
        memory.restore_backup(copy)
        assert [hit.id for hit in memory.recall("text")] == ["a"]
        memory.remember("and it can be written")


def test_writes_end_at_damage_and_go_on_after_a_backup_was_taken_back(
    store: SqliteStore, copy: str
) -> None:
    store.write(batch(put("a", "the text stands here")))
    store.backup(copy)
    store._connections.note(errors.StoreCorrupt("as if it had been found"))
    with pytest.raises(errors.StoreCorrupt):
        store.write(batch(put("b")))
    store.restore_from(copy)
    store.write(batch(put("b")))


def test_only_the_whole_memory_takes_a_backup_back(path: Path, copy: str) -> None:
    with amberfile.open(path) as memory:
        memory.remember("alpha")
        memory.backup(copy)
        with pytest.raises(ScopeError):
            memory.scoped(user="ada").restore_backup(copy)
        memory.remember("beta")
        assert memory.restore_backup(copy).details["items"] == 1
    with amberfile.open("ram:") as memory, pytest.raises(amberfile.Unsupported):
        memory.restore_backup(copy)


_RESTORE = """
import sys
from amberfile.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
print("begins", flush=True)
store.restore_from(sys.argv[2])
"""


def test_a_killed_restore_leaves_the_old_or_the_new_state(
    path: Path, copy: str, tmp_path: Path, seed: int, torture: bool
) -> None:
    texts = {"old": "old " * 500, "new": "new " * 500}
    with closing(SqliteStore(path)) as store:
        store.write(batch(*(put(f"id{number}", texts["new"]) for number in range(600))))
        store.backup(copy)
    rng, seen = random.Random(seed), set[str]()
    for _ in range(100 if torture else 8):
        with closing(SqliteStore(path)) as store:
            store.write(batch(*(put(f"id{number}", texts["old"]) for number in range(600))))
        command = [sys.executable, "-c", _RESTORE, str(path), copy]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.15))  # a moment to be killed at, not one to wait for
            process.kill()
        with closing(SqliteStore(path)) as store:
            assert store.check() == []
            [state] = {one.entry.text for one in found(store)}
            seen.add(state[:3])
    assert seen <= set(texts)
    assert {beside.name for beside in tmp_path.iterdir()} == {"memory.db", "copy.db"}
