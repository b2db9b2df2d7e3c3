"""What the engine does with files that are not its own, not whole or not in a good place."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from amberfile import errors
from amberfile.stores.sqlite import SqliteStore, check, place
from amberfile.stores.sqlite.errors import KINDS, translated
from amberfile.stores.sqlite.index import unpacked
from amberfile.testing.samples import ADA, batch, found, ids, put, say

FOREIGN = {
    "plain": "CREATE TABLE notes (id, text)",
    "agentroute": "CREATE TABLE messages (id); CREATE TABLE facts (id);"
    "CREATE VIRTUAL TABLE facts_fts USING fts5 (text)",
    "ollama": "CREATE TABLE conversations (id); CREATE TABLE summaries (id);"
    "CREATE TABLE facts (id)",
    "alembic": "CREATE TABLE alembic_version (version_num)",
    "versioned": "PRAGMA user_version = 3",
    "another's id": "PRAGMA application_id = 7",
}
SAYS = {
    "plain": "notes",
    "agentroute": "amberfile import",
    "ollama": "Ollama",
    "alembic": "Alembic",
}


def hashes(path: Path) -> dict[str, str]:
    """Of the file and everything beside it. Only for files that nobody has open here."""
    return {
        beside.name: hashlib.sha256(beside.read_bytes()).hexdigest()
        for beside in sorted(path.parent.glob(f"{path.name}*"))
        if not beside.name.endswith("-shm")
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def test_a_newer_schema_is_refused_and_left_as_it_is(path: Path) -> None:
    SqliteStore(path).close()
    db = apsw.Connection(str(path))
    db.execute("PRAGMA user_version = 99").fetchall()
    db.close()
    before = hashes(path)
    with pytest.raises(errors.SchemaTooNew, match=r"99.*pip install --upgrade"):
        SqliteStore(path)
    assert hashes(path).items() >= before.items()


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_program_is_refused_and_left_as_it_is(path: Path, name: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(FOREIGN[name]).fetchall()
    db.close()
    path.chmod(0o644)
    before = hashes(path)
    with pytest.raises(errors.NotAStore, match=SAYS.get(name, "another program")):
        SqliteStore(path)
    assert hashes(path) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


_WITH_A_LOG = """
import os, sys, apsw
db = apsw.Connection(sys.argv[1])
db.execute("PRAGMA journal_mode = WAL").fetchall()
db.execute("CREATE TABLE notes (text)")
db.execute("INSERT INTO notes VALUES ('in the log')")
os._exit(0)
"""


def test_the_log_of_another_program_is_left_as_it_is(path: Path) -> None:
    subprocess.run([sys.executable, "-c", _WITH_A_LOG, str(path)], check=True)
    before = hashes(path)
    assert len(before) == 2
    with pytest.raises(errors.NotAStore, match="notes"):
        SqliteStore(path)
    assert hashes(path) == before


@pytest.mark.parametrize("content", [b"text", b"\x89PNG\r\n\x1a\n" + bytes(9000), b"x" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(errors.NotAStore, match="Give another path"):
        SqliteStore(path)
    assert hashes(path) == {path.name: hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("gone", ["emptied", "removed"])
def test_a_log_without_its_file_is_not_taken_for_a_new_store(path: Path, gone: str) -> None:
    log = Path(f"{path}-wal")
    log.write_bytes(b"what was written last")
    if gone == "emptied":
        path.touch()
    with pytest.raises(errors.StoreCorrupt, match="remove the log"):
        SqliteStore(path)
    assert log.read_bytes() == b"what was written last"


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreUnavailable, match=r"is a folder.*memory\.db"):
        SqliteStore(tmp_path)


def test_missing_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "new" / "memory.db").close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.StoreUnavailable, match="cannot be made"):
        SqliteStore(tmp_path / "file" / "new" / "memory.db")


def test_only_its_owner_may_read_the_files(store: SqliteStore) -> None:
    store.write(batch(put("a")))
    modes = [stat.S_IMODE(os.stat(store.path + end).st_mode) for end in ("", "-wal", "-shm")]
    assert modes == [0o600] * 3


def test_a_read_only_file_is_read_but_not_written(path: Path) -> None:
    store = SqliteStore(path)
    store.write(batch(put("a", "text")))
    store.close()
    path.chmod(0o444)
    store = SqliteStore(path)
    assert ids(found(store)) == ["a"]
    with pytest.raises(errors.StoreReadOnly, match="chmod u\\+w"):
        store.write(batch(put("b")))
    store.close()


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_file_with_two_names_is_refused(path: Path, tmp_path: Path, link: str) -> None:
    SqliteStore(path).close()
    other = tmp_path / "other.db"
    if link == "hard":
        other.hardlink_to(path)
    else:
        other.symlink_to(path)
    with pytest.raises(errors.StoreUnavailable, match="two logs"):
        SqliteStore(other)


def test_a_file_that_another_library_holds_in_this_process_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE notes (text)")
        with pytest.raises(errors.StoreUnavailable, match="another library"):
            SqliteStore(path)


SHARED = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "fuse.sshfs", "afs", "ceph",
    "glusterfs", "lustre",
]  # fmt: skip
LOCAL = ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs"]


@pytest.mark.parametrize("kind", SHARED + LOCAL)
def test_a_shared_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounts = tmp_path / "mountinfo"
    folder = tmp_path / "shared disk"
    folder.mkdir()
    point = str(folder).replace(" ", "\\040")
    mounts.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / {point} rw shared:1 - {kind} host:/x rw\n"
    )
    monkeypatch.setattr(place, "_MOUNTS", str(mounts))
    assert place.file_system(str(folder / "not yet made")) == kind
    if kind in LOCAL:
        SqliteStore(folder / "memory.db").close()
    else:
        with pytest.raises(errors.StoreUnavailable, match="local disk"):
            SqliteStore(folder / "memory.db")
        assert list(folder.iterdir()) == []


_LOCK = """
import sys, apsw
db = apsw.Connection(sys.argv[1])
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


def test_a_locked_file_is_busy_and_then_free(path: Path) -> None:
    store = SqliteStore(path, busy_timeout_s=0.05)
    command = [sys.executable, "-c", _LOCK, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(errors.StoreBusy, match="locked") as raised:
            store.write(batch(put("a")))
        assert raised.value.retryable
        assert found(store) == []
        other.communicate(b"\n")
    store.write(batch(put("a")))
    assert ids(found(store)) == ["a"]
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the superuser may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    store = SqliteStore(small_disk / "memory.db")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(500_000))
    written: list[str] = []
    with pytest.raises(errors.StoreFull, match="Free some space") as raised:
        _fill(store, written)
    assert raised.value.retryable
    assert ids(store.messages(ADA, "s")) == written
    filler.unlink()
    store.write(batch(say("there is room")))
    assert ids(store.messages(ADA, "s")) == [*written, "there is room"]
    assert store.check() == []
    store.close()


def _fill(store: SqliteStore, written: list[str]) -> None:
    for number in range(1_000):
        text = f"{number} " + "text " * 400
        store.write(batch(say(text)))
        written.append(text)


PROMISED = {
    "journal_mode": "wal",
    "secure_delete": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "temp_store": 2,
    "wal_autocheckpoint": 0,
    "auto_vacuum": 0,
    "mmap_size": 0,
}


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("relaxed", 1)])
def test_every_connection_keeps_the_promises(path: Path, durability: str, level: int) -> None:
    store = SqliteStore(path, durability=durability)
    store.write(batch(put("a")))
    connections = store._connections
    with connections.reading() as reader:
        for db in (reader, connections.writer(), connections._ready_checkpointer()):
            told = {name: db.pragma(name) for name in PROMISED}
            assert told == PROMISED
            assert db.pragma("synchronous") == level
    store.close()


def test_every_error_of_the_driver_has_one_of_ours() -> None:
    classes = [each for each in vars(apsw).values() if isinstance(each, type)]
    theirs = {each for each in classes if issubclass(each, apsw.Error)} - {apsw.Error}
    assert set(KINDS) == theirs
    for kind, (ours, _) in KINDS.items():
        error = translated(kind("the cause"), "memory.db")
        assert type(error) is ours
        assert "memory.db" in str(error) or ours is errors.InvalidInput


_WATCHED = """
import os, sys
from pathlib import Path

folder = Path(sys.argv[1])
seen = []
WATCHED = {"open", "os.rename", "os.remove", "os.unlink", "os.link", "os.truncate",
           "shutil.copyfile", "shutil.copy", "shutil.move", "os.symlink"}
OURS = {str(folder / f"memory.db{end}") for end in ("", "-wal", "-shm", "-journal")}

def watch(event, values):
    if event in WATCHED and any(str(value) in OURS for value in values):
        seen.append((event, *map(str, values)))

from amberfile.stores.sqlite import SqliteStore
from amberfile.changes import Forget
from amberfile.testing.samples import ADA, FURNITURE, batch, put, view

sys.addaudithook(watch)
store = SqliteStore(folder / "memory.db")
other = SqliteStore(folder / "memory.db")
store.write(batch(*FURNITURE))
view(store, [ADA])
other.check()
for number in range(300):
    store.write(batch(put(f"a{number}", "text " * 800)))
store.write(batch(Forget(tuple(f"a{number}" for number in range(300)))))
store.backup(str(folder / "copy.db"))
store.close()
other.close()
store = SqliteStore(folder / "memory.db")
view(store, [ADA])
store.close()
assert not seen, seen
os.rename(folder / "memory.db", folder / "moved")
assert len(seen) == 1  # the hook does see
"""


def test_the_library_never_touches_a_stores_files_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WATCHED, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_what_is_closed_leaves_one_file(path: Path) -> None:
    store = SqliteStore(path)
    store.write(batch(put("a")))
    store.close()
    store.close()
    assert [beside.name for beside in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_written_while_it_is_checked_is_sound(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(batch(put("a", "first")))

    def write_meanwhile(*given: Any) -> list[Any]:
        waiting = unpacked(*given)
        store.write(batch(put("b", "second")))
        return waiting

    monkeypatch.setattr(check, "unpacked", write_meanwhile)
    with closing(SqliteStore(path)) as other:
        assert ids(other.get(ADA, ["a", "b"])) == ["a", "b"]


def test_a_store_that_closes_meanwhile_is_not_taken_for_another_library(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"

    def come_and_go(_: int) -> None:
        for _ in range(15):
            with closing(SqliteStore(path)) as store:
                store.get(ADA, ["nothing"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
