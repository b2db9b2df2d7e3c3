"""What a file or folder holds, and who imports it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from amberfile.errors import InvalidInput, NotFound
from amberfile.memory import Memory
from amberfile.replay import Imported, Replay
from amberfile.transfer import archive
from amberfile.transfer.agents import agentroute, memory_agent
from amberfile.transfer.chats import chatgpt, claude, langchain, openai, sharegpt
from amberfile.transfer.database import is_database
from amberfile.transfer.importer import Importer
from amberfile.transfer.memories import lists, mcp, mem0
from amberfile.transfer.notes import markdown
from amberfile.transfer.own import jsonl, yaml_stream
from amberfile.transfer.source import Source, existing

Progress: TypeAlias = Callable[[int, int], None]
"""Told (bytes read, bytes in all), often."""

_Known: TypeAlias = tuple[Source, Importer]

IMPORTERS: tuple[Importer, ...] = (  # asked in this order
    agentroute.IMPORTER,
    memory_agent.IMPORTER,
    jsonl.IMPORTER,
    yaml_stream.IMPORTER,
    markdown.IMPORTER,
    chatgpt.IMPORTER,
    claude.IMPORTER,
    mcp.IMPORTER,
    langchain.IMPORTER,
    sharegpt.IMPORTER,
    mem0.IMPORTER,
    openai.IMPORTER,
    lists.IMPORTER,  # only if it is named
)

_DATABASES = (".db", ".sqlite", ".sqlite3")

SUFFIXES = (
    *(*openai.SUFFIXES, archive.SUFFIX, *_DATABASES),
    *(".md", ".markdown", ".yaml", ".yml"),
)
"""Of the files that are looked at in a folder or an archive."""

FORMATS: Mapping[str, str] = MappingProxyType({one.name: one.told for one in IMPORTERS})
"""What each format that can be imported is, by its name."""


def import_path(
    memory: Memory,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Import a file, or every file of a known kind below a folder, in the order of their names.

    A zip archive is like a folder, and one below a folder too. What no format
    fits is left out there, and so are the store itself, what begins with a dot
    and links that lead elsewhere. A second import of the same adds nothing.
    What one call wrote can be undone together: `undo_import`.

    Args:
        format: one of `FORMATS`; None: as each file looks. In a folder or an
            archive only what fits it is taken.
        dry_run: write nothing, and tell what would be.

    Raises:
        NotFound: nothing is there.
        InvalidInput: something cannot be read; it tells the file, the line
            and how much before it was imported.
    """
    if format is not None and format not in FORMATS:
        raise InvalidInput(f"format={format!r} is unknown; known: {', '.join(FORMATS)}.")
    start = existing(path)
    with archive.Archives() as archives:
        known = _known(memory, start, format, archives)
        told = _Told(progress, sum(source.size for source, _ in known))
        names = {importer.name for _, importer in known}
        name = names.pop() if len(names) == 1 else "mixed"
        replay = Replay(memory, source=str(start.absolute()), format=name, dry_run=dry_run)
        try:
            for source, importer in known:
                importer.take(replay, replace(source, read=told.add))
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


def _known(
    memory: Memory, start: Path, format: str | None, archives: archive.Archives
) -> list[_Known]:
    """The files to import, and who imports each."""
    if start.is_dir():
        return _known_below(memory, start, format, archives)
    if _is_store(memory, start):
        raise InvalidInput(
            f"{start} is the store that this would be written to. Give another file."
        )
    source = Source(start, start.name)
    if not _is_archive(source):
        return [(source, _importer(source, format))]
    found = _fitting(_members(source, "", archives), format)
    if not found:
        raise InvalidInput(
            f"{start} is an archive in which nothing can be imported; known: "
            f"{', '.join(FORMATS)}. Unpack it, and name a file."
        )
    return found


def _known_below(
    memory: Memory, start: Path, format: str | None, archives: archive.Archives
) -> list[_Known]:
    sources: list[Source] = []
    for source in _walk(start):
        if _is_store(memory, source.path):
            continue
        is_archive = source.suffix == archive.SUFFIX
        sources += _members(source, f"{source.name}/", archives) if is_archive else [source]
    found = _fitting(sources, format)
    if sources and not found and format is not None:
        raise InvalidInput(f"{start} holds nothing that looks like {format!r}. Name a file.")
    return found


def _walk(start: Path) -> Iterator[Source]:
    """Every file of a known ending; not what begins with a dot, nor links that lead elsewhere."""
    for folder, folders, files in os.walk(start, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            if not path.is_symlink() or path.resolve().is_relative_to(start.resolve()):
                yield Source(path, path.relative_to(start).as_posix())


def _unreadable(error: OSError) -> None:
    raise NotFound(
        f"{error.filename} cannot be read ({error.strerror}). Check its mode."
    ) from error


def _is_archive(source: Source) -> bool:
    """Whether it is an archive; a database is not opened to see it, for that drops its locks."""
    if source.suffix in (archive.SUFFIX, *_DATABASES):
        return source.suffix == archive.SUFFIX
    return source.head.startswith(archive.MARK)


def _members(source: Source, folder: str, archives: archive.Archives) -> list[Source]:
    members = archives.members(source.path)
    return [Source(source.path, folder + one.name, member=one) for one in members]


def _fitting(sources: Iterable[Source], format: str | None) -> list[_Known]:
    """Those that somebody takes. The rest of an export, such as its pictures, is left out.

    What was read to see it is not kept.
    """
    seen = (source for source in sources if source.suffix in SUFFIXES)
    found = ((source, _fits(replace(source), format)) for source in seen)
    return [(source, importer) for source, importer in found if importer is not None]


def _fits(source: Source, format: str | None) -> Importer | None:
    """Who takes it. JSON that cannot be read goes to who says so, and is not left out."""
    asked = (one for one in IMPORTERS if format in (None, one.name))
    importer = next((one for one in asked if one.fits(source)), None)
    broken = source.suffix in openai.SUFFIXES and source.is_broken
    return openai.IMPORTER if importer is None and broken else importer


def _importer(source: Source, format: str | None) -> Importer:
    """Who takes a file that is named alone."""
    named = next((one for one in IMPORTERS if one.name == format), None)
    if found := named or _fits(source, None):
        return found
    if source.suffix in openai.SUFFIXES or source.head.lstrip()[:1] in (b"[", b"{"):
        return openai.IMPORTER  # to tell what is missing
    if is_database(source.path):
        raise InvalidInput(
            f"{source.path} is a database that amberfile cannot import. If amberfile wrote "
            f"it, export it first: amberfile --db {source.path} export FILE"
        )
    raise InvalidInput(
        f"{source.path} is of no kind that amberfile can import; known: {', '.join(FORMATS)}. "
        "Name one: amberfile import --format NAME"
    )


def _is_store(memory: Memory, path: Path) -> bool:
    """Whether it is the store's own file; to open that beside the store would drop its locks."""
    where = memory._shared.where
    return os.path.exists(where) and path.samefile(where)
