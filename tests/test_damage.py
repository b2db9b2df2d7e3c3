"""A damaged file is an error or an earlier state, never a different or a missing memory.

Each damaged file is read in a process of its own kind (this file, run as a
script), so that a crash would be seen. It tells of each read a digest or the
name of an error; the digests must all be those of one committed state.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from amberfile import errors
from amberfile.changes import NO_TERMS, Append, Batch, Change, CloseTurn, Forget, Put, Retract
from amberfile.recall.shape import item_terms, message_terms
from amberfile.stores.base import Found, Store
from amberfile.stores.sqlite import SqliteStore, schema
from amberfile.testing.damage import DAMAGES, PAGE, written_over
from amberfile.testing.samples import (
    ADA,
    BOB,
    FURNITURE,
    MANY,
    NOW,
    batch,
    exact,
    item,
    message,
    open_turn,
)
from amberfile.types import ALL, Scope

IDS = [f"id{number}" for number in range(60)]
SESSIONS = ["one", "two", "three"]
SCOPES = [ADA, BOB]
TOGETHER = 30  # files in one process

Told: TypeAlias = dict[str, str]
"""By the name of a read: a digest of what it gave, or `!` and the error's name."""


def reads(store: Store, scope: Scope) -> dict[str, Callable[[], Any]]:
    """Every read of everything that was ever written in a scope."""

    def found() -> list[Found]:
        return store.find([scope], ALL, limit=MANY, messages=True)

    return {
        "found": found,
        "entries": lambda: store.entries([scope], [one.handle for one in found()]),
        "items": lambda: store.get(scope, IDS),
        "known": lambda: store.known_messages(scope, IDS),
        "history": lambda: [store.history(scope, id) for id in IDS],
        "sessions": lambda: store.sessions(scope),
        "messages": lambda: [store.messages(scope, id) for id in SESSIONS],
        "turns": lambda: [store.turns(scope, id) for id in SESSIONS],
    }


def told(path: str, write: bool) -> Told:
    """What each read of the file tells; then whether it still takes a write."""
    answers: Told = {}
    try:
        store = SqliteStore(path, durability="relaxed")
    except errors.AmberfileError as error:
        return {"open": f"!{type(error).__name__}"}
    answers.update(_read(store))
    if write:
        try:
            store.write(Batch(ADA, (Put(item("new"), item_terms(item("new"))),), NOW))
            answers["write"] = "done"
        except errors.AmberfileError as error:
            answers["write"] = f"!{type(error).__name__}"
    store.close()
    return answers


def _read(store: Store) -> Told:
    answers: Told = {}
    for scope in SCOPES:
        for name, read in reads(store, scope).items():
            try:
                answer = hashlib.sha256(repr(exact(read())).encode()).hexdigest()
            except errors.AmberfileError as error:
                answer = f"!{type(error).__name__}"
            answers[f"{name} of {scope.user}"] = answer
    return answers


@dataclass
class Sample:
    """A store with a past, its states, and copies of its files.

    Args:
        files: of the closed store "", of the store in use "live" and "live-wal",
            and its log at half of its past "older-wal".
    """

    states: list[Told] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def build(folder: Path, seed: int, batches: int = 60) -> Sample:
    """Random changes; after each batch what every read gives is kept."""
    rng, sample = random.Random(seed), Sample()
    path = folder / f"{seed}.db"
    store = SqliteStore(path, durability="relaxed")
    sample.states.append(_read(store))  # that of an empty file
    for number in range(batches):
        try:
            changes = tuple(_change(rng) for _ in range(rng.randint(1, 3)))
            store.write(Batch(rng.choice(SCOPES), changes, NOW))
        except errors.Conflict:
            continue
        sample.states.append(_read(store))
        if number < batches // 2 or not sample.files.get("older-wal"):
            sample.files["older-wal"] = _bytes_of(f"{path}-wal")
    for number in range(8):  # nothing is forgotten from here on, so the log fills
        changes = (Put(item("id0", f"last words {number}"), NO_TERMS),)
        store.write(Batch(ADA, changes, NOW))
        sample.states.append(_read(store))
    for ending in ("", "-wal"):
        sample.files["live" + ending] = _bytes_of(f"{path}{ending}")
    store.close()
    sample.files[""] = path.read_bytes()
    return sample


def _bytes_of(path: str) -> bytes:
    """In another process: to open the file in this one would drop the store's locks."""
    return subprocess.run(["cat", path], check=True, capture_output=True).stdout


def _change(rng: random.Random) -> Change:
    id, session = rng.choice(IDS), rng.choice(SESSIONS)
    text = " ".join(f"word{rng.randrange(400)}" for _ in range(rng.choice([4, 30, 120, 700])))
    match rng.randrange(10):
        case 0 | 1 | 2 | 3:
            written = item(id, text, topics=(rng.choice(IDS),), metadata={"n": rng.random()})
            return Put(written, item_terms(written))
        case 4 | 5 | 6:
            said = message(text, id=rng.choice(IDS))
            return Append(session, (said,), (message_terms(said),))
        case 7:
            return Forget((id,))
        case 8:
            return Retract(id, "because")
        case _:
            return open_turn(id, session) if rng.random() < 0.5 else CloseTurn(session, id)


def damaged_files(
    folder: Path, seed: int, samples: Sequence[Sample], count: int
) -> Iterator[tuple[str, str]]:
    """(what was done, path), each in a folder of its own."""
    rng = random.Random(seed)
    for number in range(count):
        damage = DAMAGES[number % len(DAMAGES)]
        path = folder / str(number) / "memory.db"
        path.parent.mkdir(parents=True)
        for ending, content in damage(rng, *(sample.files for sample in samples)).items():
            Path(f"{path}{ending}").write_bytes(content)
        yield damage.__name__.strip("_"), str(path)


def read_apart(paths: Sequence[str], *, whole_check: bool) -> list[Told]:
    """What `told` gives of each, in other processes."""
    answers: list[Told] = []
    for start in range(0, len(paths), TOGETHER):
        some = paths[start : start + TOGETHER]
        command = [sys.executable, __file__, str(int(whole_check)), *some]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr[-2000:]
        answers += map(json.loads, run.stdout.splitlines())
    assert len(answers) == len(paths)
    return answers


def verdict(answers: Told, states: Sequence[Told]) -> str:
    """ "error", "earlier" or, where it shows what never was, "silent"."""
    shown = {name: value for name, value in answers.items() if not value.startswith("!")}
    shown.pop("write", None)
    if not any(shown.items() <= state.items() for state in states):
        return "silent"
    return "earlier" if len(shown) == len(states[0]) else "error"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, seed: int) -> list[Sample]:
    folder = tmp_path_factory.mktemp("samples")
    return [build(folder, seed + number) for number in range(2)]


def test_a_damaged_file_is_an_error_or_an_earlier_state(
    samples: list[Sample], tmp_path: Path, seed: int, torture: bool
) -> None:
    count = 2_000 if torture else 60
    cases = list(damaged_files(tmp_path, seed, samples, count))
    answers = read_apart([path for _, path in cases], whole_check=True)
    shutil.rmtree(tmp_path)
    verdicts = [verdict(answer, samples[0].states) for answer in answers]
    assert [cases[n] for n, found in enumerate(verdicts) if found == "silent"] == []
    assert verdicts.count("error") > count / 3


def test_row_checksums_alone_leave_little_unseen(
    samples: list[Sample], tmp_path: Path, seed: int, torture: bool
) -> None:
    """As in a large file, which is not checked whole when it opens."""
    count = 2_000 if torture else 60
    cases = list(damaged_files(tmp_path, seed, samples, count))
    answers = read_apart([path for _, path in cases], whole_check=False)
    shutil.rmtree(tmp_path)
    seen = Counter(verdict(answer, samples[0].states) for answer in answers)
    assert seen["silent"] <= count / 10
    for answer in answers:
        if "write" in answer and "!StoreCorrupt" in answer.values():
            assert answer["write"] == "!StoreCorrupt"


SPOIL = """
import sys, apsw
path, new, old = sys.argv[1], "substr(sql, 1, length(sql) - 7)", "sql || ' STRICT'"
for change in (new, None, old):
    db = apsw.Connection(path)
    db.execute("PRAGMA writable_schema = ON")
    if change is None:
        db.execute("UPDATE store SET rev = 'x'")
    else:
        db.execute(f"UPDATE sqlite_schema SET sql = {change} WHERE name = 'store'")
    db.close()
"""


def test_a_number_that_became_a_text_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What our own code stumbles over is looked for in the file."""
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    store.write(batch(*FURNITURE))
    store.close()
    subprocess.run([sys.executable, "-c", SPOIL, str(path)], check=True)
    monkeypatch.setattr(schema, "CHECKED_AT_OPEN", 0)
    with closing(SqliteStore(path)) as damaged:
        for told in (r"store\.rev", "found damaged"):
            with pytest.raises(errors.StoreCorrupt, match=told):
                damaged.write(batch(*FURNITURE))


TABLES = "store scope item version session message turn term posting tombstone op job".split()


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_was_emptied_is_damage(tmp_path: Path, table: str) -> None:
    """Its root page is a page of an empty table, which SQLite finds well."""
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    store.write(batch(*FURNITURE, op_id="op", digest=b"1"))
    store.close()
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        [(root,)] = db.execute(query, (table,)).fetchall()
    file, at = path.read_bytes(), (root - 1) * PAGE
    empty = file[at : at + 1] + bytes([0, 0, 0, 0, PAGE >> 8, 0, 0])
    path.write_bytes(written_over(file, at, empty.ljust(PAGE, b"\0")))
    with pytest.raises(errors.StoreCorrupt):
        SqliteStore(path)


def test_a_file_without_damage_is_read_as_it_is(samples: list[Sample], tmp_path: Path) -> None:
    for name, endings in {"closed": [""], "live": ["live", "live-wal"]}.items():
        path = tmp_path / f"{name}.db"
        for ending in endings:
            Path(f"{path}{ending[4:]}").write_bytes(samples[0].files[ending])
        assert told(str(path), write=False) == samples[0].states[-1]


if __name__ == "__main__":
    if sys.argv[1] == "0":
        schema.CHECKED_AT_OPEN = 0
    for name in sys.argv[2:]:
        print(json.dumps(told(name, write=True)))
