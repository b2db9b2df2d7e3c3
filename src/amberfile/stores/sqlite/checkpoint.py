"""What was removed does not reach the file: zeros where a page holds nothing.

`secure_delete` overwrites what is deleted. But when SQLite balances a b-tree
it leaves copies of the cells that it moved in the unused middle of pages:
after 300 of 600 entries were forgotten, one of their texts still stood in the
file. All pages come into the file by checkpoints, so only one connection
checkpoints, and it opens the file through a layer that empties that middle.

Cost: 1.3 µs a page. Left out: a checkpoint by another program, such as the
`sqlite3` shell, brings such copies into the file; the next write to the page
empties it again.
"""

from __future__ import annotations

from typing import Any

import apsw

MOST_PAGES = (1 << 25) - 1
"""128 GiB. Beyond, the first byte of a page that is no b-tree's could look like one's."""

_LEAVES = (10, 13)
_BRANCHES = (2, 5)
_FILE_HEADER = 100


def without_remains(page: bytes, start: int) -> bytes:
    """`page` with zeros between its list of cells and the cells, if it is a b-tree's.

    Args:
        start: where the page's own header begins: after the file's on page 1.
    """
    kind = page[start]
    if kind not in _LEAVES and kind not in _BRANCHES:
        return page
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    free = start + (8 if kind in _LEAVES else 12) + 2 * cells
    content = int.from_bytes(page[start + 5 : start + 7], "big") or 1 << 16
    if not free < content <= len(page) or not page[free:content].strip(b"\0"):
        return page
    return page[:free] + bytes(content - free) + page[content:]


class _Layer(apsw.VFS):
    def __init__(self, name: str, base: str) -> None:
        super().__init__(name, base, maxpathname=0)
        self._base = base

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            return _Database(self._base, name, flags)
        return apsw.VFSFile(self._base, name, flags)


class _Database(apsw.VFSFile):
    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        page = bytes(data)
        super().xWrite(without_remains(page, 0 if offset else _FILE_HEADER), offset)


_layers: dict[str, _Layer] = {}


def layer(base: str | None) -> str:
    """The name of the layer over a file system layer of SQLite's, None for its own."""
    name = f"amberfile over {base or 'the default'}"
    if name not in _layers:
        _layers[name] = _Layer(name, base or "")
    return name
