"""The bare SQLite programs that ours is measured against: what one would write by hand.

The same driver, the same disk, the log on as ours has it. They keep no
history, no scope, no checksum and no receipt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import apsw

_FTS = "CREATE VIRTUAL TABLE fts USING fts5(text, tokenize = 'porter unicode61')"


def opened(path: Path, synchronous: str) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.execute(f"PRAGMA synchronous = {synchronous}").fetchall()
    return db


class Rows:
    """One table, one insert and one commit a row."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.db = opened(path, synchronous)
        self.db.execute("CREATE TABLE item (id TEXT PRIMARY KEY, text TEXT, at INTEGER)")
        self._count = 0

    def fill(self, texts: Iterable[str]) -> None:
        self.db.execute("BEGIN")
        for text in texts:
            self.insert(text)
        self.db.execute("COMMIT")

    def insert(self, text: str) -> None:
        self._count += 1
        row = (f"0192a3b4-5c6d-7e8f-9a0b-{self._count:012d}", text, self._count)
        self.db.execute("INSERT INTO item VALUES (?, ?, ?)", row)


class FullText:
    """An FTS5 table, filled by one `executemany` and asked with the words OR-ed."""

    def __init__(self, path: Path) -> None:
        self.db = opened(path, "FULL")
        self.db.execute(_FTS)

    def fill(self, texts: Iterable[str]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO fts (text) VALUES (?)", ((text,) for text in texts))
        self.db.execute("COMMIT")

    def ask(self, words: Sequence[str]) -> list[str]:
        match = " OR ".join(f'"{word}"' for word in words)
        query = "SELECT text FROM fts WHERE fts MATCH ? ORDER BY rank LIMIT 10"
        return [str(text) for (text,) in self.db.execute(query, (match,))]


@dataclass(frozen=True)
class Said:
    """What a hand-written program makes of a row: the fields of our `Message`."""

    id: str
    scope: str
    session: str
    role: str
    content: str | None
    created_at: datetime
    name: str | None
    tool_calls: str | None
    tool_call_id: str | None
    parts: str | None
    turn: str | None
    seq: int
    rev: int


class Log:
    """A table of messages with an index on session and seq."""

    def __init__(self, path: Path) -> None:
        self.db = opened(path, "FULL")
        self.db.execute(
            "CREATE TABLE message (number INTEGER PRIMARY KEY, id TEXT, scope TEXT, session TEXT,"
            " role TEXT, content TEXT, at INTEGER, name TEXT, tool_calls TEXT, tool_call_id TEXT,"
            " parts TEXT, turn TEXT, seq INTEGER, rev INTEGER)"
        )
        self.db.execute("CREATE INDEX message_seq ON message (scope, session, seq)")

    def fill(self, session: str, texts: Iterable[str]) -> None:
        rows = (
            (f"0192a3b4-{seq:012d}", session, text, seq * 1_000_000, seq)
            for seq, text in enumerate(texts, start=1)
        )
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO message (id, scope, session, role, content, at, seq, rev)"
            " VALUES (?, 'default', ?, 'user', ?, ?, ?, 1)",
            rows,
        )
        self.db.execute("COMMIT")

    def rows(self, session: str) -> list[tuple[object, ...]]:
        """The last 20 as the driver gives them."""
        return self.db.execute(
            "SELECT id, scope, session, role, content, at, name, tool_calls, tool_call_id, parts,"
            " turn, seq, rev FROM message WHERE scope = 'default' AND session = ?"
            " ORDER BY seq DESC LIMIT 20",
            (session,),
        ).fetchall()

    def messages(self, session: str) -> list[Said]:
        """The last 20 as values, oldest first."""
        found = [_said(*row) for row in self.rows(session)]  # type: ignore[arg-type]
        found.reverse()
        return found


def _said(
    id: str, scope: str, session: str, role: str, content: str | None, at: int, *rest: object
) -> Said:
    when = datetime.fromtimestamp(at / 1_000_000, tz=timezone.utc)
    return Said(id, scope, session, role, content, when, *rest)  # type: ignore[arg-type]
