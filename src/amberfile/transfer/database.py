"""SQLite files of other programs: recognised by their tables, and only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from amberfile.errors import InvalidInput

_HALF_DONE = (
    "A journal lies beside it, of a write that was cut short: "
    "open it once with the program that it belongs to."
)


def is_database(path: Path) -> bool:
    """Whether the file is SQLite's; an empty one is not.

    SQLite itself looks: closing a handle of our own would drop the locks that
    this process has on the file.
    """
    try:
        with reading(path) as db:
            return bool(next(db.execute("PRAGMA schema_version"))[0])
    except InvalidInput:
        return False


def has_tables(path: Path, tables: Mapping[str, set[str]]) -> bool:
    """Whether it is a database in which each of these tables has at least these columns.

    Raises:
        InvalidInput: it is no database.
    """
    with reading(path) as db:
        return all(_columns(db, table) >= columns for table, columns in tables.items())


@contextmanager
def reading(path: Path) -> Iterator[apsw.Connection]:
    """The file, opened to read; what the driver cannot read is `InvalidInput`."""
    try:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        db = apsw.Connection(_url(path), flags=flags)
        try:
            db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            db.set_busy_timeout(5_000)
            if _is_alone(path):
                db.pragma("locking_mode", "exclusive")  # the log's index stays in memory
            yield db
        finally:
            db.close()
    except (apsw.Error, UnicodeError) as error:
        remedy = _HALF_DONE if _beside(path, "-journal") else "Give another file."
        raise InvalidInput(f"{path} cannot be read as a SQLite file ({error}). {remedy}") from error


def as_text(value: Any) -> str | None:
    """A column as text, whatever SQLite has put there."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_COLUMNS = """
    SELECT info.name FROM pragma_table_list AS list JOIN pragma_table_info(list.name) AS info
     WHERE list.schema = 'main' AND list.type = 'table' AND list.name = ? COLLATE NOCASE
"""


def _columns(db: apsw.Connection, table: str) -> set[str]:
    """None of a view's: it may be a query without end."""
    return {name for (name,) in db.execute(_COLUMNS, (table,))}


def _url(path: Path) -> str:
    """How to open it so that nothing new stays beside it.

    With a log and its index another program may be at work, whose locks count.
    A log alone came with a copy: no locks, so no index is made. Without a log
    or a journal it is read as a file that does not change.
    """
    if _is_alone(path):
        how = "&vfs=unix-none"
    else:
        how = "" if _beside(path, "-wal") or _beside(path, "-journal") else "&immutable=1"
    return f"{path.absolute().as_uri()}?mode=ro{how}"


def _is_alone(path: Path) -> bool:
    """Whether there is a log without an index; elsewhere than on Unix that cannot be helped."""
    known = "unix-none" in apsw.vfs_names()
    return known and _beside(path, "-wal") and not _beside(path, "-shm")


def _beside(path: Path, ending: str) -> bool:
    return path.with_name(path.name + ending).exists()
