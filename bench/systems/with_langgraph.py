"""LangGraph's store in SQLite, as its docstring shows it; no embedding model, so no index."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from langgraph.store.sqlite import SqliteStore

EVERYTHING = 1_000_000


class Memories:
    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        opened = SqliteStore.from_conn_string(str(folder / "store.db"))
        self._store = self._stack.enter_context(opened)
        self._store.setup()

    def keep(self, key: str, text: str) -> None:
        self._store.put(("facts",), key, {"text": text})

    def find(self, words: str) -> list[str]:
        return [item.value["text"] for item in self._store.search(("facts",), query=words)]

    def kept(self) -> list[str]:
        return [item.value["text"] for item in self._store.search(("facts",), limit=EVERYTHING)]

    def close(self) -> None:
        self._stack.close()
