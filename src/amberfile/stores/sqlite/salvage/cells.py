"""The records on one page of a b-tree, with what of them stands on other pages.

A page is taken for itself, whatever tree it hung in: rows stand on leaves,
and in a table without rowid on its branches too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

FILE_HEADER = 100

LEAF_TABLE, LEAF_INDEX, BRANCH_TABLE, BRANCH_INDEX = 13, 10, 5, 2
_HEADERS = {LEAF_TABLE: 8, LEAF_INDEX: 8, BRANCH_TABLE: 12, BRANCH_INDEX: 12}

ReadPage = Callable[[int], bytes]


class Record(NamedTuple):
    """A cell's payload.

    Args:
        rowid: None in a table without.
        overflow: the pages it goes on to.
        whole: False: the chain of these broke off, and the rest is zeros.
    """

    rowid: int | None
    payload: bytes
    overflow: tuple[int, ...]
    whole: bool


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it. Raises IndexError at the end."""
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def pointers(page: bytes, start: int) -> list[int] | None:
    """Where each cell of a b-tree's page begins; None if it is no such page.

    Args:
        start: where the page's own header begins.
    """
    header = _HEADERS.get(page[start])
    if header is None:
        return None
    first = start + header
    last = first + 2 * int.from_bytes(page[start + 3 : start + 5], "big")
    if last > len(page):
        return None
    return [int.from_bytes(page[at : at + 2], "big") for at in range(first, last, 2)]


def is_plausible(page: bytes, start: int) -> bool:
    """Whether it looks like a b-tree's page of this size."""
    cells = pointers(page, start)
    return bool(cells) and all(start + 8 < cell < len(page) - 2 for cell in cells or ())


def records(read: ReadPage, pages: int, number: int) -> Iterator[Record | None]:
    """What stands on a page; None for each cell that cannot be read."""
    page = read(number)
    start = FILE_HEADER if number == 1 else 0
    kind = page[start]
    for at in pointers(page, start) or ():
        if kind != BRANCH_TABLE:
            try:
                yield _record(read, pages, page, kind, at)
            except IndexError:
                yield None


def _record(read: ReadPage, pages: int, page: bytes, kind: int, at: int) -> Record | None:
    size, at = varint(page, at + 4 * (kind == BRANCH_INDEX))
    rowid = None
    if kind == LEAF_TABLE:
        rowid, at = varint(page, at)
        rowid -= (rowid >> 63) << 64
    local = _local(size, len(page), kind)
    if at + local > len(page) or size > pages * len(page):
        return None
    payload = page[at : at + local]
    if local == size:
        return Record(rowid, payload, (), whole=True)
    follow = int.from_bytes(page[at + local : at + local + 4], "big")
    return _with_overflow(read, pages, Record(rowid, payload, (), whole=True), size, follow)


def _with_overflow(read: ReadPage, pages: int, record: Record, size: int, follow: int) -> Record:
    """The record with the rest of its payload, from the chain of pages that begins at `follow`."""
    pieces, missing, chain = [record.payload], size - len(record.payload), list[int]()
    while missing > 0 and 1 < follow <= pages and follow not in chain:
        chain.append(follow)
        page = read(follow)
        pieces.append(page[4 : 4 + missing])
        missing -= len(pieces[-1])
        follow = int.from_bytes(page[:4], "big")
    payload = b"".join(pieces).ljust(size, b"\0")
    return Record(record.rowid, payload, tuple(chain), whole=missing <= 0)


def _local(size: int, page: int, kind: int) -> int:
    """How many bytes of a payload stand on the page itself."""
    most = page - 35 if kind == LEAF_TABLE else (page - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (page - 12) * 32 // 255 - 23
    fitting = least + (size - least) % (page - 4)
    return fitting if fitting <= most else least
