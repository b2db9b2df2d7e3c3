"""The SQLite file of agentroute's memory: one conversation and facts by key. Only read.

Its rows have no times, so they get that of the import.
"""

from __future__ import annotations

import json
import os
from typing import Any

from amberfile.drafts import Said
from amberfile.memory import Memory
from amberfile.replay import Imported, Replay
from amberfile.transfer.database import as_text, has_tables, reading
from amberfile.transfer.importer import Importer
from amberfile.transfer.remembered import remember
from amberfile.transfer.source import Source, derived_id, existing
from amberfile.types import Parts

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
        return has_tables(existing(path), _TABLES)
    except (ValueError, LookupError, TypeError, OSError):
        return False


def import_agentroute(memory: Memory, path: str | os.PathLike[str]) -> Imported:
    """Take in the messages, as one session, and the facts.

    Raises:
        InvalidInput: the file cannot be read as agentroute's.
    """
    replay, file = Replay(memory), existing(path)
    _take(replay, Source(file, file.name))
    return replay.finish()


def _take(replay: Replay, source: Source) -> None:
    file = source.path.name
    with reading(source.path) as db:
        for row in db.execute(_MESSAGES):
            replay.message(SESSION, _said(file, row))
        for key, value in db.execute(_FACTS):
            id = derived_id("agentroute", file, "fact", str(key))
            text, name = as_text(value) or "", as_text(key)
            remember(replay, text, id=id, origin=file, kind="fact", key=name)
    source.read(source.path.stat().st_size)


def _said(file: str, row: tuple[Any, ...]) -> Said:
    number, role, content, calls, call_id, name = row
    read = _calls(calls)
    told = as_text(calls)
    return Said(
        role=as_text(role) or "user",
        content=as_text(content),
        name=as_text(name),
        tool_calls=read,
        tool_call_id=as_text(call_id),
        parts=Parts("agentroute", 1, {"tool_calls": told}) if told and read is None else None,
        id=derived_id("agentroute", file, SESSION, number, as_text(role), as_text(content)),
    )


def _calls(value: Any) -> list[dict[str, Any]] | None:
    """The tool calls; None if there are none, or they are no JSON list of objects."""
    try:
        calls = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
    fits = isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    return calls if fits else None


IMPORTER = Importer(
    "agentroute",
    "the SQLite file of agentroute's memory",
    lambda source: not source.member and is_agentroute_file(source.path),
    _take,
)
