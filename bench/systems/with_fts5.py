"""The floor: what one writes by hand in ten minutes, with Python's own SQLite and FTS5."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path


class Memories:
    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "notes.db")
        self._db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS note USING fts5(key UNINDEXED, text,"
            " tokenize = 'porter unicode61')"
        )

    def keep(self, key: str, text: str) -> None:
        with self._db:
            self._db.execute("INSERT INTO note (key, text) VALUES (?, ?)", (key, text))

    def find(self, words: str) -> list[str]:
        match = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", words))
        query = "SELECT text FROM note WHERE note MATCH ? ORDER BY rank LIMIT 10"
        return [str(text) for (text,) in self._db.execute(query, (match,))]

    def kept(self) -> list[str]:
        return [str(text) for (text,) in self._db.execute("SELECT text FROM note")]

    def close(self) -> None:
        self._db.close()
