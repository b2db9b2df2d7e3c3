"""The tests find faults: each is planted in a copy of the package, and a test must fail.

In `make test` the named faults and three of the scope's predicates, chosen by
the seed; in `make torture` all of them.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "amberfile"
ENGINE = Path("stores", "sqlite")
CONFORMANCE = "tests/test_sqlite.py"


@dataclass(frozen=True)
class Fault:
    """`old` stands once in `file` and becomes `new`; then one of `tests` must fail."""

    file: str
    old: str
    new: str
    tests: Sequence[str]


_APPLIED = "_APPLY[type(change)](writing, change)"
_COMMITTED = 'map(db.execute, ("COMMIT", "BEGIN IMMEDIATE"))'

FAULTS = {
    "a batch is split into several commits": Fault(
        "transaction.py",
        f"[{_APPLIED} for",
        f"[({_APPLIED}, *{_COMMITTED})[0] for",
        [CONFORMANCE, "-k", "before_a_failure"],
    ),
    "seq is taken outside the write": Fault(
        "sessions.py",
        "first = session.last_seq + 1\n",
        "first = vars(append).setdefault((writing.db, number), session.last_seq) + 1\n"
        "    vars(append)[writing.db, number] += len(change.messages)\n",
        [CONFORMANCE, "-k", "instances"],
    ),
    "a retry happens again": Fault(
        "transaction.py",
        "if replayed is not None:",
        "if False:",
        [CONFORMANCE, "-k", "same_call"],
    ),
    "an op_id takes any call": Fault(
        "transaction.py",
        "if digest != writing.batch.digest:",
        "if False:",
        [CONFORMANCE, "-k", "same_op_id"],
    ),
    "what was superseded is still found": Fault(
        "items.py",
        "writing.index.remove(standing.handle, standing.terms)",
        "pass",
        [CONFORMANCE, "-k", "superseded"],
    ),
    "a forgotten text stays in its versions": Fault(
        "items.py",
        "writing.db.execute(_DELETE_VERSIONS, (writing.scope, bound(id)))",
        "pass",
        [CONFORMANCE, "tests/test_erasure.py", "-k", "forgotten"],
    ),
    "FULL is NORMAL": Fault(
        "store.py",
        '"full": "FULL"',
        '"full": "NORMAL"',
        ["tests/test_files.py", "-k", "promises"],
    ),
}

MORE_FAULTS = {
    "an id returns that may not": Fault(
        "writing.py",
        "if not may_return:",
        "if False:",
        [CONFORMANCE, "-k", "never_returns"],
    ),
    "the mark of what returned stays": Fault(
        "writing.py",
        "if message == (kind == MESSAGE):",
        "if False:",
        [CONFORMANCE, "-k", "came_back"],
    ),
    "what somebody changed is forgotten with an import": Fault(
        "sessions.py",
        "return self.revs is None or rev in self.revs",
        "return True",
        [CONFORMANCE, "tests/test_imports.py", "-k", "changed_since"],
    ),
    "a session with messages is dropped as empty": Fault(
        "sessions.py",
        "if change.if_empty and (",
        "if False and (",
        [CONFORMANCE, "-k", "stays"],
    ),
    "the record of an import stays in the log": Fault(
        "store.py",
        "_LETS_GO = (Forget, ClearSession, DropImport)",
        "_LETS_GO = (Forget, ClearSession)",
        ["tests/test_erasure.py", "-k", "record"],
    ),
    "a day before 1970 is cut towards zero": Fault(
        "queries.py",
        "(created_at - (created_at % {_DAY} + {_DAY}) % {_DAY}) / {_DAY}",
        "created_at / {_DAY}",
        [CONFORMANCE, "-k", "1970"],
    ),
    "what is deleted is not overwritten": Fault(
        "connect.py",
        "PRAGMA secure_delete = ON",
        "PRAGMA secure_delete = OFF",
        ["tests/test_erasure.py", "-k", "nothing"],
    ),
    "pages keep copies of moved cells": Fault(
        "checkpoint.py",
        "if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:",
        "if False:",
        ["tests/test_erasure.py", "-k", "remains"],
    ),
    "the log is not emptied": Fault(
        "store.py",
        "self._empty_log(patient=forgets)",
        "pass",
        ["tests/test_erasure.py", "-k", "cleared"],
    ),
    "an item's checksum is not looked at": Fault(
        "rows.py",
        'raise damaged(f"item {unbound(row[0])!r}")',
        "pass",
        ["tests/test_backup.py", "-k", "damaged"],
    ),
    "a backup is not verified": Fault(
        "backup.py",
        "if found := faults(copy):",
        "if found := []:",
        ["tests/test_backup.py", "-k", "damaged"],
    ),
    "a small file is not checked when it opens": Fault(
        "schema/__init__.py",
        "CHECKED_AT_OPEN = 8 * 1024 * 1024",
        "CHECKED_AT_OPEN = 0",
        ["tests/test_files.py", "tests/test_damage.py", "-k", "promises or earlier_state"],
    ),
    "a repair reads no branches": Fault(
        "salvage/cells.py",
        "if kind != BRANCH_TABLE:",
        "if kind not in (BRANCH_TABLE, BRANCH_INDEX):",
        ["tests/test_repair.py", "-k", "undamaged"],
    ),
    "a repair follows no long row": Fault(
        "salvage/cells.py",
        "while missing > 0 and",
        "while missing < 0 and",
        ["tests/test_repair.py", "-k", "sound_file"],
    ),
    "a repair reads no log": Fault(
        "salvage/run.py",
        "    return whole\n",
        "    return bare\n",
        ["tests/test_repair.py", "-k", "in_the_log"],
    ),
    "a repair brings back what was forgotten": Fault(
        "salvage/rebuild.py",
        "    found.without_forgotten()\n",
        "",
        ["tests/test_repair.py", "-k", "let_go"],
    ),
    "a backup that is taken back is not verified": Fault(
        "restore.py",
        "if found := faults(copy):",
        "if found := []:",
        ["tests/test_restore.py", "-k", "does_not_verify"],
    ),
    "a backup that is taken back keeps its rev": Fault(
        "restore.py",
        "max(rev, before) + 1",
        "rev",
        ["tests/test_restore.py", "-k", "same_rev"],
    ),
    "a new index takes no rev": Fault(
        "transaction.py",
        'db.execute("UPDATE store SET rev = rev + 1")',
        "pass",
        ["tests/test_reindex.py", "-k", "learns"],
    ),
    "the file is opened by hand": Fault(
        "place.py",
        "    _check_log(path)\n",
        "    _check_log(path)\n    open(path, 'ab').close()\n",
        ["tests/test_files.py", "-k", "by_itself"],
    ),
    "a batch that failed is kept": Fault(
        "transaction.py",
        'db.execute("ROLLBACK" if alone',
        'db.execute("COMMIT" if alone',
        [CONFORMANCE, "-k", "before_a_failure"],
    ),
}

SCOPE = re.compile(
    r"(?:\w+\.)?scope = \?|\b(?:space|user|agent) = \?|(?<=FROM scope WHERE )id = \?"
)
SCOPE_TESTS = ["tests/test_tenants.py", CONFORMANCE, "-k", "scope or tenant"]
DOUBLED = {
    '_DELETE = "DELETE FROM item WHERE',
    'f" SELECT scope, {ITEM_COLUMNS} FROM item WHERE',
    "WHERE scope = ? AND session = (SELECT id FROM session",
    '"SELECT handle, rev FROM {table} WHERE',
    '"DELETE FROM message WHERE scope = ? AND session = ? AND seq = ?"',
    'entries = "SELECT handle, terms FROM message WHERE',
    'writing.db.execute("DELETE FROM message WHERE scope = ? AND session = ?"',
    '_KEEP_ITEM = "UPDATE item SET terms',
    '_KEEP_MESSAGE = "UPDATE message SET terms',
}
"""Lines whose first predicate another one implies: handles, revs and the numbers of
sessions are given once in a store."""


def scope_faults() -> Iterator[tuple[str, str, str]]:
    """(name, file, its text) with one predicate of a scope true of every row."""
    for path in sorted((PACKAGE / ENGINE).glob("*.py")):
        text = path.read_text("utf-8")
        doubled = {text.find(line) for line in DOUBLED} - {-1}
        implied = {SCOPE.search(text, start).start() for start in doubled}  # type: ignore[union-attr]
        for found in SCOPE.finditer(text):
            if found.start() in implied:
                continue
            number = text.count("\n", 0, found.start()) + 1
            mutant = f"{text[: found.start()]}({found[0]} OR 1){text[found.end() :]}"
            yield f"{path.name}:{number} {found[0]}", path.name, mutant


def run(folder: Path, file: str, text: str | None, tests: Sequence[str]) -> str:
    """What pytest says with `file` changed to `text` in a copy of the package."""
    copy = folder / "amberfile"
    shutil.copytree(PACKAGE, copy)  # with what is compiled, for speed
    if text is not None:
        (copy / ENGINE / file).write_text(text, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(folder), "AMBERFILE_TORTURE": "0"}
    where = [sys.executable, "-c", "import amberfile.types; print(amberfile.types.__file__)"]
    loaded = subprocess.run(where, env=environment, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == str(copy / "types.py")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["--tb=no", f"--basetemp={folder / 'temp'}", *tests]
    said = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    shutil.rmtree(folder)
    return f"{said.returncode}\n{said.stdout}{said.stderr}"


def is_found(folder: Path, fault: Fault) -> bool:
    text = (PACKAGE / ENGINE / fault.file).read_text("utf-8")
    assert text.count(fault.old) == 1, f"{fault.old!r} must stand once in {fault.file}"
    said = run(folder, fault.file, text.replace(fault.old, fault.new), fault.tests)
    assert said[0] in "01", said
    return said[0] == "1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mutant"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, FAULTS[name])


@pytest.mark.torture
@pytest.mark.parametrize("name", MORE_FAULTS)
def test_another_planted_fault_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, MORE_FAULTS[name])


def test_every_predicate_of_a_scope_is_tested(tmp_path: Path, seed: int, torture: bool) -> None:
    faults = list(scope_faults())
    assert len(faults) > 30
    if not torture:
        faults = random.Random(seed).sample(faults, 3)
    unseen = []
    for number, (name, file, text) in enumerate(faults):
        folder = tmp_path / str(number)
        folder.mkdir()
        if run(folder, file, text, SCOPE_TESTS)[0] != "1":
            unseen.append(name)
    assert unseen == []


def test_a_copy_without_a_fault_passes(folder: Path) -> None:
    said = run(folder, "", None, [CONFORMANCE, "-k", "superseded or same_call or before_a_failure"])
    assert said[0] == "0", said
