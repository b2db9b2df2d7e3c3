"""The OpenAI Agents SDK's session in SQLite. It keeps a conversation; it has no search."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import asyncio
from pathlib import Path

from agents import SQLiteSession


class Memories:
    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.Runner()
        self._session = SQLiteSession("s1", str(folder / "conversations.db"))

    def keep(self, key: str, text: str) -> None:
        self._loop.run(self._session.add_items([{"role": "user", "content": text}]))

    def kept(self) -> list[str]:
        return [item["content"] for item in self._loop.run(self._session.get_items())]

    def close(self) -> None:
        self._session.close()
        self._loop.close()
