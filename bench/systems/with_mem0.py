"""mem0, as its README shows it: a `Memory` with nothing configured."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

from pathlib import Path

from mem0 import Memory


class Memories:
    def __init__(self, folder: Path) -> None:
        self._memory = Memory()

    def keep(self, key: str, text: str) -> None:
        self._memory.add(text, user_id="ada")

    def find(self, words: str) -> list[str]:
        found = self._memory.search(query=words, filters={"user_id": "ada"}, top_k=10)
        return [entry["memory"] for entry in found["results"]]

    def kept(self) -> list[str]:
        found = self._memory.get_all(filters={"user_id": "ada"})
        return [entry["memory"] for entry in found["results"]]

    def close(self) -> None:
        self._memory.close()
