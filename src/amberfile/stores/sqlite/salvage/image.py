"""The pages of a damaged file, read as bytes: its own, and over them those of its log.

The log is followed as far as SQLite would: while salts and checksums are
right, and to the last commit. Nothing is written, not even beside the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from struct import Struct

from amberfile.stores.sqlite.salvage.cells import FILE_HEADER, is_plausible

MAGIC = b"SQLite format 3\0"
SIZES = (4096, 1024, 2048, 8192, 16384, 32768, 65536, 512)

_SAMPLE = 4 * 1024 * 1024
"""Bytes from which the size of a page is told where the header does not."""

_LOG_HEADER = Struct(">IIIIIIII")  # magic, version, page size, checkpoint, salts, sums
_FRAME = Struct(">IIIIII")  # page, pages after a commit, salts, sums
_LOG_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
_MASK = 0xFFFFFFFF


class File:
    """A file's bytes by place; short at its end, b"" where there is no file."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_RDONLY) if os.path.exists(path) else None
        self.size = 0 if self._handle is None else os.fstat(self._handle).st_size

    def read(self, at: int, size: int) -> bytes:
        return b"" if self._handle is None else os.pread(self._handle, size, at)

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)


class Log:
    """Where the newest committed form of each page stands in a log.

    Args:
        pages: of the store after the last commit; 0 if nothing is committed.
    """

    def __init__(self, file: File) -> None:
        self.size = self.pages = 0
        self.places: dict[int, int] = {}
        header = file.read(0, _LOG_HEADER.size)
        if len(header) < _LOG_HEADER.size:
            return
        magic, _, size, _, *salts_and_sums = _LOG_HEADER.unpack(header)
        order = _LOG_MAGIC.get(magic)
        if order is None or size not in SIZES:
            return
        sums = _sums(header[:24], order, (0, 0))
        if [*sums] == salts_and_sums[2:]:
            self.size = size
            self._follow(file, order, salts_and_sums[:2], sums)

    def _follow(self, file: File, order: str, salts: list[int], sums: tuple[int, int]) -> None:
        at, waiting = _LOG_HEADER.size, {}
        while len(frame := file.read(at, _FRAME.size + self.size)) == _FRAME.size + self.size:
            page, commit, *rest = _FRAME.unpack_from(frame)
            sums = _sums(frame[_FRAME.size :], order, _sums(frame[:8], order, sums))
            if rest != [*salts, *sums] or page == 0:
                return
            waiting[page] = at + _FRAME.size
            if commit:
                self.places.update(waiting)
                self.pages, waiting = commit, {}
            at += len(frame)


def _sums(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """SQLite's checksum of a log, gone on with from `sums`."""
    one, two = sums
    for first, second in Struct(f"{order}II").iter_unpack(data):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two


class Image:
    """The pages of a file and its log by number, from 1.

    Args:
        size: bytes of a page.
        log: None: as if there were none.
    """

    def __init__(self, file: File, log_file: File, log: Log | None, size: int) -> None:
        self._file, self._log_file, self._log, self.size = file, log_file, log, size
        self.own_pages = -(-file.size // size)
        self.pages = log.pages if log and log.pages else self.own_pages

    def page(self, number: int) -> bytes:
        """What stands there; zeros where the file was cut off."""
        if self._log is not None and (at := self._log.places.get(number)):
            return self._log_file.read(at, self.size)
        return self._file.read((number - 1) * self.size, self.size).ljust(self.size, b"\0")

    def logged(self) -> Iterator[int]:
        """The pages that stand in the log."""
        return iter(self._log.places if self._log else ())

    def promised_pages(self) -> int:
        """How many the header says there are; 0 if it cannot be read."""
        first = self.page(1)
        return int.from_bytes(first[28:32], "big") if first.startswith(MAGIC) else 0

    def free_pages(self) -> set[int]:
        """Those on the list of free pages, as far as it can be followed."""
        first, free = self.page(1), set[int]()
        trunk = int.from_bytes(first[32:36], "big") if first.startswith(MAGIC) else 0
        while 0 < trunk <= self.pages and trunk not in free:
            free.add(trunk)
            page = self.page(trunk)
            count = min(int.from_bytes(page[4:8], "big"), self.size // 4 - 2)
            free.update(
                int.from_bytes(page[at : at + 4], "big") for at in range(8, 8 + 4 * count, 4)
            )
            trunk = int.from_bytes(page[:4], "big")
        return free


def page_size(file: File, log: Log) -> int:
    """The size of a page: the one by which most of the file's beginning looks like pages."""
    if log.size:
        return log.size
    told = file.read(16, 2)
    named = {1: 65536}.get(value := int.from_bytes(told, "big"), value)
    sample = file.read(0, _SAMPLE)
    sizes = sorted(SIZES, key=lambda size: size != named)
    return max(sizes, key=lambda size: _plausible_pages(sample, size))


def _plausible_pages(sample: bytes, size: int) -> int:
    pages = (sample[at : at + size] for at in range(0, len(sample), size))
    return sum(
        is_plausible(page, FILE_HEADER if number == 0 else 0)
        for number, page in enumerate(pages)
        if len(page) == size
    )
