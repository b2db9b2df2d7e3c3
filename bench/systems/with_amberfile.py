"""amberfile, as its README shows it."""

from __future__ import annotations

from pathlib import Path

import amberfile


class Memories:
    def __init__(self, folder: Path) -> None:
        self._memory = amberfile.open(folder / "agent.db")

    def keep(self, key: str, text: str) -> None:
        self._memory.remember(text, key=key)

    def find(self, words: str) -> list[str]:
        return [hit.text for hit in self._memory.recall(words)]

    def kept(self) -> list[str]:
        page = self._memory.find(limit=1000)
        items = list(page)
        while page.cursor is not None:
            page = self._memory.find(limit=1000, cursor=page.cursor)
            items += page
        return [item.text for item in items]

    def close(self) -> None:
        self._memory.close()
