"""agno's user memories in SQLite, added by the program as its guide shows, not by a model."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from pathlib import Path

from agno.db.sqlite import SqliteDb
from agno.memory import MemoryManager, UserMemory


class Memories:
    def __init__(self, folder: Path) -> None:
        self._manager = MemoryManager(db=SqliteDb(db_file=str(folder / "agno.db")))

    def keep(self, key: str, text: str) -> None:
        self._manager.add_user_memory(UserMemory(memory=text), user_id="ada")

    def find(self, words: str) -> list[str]:
        """Its one search that takes words. The others give the first or the last memories."""
        found = self._manager.search_user_memories(
            query=words, retrieval_method="agentic", user_id="ada"
        )
        return [memory.memory for memory in found]

    def kept(self) -> list[str]:
        memories = self._manager.get_user_memories(user_id="ada") or []
        return [memory.memory for memory in memories]

    def close(self) -> None:
        """Nothing to close: it has connections in a pool."""
