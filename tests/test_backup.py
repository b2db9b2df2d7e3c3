"""A backup holds every write that had returned when it began, and is whole, or there is none."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amberfile.changes import Forget
from amberfile.errors import InvalidInput, StoreCorrupt
from amberfile.stores.sqlite import SqliteStore
from amberfile.testing.samples import ADA, NOW, batch, exact, ids, put, say, view

_WRITER = """
import itertools, sys, time
from amberfile.stores.sqlite import SqliteStore
from amberfile.testing.samples import batch, put, say
store = SqliteStore(sys.argv[1], durability="relaxed")
for number in itertools.count():
    store.write(batch(say(f"theirs {number} " + "text " * 50), put(f"id{number % 50}")))
    print(number, flush=True)
    time.sleep(0.005)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "memory.db", durability="relaxed")
    yield store
    store.close()


class Acknowledged:
    """How many writes of a process and of a thread have returned."""

    theirs = -1
    ours = -1


@contextmanager
def load(store: SqliteStore) -> Iterator[Acknowledged]:
    """A process and a thread that write all the time."""
    done, returned = threading.Event(), Acknowledged()

    def write() -> None:
        while not done.is_set():
            store.write(batch(say(f"ours {returned.ours + 1} ", session="ours")))
            returned.ours += 1
            time.sleep(0.005)

    def listen() -> None:
        assert other.stdout
        for line in other.stdout:
            returned.theirs = int(line)

    command = [sys.executable, "-c", _WRITER, store.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        threads = [threading.Thread(target=each) for each in (write, listen)]
        for thread in threads:
            thread.start()
        try:
            while returned.theirs < 0:
                time.sleep(0.01)
            yield returned
        finally:
            done.set()
            other.kill()
            for thread in threads:
                thread.join()


def test_a_backup_under_load_holds_what_had_returned(
    store: SqliteStore, tmp_path: Path, torture: bool
) -> None:
    with load(store) as returned:
        for number in range(200 if torture else 10):
            theirs, ours = returned.theirs, returned.ours
            path = tmp_path / f"copy {number}.db"
            info = store.backup(str(path))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            copy = SqliteStore(path)
            assert copy.info().rev == info.rev
            assert len(copy.messages(ADA, "s")) > theirs
            assert len(copy.messages(ADA, "ours")) > ours
            assert copy.check() == []
            copy.close()
            path.unlink()
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []


def test_a_backup_is_a_store_of_its_own(store: SqliteStore, tmp_path: Path) -> None:
    store.write(batch(put("a", "text"), say("hello")))
    before = exact(view(store, [ADA]))
    store.backup(str(tmp_path / "copy.db"))
    copy = SqliteStore(tmp_path / "copy.db")
    assert exact(view(copy, [ADA])) == before
    copy.write(batch(put("b")))
    assert store.get(ADA, ["b"]) == []
    copy.close()


def test_a_backup_overwrites_no_file_and_leaves_it_as_it_is(
    store: SqliteStore, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"precious")
    with pytest.raises(InvalidInput, match="never overwrites"):
        store.backup(str(target))
    assert target.read_bytes() == b"precious"
    with pytest.raises(InvalidInput):
        store.backup(store.path)


def test_a_backup_of_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    store.write(batch(*(put(f"id{number}", "the text stands here") for number in range(30))))
    store.close()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"the text stands here", b"the text stood there", 1))
    store = SqliteStore(path)
    with pytest.raises(StoreCorrupt, match="does not verify"):
        store.backup(str(tmp_path / "copy.db"))
    store.close()
    assert [beside.name for beside in tmp_path.iterdir() if "copy" in beside.name] == []


def test_a_backup_holds_nothing_that_was_forgotten(store: SqliteStore, tmp_path: Path) -> None:
    """Not even while a reader keeps the log, where pages stand as SQLite left them."""
    rng = random.Random(1)
    secrets = [f"{rng.getrandbits(128):032x}" for _ in range(200)]
    for secret in secrets:
        store.write(batch(put(secret[:8], f"{secret} " + "text " * rng.randrange(200))))
    with store._connections.snapshot() as reader:
        assert reader.execute("SELECT count(*) FROM item").fetchall() == [(200,)]
        gone = rng.sample(secrets, 100)
        store.write(batch(Forget(tuple(secret[:8] for secret in gone))))
        store.backup(str(tmp_path / "copy.db"))
    found = (tmp_path / "copy.db").read_bytes()
    assert {secret for secret in secrets if secret.encode() not in found} == set(gone)


_BACKUP = """
import sys
from amberfile.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
print("begins", flush=True)
store.backup(sys.argv[2])
"""


def test_a_killed_backup_leaves_no_file_under_its_name(
    store: SqliteStore, tmp_path: Path, seed: int, torture: bool
) -> None:
    for number in range(8):
        changes = [put(f"id{number} {each}", "text " * 400) for each in range(200)]
        store.write(batch(*changes, at=NOW))
    rng, target = random.Random(seed), tmp_path / "copy.db"
    finished = 0
    for _ in range(100 if torture else 8):
        command = [sys.executable, "-c", _BACKUP, store.path, str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.05))
            process.kill()
        if target.exists():
            finished += 1
            copy = SqliteStore(target)
            assert copy.check() == []
            assert copy.info().rev == 8
            copy.close()
            os.unlink(target)
    assert store.check() == []
    assert ids(store.get(ADA, ["id0 0"])) == ["id0 0"]
