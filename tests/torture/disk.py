"""A disk that remembers every call, and shows what may stand on it after a power cut.

`RecordingVfs` notes what SQLite asks of the file system. `Disk` plays the
record up to any moment. What was synced stands. Of what was not, each sector
of 512 bytes stands or not, by chance. A file's name stands from the first sync
after it was made, as the names in a folder are kept in order. The shared
memory of the log (-shm) is never on the disk.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import apsw

SECTOR = 512


class Event(NamedTuple):
    """One call. `at` is the offset of a write and the size of a truncation."""

    what: Literal["make", "write", "truncate", "sync", "delete"]
    file: str
    at: int = 0
    data: bytes = b""
    sync_folder: bool = False


class Acknowledged(NamedTuple):
    """The moment at which a worker's write had returned."""

    worker: int
    number: int
    rev: int


Record: TypeAlias = list[Event | Acknowledged]


class RecordingVfs(apsw.VFS):
    """The system's file layer, noting every change to a file in `record`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "unix")
        self.name = name
        self.record: Record = []

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        assert path is not None, "a temporary file: temp_store must be MEMORY"
        if not os.path.exists(path):
            self.record.append(Event("make", os.path.basename(path)))
        return _RecordingFile(self.record, name, flags, os.path.basename(path))

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        name = os.path.basename(filename)
        self.record.append(Event("delete", name, sync_folder=bool(syncdir)))


class _RecordingFile(apsw.VFSFile):
    def __init__(
        self, record: Record, name: str | apsw.URIFilename | None, flags: list[int], file: str
    ) -> None:
        super().__init__("unix", name, flags)
        self._record = record
        self._file = file

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._record.append(Event("write", self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._record.append(Event("truncate", self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._record.append(Event("sync", self._file))


@contextmanager
def recording(name: str) -> Iterator[RecordingVfs]:
    vfs = RecordingVfs(name)
    try:
        yield vfs
    finally:
        vfs.unregister()


@dataclass
class _File:
    """A file's bytes that stand for sure, and what happened to it since."""

    content: bytearray = field(default_factory=bytearray)
    since: list[Event] = field(default_factory=list)

    def sync(self) -> None:
        for event in self.since:
            _apply(self.content, event)
        self.since.clear()

    def perhaps(self, keep: float, rng: random.Random) -> bytearray:
        """The bytes as they may stand, with each unsynced sector kept with this chance."""
        content = bytearray(self.content)
        for event in self.since:
            for piece in _sectors(event):
                if rng.random() < keep:
                    _apply(content, piece)
        return content


class Disk:
    """One folder, played forward event by event."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}  # as the running program sees them
        self._standing: dict[str, _File] = {}  # as they stand for sure
        self._folder_since: list[tuple[str, _File | None]] = []

    def play(self, event: Event) -> None:
        if event.what == "make":
            self._name(event.file, _File())
        elif event.what == "delete":
            self._name(event.file, None)
            if event.sync_folder:
                self._sync_folder()
        elif event.what == "sync":
            self._names[event.file].sync()
            if any(name == event.file for name, _ in self._folder_since):
                self._sync_folder()
        else:
            self._names[event.file].since.append(event)

    def cut(self, folder: Path, keep: float, rng: random.Random) -> None:
        """Write into `folder` what may stand if the power goes now.

        Of the names that were made or deleted since the folder was synced, a
        first part stands. `keep` is the chance of each unsynced sector.
        """
        names = dict(self._standing)
        for name, file in self._folder_since:
            if rng.random() >= keep:
                break
            _set(names, name, file)
        for name, file in names.items():
            (folder / name).write_bytes(file.perhaps(keep, rng))

    def _name(self, name: str, file: _File | None) -> None:
        _set(self._names, name, file)
        self._folder_since.append((name, file))

    def _sync_folder(self) -> None:
        for name, file in self._folder_since:
            _set(self._standing, name, file)
        self._folder_since.clear()


def _set(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _sectors(event: Event) -> Iterator[Event]:
    """A write cut at the borders of sectors; anything else as it is."""
    if event.what != "write":
        yield event
        return
    start, end = event.at, event.at + len(event.data)
    while start < end:
        border = min(end, (start // SECTOR + 1) * SECTOR)
        yield Event("write", event.file, start, event.data[start - event.at : border - event.at])
        start = border


def _apply(content: bytearray, event: Event) -> None:
    if event.what == "truncate":
        del content[event.at :]
        return
    content.extend(bytes(max(0, event.at - len(content))))
    content[event.at : event.at + len(event.data)] = event.data
