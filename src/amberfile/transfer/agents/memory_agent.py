"""The SQLite file of a local agent on Ollama: conversations, summaries and facts. Only read.

Its tables are `conversations`, `summaries` and `facts`; SQLite keeps any type
in any column, so each is read as text. The estimates of tokens are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import apsw

from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer import times
from amberfile.transfer.database import as_text, has_tables, reading
from amberfile.transfer.importer import Importer
from amberfile.transfer.remembered import remember
from amberfile.transfer.source import Source, derived_id

FORMAT = "ollama-agent"

_TABLES = {
    "conversations": {"session_id", "role", "content", "timestamp"},
    "summaries": {"session_id", "summary", "turn_range", "created_at"},
    "facts": {"key", "value", "updated_at"},
}
_MESSAGES = "SELECT rowid, session_id, role, content, timestamp FROM conversations ORDER BY rowid"
_TIMES = "SELECT timestamp FROM conversations WHERE session_id IS ? ORDER BY rowid"
_SUMMARIES = (
    "SELECT rowid, session_id, summary, turn_range, created_at FROM summaries ORDER BY rowid"
)
_FACTS = "SELECT rowid, key, value, updated_at FROM facts ORDER BY rowid"


def _fits(source: Source) -> bool:
    with suppress(InvalidInput):
        return not source.member and has_tables(source.path, _TABLES)
    return False


def _take(replay: Replay, source: Source) -> None:
    with reading(source.path) as db:
        _take_messages(replay, source, db)
        _take_summaries(replay, source, db)
        _take_facts(replay, source, db)
    source.read(source.path.stat().st_size)


def _take_messages(replay: Replay, source: Source, db: apsw.Connection) -> None:
    """In the order in which they were written; a time that cannot be read is the one before it."""
    last: dict[str, datetime | None] = {}
    for row, session_id, *told, timestamp in db.execute(_MESSAGES):
        role, content = map(as_text, told)
        session = as_text(session_id) or source.stem
        time = times.read(timestamp)
        if time is None and session not in last:
            time = _first_time(db, session_id)
        last[session] = time or last.get(session)
        with _at(source, "conversations", row):
            said = Said(
                role=role or "user",
                content=content,
                created_at=last[session],
                id=derived_id(FORMAT, source.name, session, row, role, content),
            )
            replay.message(session, said)


def _first_time(db: apsw.Connection, session_id: Any) -> datetime | None:
    found = (times.read(value) for (value,) in db.execute(_TIMES, (session_id,)))
    return next(filter(None, found), None)


def _take_summaries(replay: Replay, source: Source, db: apsw.Connection) -> None:
    for row, *told, created_at in db.execute(_SUMMARIES):
        session, text, turns = map(as_text, told)
        with _at(source, "summaries", row):
            remember(
                replay,
                text or "",
                id=derived_id(FORMAT, source.name, "summary", row, session, turns, text),
                origin=source.name,
                kind="summary",
                metadata={"session": session, "turn_range": turns},
                created_at=times.read(created_at),
            )


def _take_facts(replay: Replay, source: Source, db: apsw.Connection) -> None:
    for row, *told, updated_at in db.execute(_FACTS):
        key, value = map(as_text, told)
        with _at(source, "facts", row):
            remember(
                replay,
                value or "",
                id=derived_id(FORMAT, source.name, "fact", key),
                origin=source.name,
                kind="fact",
                key=key or None,
                updated_at=times.read(updated_at),
            )


@contextmanager
def _at(source: Source, table: str, row: int) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"{source.path}, {table}, row {row}: {error}") from error


IMPORTER = Importer(
    FORMAT,
    "the SQLite file of an agent on Ollama: conversations, summaries, facts",
    _fits,
    _take,
)
