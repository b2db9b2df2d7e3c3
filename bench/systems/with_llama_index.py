"""LlamaIndex's `Memory` with its messages in SQLite. It keeps a conversation.

Its memory blocks search, and want an embedding model.
"""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from pathlib import Path

from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory


class Memories:
    def __init__(self, folder: Path) -> None:
        self._memory = Memory.from_defaults(
            session_id="s1", async_database_uri=f"sqlite+aiosqlite:///{folder / 'chat.db'}"
        )

    def keep(self, key: str, text: str) -> None:
        self._memory.put(ChatMessage(role="user", content=text))

    def kept(self) -> list[str]:
        return [message.content for message in self._memory.get_all()]

    def close(self) -> None:
        """Nothing to close: its guide shows no way."""
