"""cognee, as its README's local quickstart shows it: remember and recall, without a key."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import asyncio
from pathlib import Path

import cognee


class Memories:
    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.Runner()

    def keep(self, key: str, text: str) -> None:
        self._loop.run(cognee.remember(text, dataset_name="facts"))

    def find(self, words: str) -> list[str]:
        found = self._loop.run(cognee.recall(words, datasets=["facts"]))
        return [str(result) for result in found]

    def kept(self) -> list[str]:
        raise LookupError("a graph; nothing is listed")

    def close(self) -> None:
        self._loop.close()
