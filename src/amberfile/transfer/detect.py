"""What a file or folder holds, and who imports it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.replay import Imported, Replay
from amberfile.transfer import agentroute, jsonl, openai
from amberfile.transfer.source import Source, existing

Progress: TypeAlias = Callable[[int, int], None]
"""Told (bytes read, bytes in all), often."""

_SUFFIXES = (".json", ".jsonl", ".ndjson")


def import_path(
    memory: Memory, path: str | os.PathLike[str], *, progress: Progress | None = None
) -> Imported:
    """Import a file, or every .json and .jsonl file below a folder, in the order of their names.

    Known are OpenAI's messages, what `export_jsonl` wrote, and agentroute's
    SQLite file. A second import of the same adds nothing.

    Raises:
        NotFound: nothing is there.
        InvalidInput: something cannot be read; it tells the file, the line
            and how much before it was imported.
    """
    start = existing(path)
    sources = list(_sources(start))
    _refuse_own_store(memory, sources)
    told = _Told(progress, sum(source.path.stat().st_size for source in sources))
    replay = Replay(memory)
    try:
        for source in sources:
            _take(replay, replace(source, read=told.add), memory)
    except InvalidInput as error:
        done = replay.finish()
        raise InvalidInput(
            f"{error} Before it {done.messages} messages and {done.items} items were imported."
        ) from error
    return replay.finish()


class _Told:
    """How far an import is."""

    def __init__(self, progress: Progress | None, size: int) -> None:
        self._progress, self._size, self._read = progress, size, 0

    def add(self, read: int) -> None:
        self._read += read
        if self._progress is not None:
            self._progress(min(self._read, self._size), self._size)


def _take(replay: Replay, source: Source, memory: Memory) -> None:
    if agentroute.is_database(source.path):
        if not agentroute.is_agentroute_file(source.path):
            raise InvalidInput(
                f"{source.path} is a database that amberfile cannot import. If amberfile wrote "
                f"it, export it first: amberfile --db {source.path} export FILE"
            )
        agentroute.take(replay, source.path, memory)
        source.read(source.path.stat().st_size)
    elif jsonl.is_ours(source):
        jsonl.take(replay, source)
    else:
        openai.take(replay, source)


def _sources(start: Path) -> Iterator[Source]:
    if not start.is_dir():
        yield Source(start, start.name, lambda _: None)
        return
    for folder, folders, files in os.walk(start):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                yield Source(path, path.relative_to(start).as_posix(), lambda _: None)


def _refuse_own_store(memory: Memory, sources: list[Source]) -> None:
    """To open the store's own file beside the store would drop the store's locks."""
    where = memory._shared.where
    for source in sources:
        if os.path.exists(where) and source.path.samefile(where):
            raise InvalidInput(
                f"{source.path} is the store that this would be written to. Give another file."
            )
