"""The SQLite file of agentroute's memory: one conversation and facts by key. Only read.

Its rows have no times, so they get that of the import.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.replay import Imported, Replay
from amberfile.transfer.source import derived_id, existing
from amberfile.types import Item, Parts, Scope, Source, Version

SESSION = "default"

_TABLES = {
    "messages": {"id", "role", "content", "tool_calls", "tool_call_id", "name"},
    "facts": {"key", "value"},
}
_MESSAGES = "SELECT id, role, content, tool_calls, tool_call_id, name FROM messages ORDER BY id"
_FACTS = "SELECT key, value FROM facts ORDER BY rowid"


def is_agentroute_file(path: str | os.PathLike[str]) -> bool:
    """Whether agentroute wrote the file. Never raises."""
    try:
        with _reading(existing(path)) as db:
            return all(_columns(db, table) >= columns for table, columns in _TABLES.items())
    except (ValueError, LookupError, TypeError, OSError):
        return False


def is_database(path: Path) -> bool:
    """Whether the file is SQLite's; an empty one is not.

    SQLite itself looks: closing a handle of our own would drop the locks that
    this process has on the file.
    """
    try:
        with _reading(path) as db:
            return bool(next(db.execute("PRAGMA schema_version"))[0])
    except InvalidInput:
        return False


def import_agentroute(memory: Memory, path: str | os.PathLike[str]) -> Imported:
    """Take in the messages, as one session, and the facts.

    Raises:
        InvalidInput: the file cannot be read as agentroute's.
    """
    replay = Replay(memory)
    take(replay, existing(path), memory)
    return replay.finish()


def take(replay: Replay, path: Path, memory: Memory) -> None:
    now = memory._shared.now()
    with _reading(path) as db:
        for row in db.execute(_MESSAGES):
            replay.message(SESSION, _said(path.name, row))
        for key, value in db.execute(_FACTS):
            origin = Source("import", path.name)
            item = Item(
                id=derived_id("agentroute", path.name, "fact", str(key)),
                scope=Scope(),
                kind="fact",
                text=_text(value) or "",
                created_at=now,
                updated_at=now,
                key=_text(key),
                source=origin,
            )
            replay.item([Version(item, "created")])


def _said(file: str, row: tuple[Any, ...]) -> Said:
    number, role, content, calls, call_id, name = row
    read = _calls(calls)
    told = _text(calls)
    return Said(
        role=_text(role) or "user",
        content=_text(content),
        name=_text(name),
        tool_calls=read,
        tool_call_id=_text(call_id),
        parts=Parts("agentroute", 1, {"tool_calls": told}) if told and read is None else None,
        id=derived_id("agentroute", file, SESSION, number, _text(role), _text(content)),
    )


def _calls(value: Any) -> list[dict[str, Any]] | None:
    """The tool calls; None if there are none, or they are no JSON list of objects."""
    try:
        calls = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
    fits = isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    return calls if fits else None


def _text(value: Any) -> str | None:
    """A column as text, whatever SQLite has put there."""
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _columns(db: apsw.Connection, table: str) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))}


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """The file, opened to read; what the driver cannot read is `InvalidInput`."""
    try:
        db = apsw.Connection(_url(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            db.set_busy_timeout(5_000)
            yield db
        finally:
            db.close()
    except (apsw.Error, UnicodeError) as error:
        raise InvalidInput(
            f"{path} cannot be read as agentroute's file ({error}). Give another file."
        ) from error


def _url(path: Path) -> str:
    """Without a log beside it nothing is written there: a log of SQLite's would stay behind."""
    log = path.with_name(f"{path.name}-wal")
    quiet = "" if log.exists() else "&immutable=1"
    return f"{path.absolute().as_uri()}?mode=ro{quiet}"
