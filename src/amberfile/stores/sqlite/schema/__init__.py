"""The numbered scripts that make the schema, and the one place that runs them.

All that are pending run in one transaction, safe with many processes opening
at once: the file is of the old schema or of today's, never between. A script
is never edited after release.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any

import apsw

from amberfile.errors import NotAStore, SchemaTooNew, StoreBusy, StoreCorrupt
from amberfile.stores.sqlite.check import miscounts, row_miscounts
from amberfile.stores.sqlite.errors import remedy

APPLICATION_ID = 0x416D6265  # "Ambe", in the file's header
CHECKED_AT_OPEN = 8 * 1024 * 1024
"""Bytes of a file that is checked whole each time it is opened: about 4 ms a MiB."""

_FOLDER = os.path.dirname(__file__)
_WAIT_S = 30.0

_HEADER = """
    SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
      FROM pragma_application_id, pragma_user_version
"""  # one statement, so one state: another process may make the file meanwhile

_STAND_INS = (
    (2, "CREATE TEMP TABLE import (number, scope, id, source, format, entries, at)"),
    (2, "CREATE TEMP TABLE import_rev (import, rev)"),
    (2, "CREATE TEMP VIEW tombstone AS SELECT *, 0 AS may_return FROM main.tombstone"),
)
"""What an older file lacks, by the schema that brought it: empty, or as it always was."""

_FOREIGN = (
    (
        {"messages", "facts", "facts_fts"},
        "agentroute wrote it. Take it in: amberfile import {path}",
    ),
    ({"conversations", "summaries", "facts"}, "an SQLite + Ollama agent wrote it"),
    ({"alembic_version"}, "a program with Alembic migrations wrote it"),
)


def prepare(db: apsw.Connection, path: str, *, suspect: bool = False, checked: bool = True) -> None:
    """Bring the file to today's schema, or refuse it and leave it as it is.

    Args:
        suspect: check it whole, however large it is.
        checked: without, take it however damaged it is.

    Raises:
        NotAStore: another program's file.
        SchemaTooNew: a newer release's.
        StoreCorrupt: it does not pass SQLite's own check.
    """
    scripts = _scripts()
    version = _recognise(db, path, known=len(scripts))
    if version < len(scripts) and not db.readonly("main"):
        os.chmod(path, 0o600)
        _migrate(db, path, scripts)
    if not db.readonly("main"):
        _use_log(db, path)
    size = _value(db, "PRAGMA page_count") * _value(db, "PRAGMA page_size")
    if checked and (suspect or size <= CHECKED_AT_OPEN):
        verify(db, path)


def recognise(db: apsw.Connection, path: str) -> None:
    """Refuse what is no store, or a newer release's.

    Raises:
        NotAStore, SchemaTooNew.
    """
    if _recognise(db, path, known=len(_scripts())) == 0:
        raise NotAStore(
            f"{path} holds no amberfile store, not even an empty one. Give another path"
        )


def migrate(db: apsw.Connection, path: str) -> None:
    """Bring a copy that only we see to today's schema."""
    _migrate(db, path, _scripts())


def verify_rows(db: apsw.Connection, path: str) -> None:
    """What `verify` checks, but for what is derived from the rows.

    Raises:
        StoreCorrupt: with the first thing that it found.
    """
    found = _value(db, "PRAGMA integrity_check(1)")
    if found == "ok":
        found = next(row_miscounts(db), "ok")
    if found != "ok":
        raise StoreCorrupt(
            f"{path} is damaged beyond its index: {found}. Nothing was changed. "
            f"Take what can be read to a new file: amberfile repair {path} NEW; "
            "or go back to a backup"
        )


def complete(db: apsw.Connection) -> None:
    """Let a file of an older schema that can only be read answer as it would after a migration."""
    version = _value(db, "PRAGMA main.user_version")
    for statement in (one for needed, one in _STAND_INS if version < needed):
        db.execute(statement)


def _recognise(db: apsw.Connection, path: str, *, known: int) -> int:
    """The file's schema number; 0 for a new file."""
    header: Any = db.execute(_HEADER).fetchall()
    application, version, parts = header[0]
    if application == APPLICATION_ID:
        if version > known:
            raise SchemaTooNew(path, found=version, known=known)
        return int(version)
    if application == version == parts == 0:
        return 0
    raise NotAStore(f"{path} is not an amberfile store: {_who(db, path)}. Nothing was changed")


def _who(db: apsw.Connection, path: str) -> str:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    for theirs, hint in _FOREIGN:
        if theirs <= tables:
            return hint.format(path=path)
    shown = ", ".join(sorted(tables)[:4]) or "no table"
    return f"it is another program's database ({shown}). Give another path"


def _migrate(db: apsw.Connection, path: str, scripts: list[str]) -> None:
    db.execute("BEGIN EXCLUSIVE")
    try:
        version = _recognise(db, path, known=len(scripts))  # another process may have been first
        for script in scripts[version:]:
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(scripts)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _use_log(db: apsw.Connection, path: str) -> None:
    """Switch to the write-ahead log. SQLite does not wait for others here, so we do."""
    deadline = time.monotonic() + _WAIT_S
    while _value(db, "PRAGMA journal_mode") != "wal":
        try:
            if _value(db, "PRAGMA journal_mode = WAL") == "wal":
                return
        except apsw.BusyError:
            pass
        if time.monotonic() > deadline:
            raise StoreBusy(
                f"{path} stayed locked for {_WAIT_S:.0f} s while its log was to be made. Try again"
            )
        time.sleep(0.002)


def verify(db: apsw.Connection, path: str) -> None:
    """SQLite's own check of every page, row order and index, and ours of the counts.

    Raises:
        StoreCorrupt: with the first thing that it found.
    """
    within = db.in_transaction
    if not within:
        db.execute("BEGIN")  # one state for all: another process may write meanwhile
    try:
        found = _value(db, "PRAGMA integrity_check(1)")
        if found == "ok":
            found = next(miscounts(db), "ok")
    finally:
        if db.in_transaction and not within:
            db.execute("ROLLBACK")
    if found != "ok":
        raise StoreCorrupt(f"{path} is damaged: {found}. Nothing was changed. {remedy(path)}")


def _scripts() -> list[str]:
    names = sorted(name for name in os.listdir(_FOLDER) if re.fullmatch(r"\d{4}\.sql", name))
    texts = []
    for name in names:
        with open(os.path.join(_FOLDER, name), encoding="utf-8") as file:
            texts.append(file.read())
    return texts


def _statements(script: str) -> list[str]:
    """The statements of a script; no string in one holds a semicolon at a line's end."""
    return [part for part in re.split(r";\s*(?:--[^\n]*)?\n", script) if part.strip()]


def _value(db: apsw.Connection, query: str) -> Any:
    return db.execute(query).fetchall()[0][0]
