"""A file layer whose n-th call fails: once, or for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import apsw

Name: TypeAlias = str | apsw.URIFilename | None


class FailingVfs(apsw.VFS):
    """Notes the calls open, read, write, truncate, sync, lock and delete in `calls`.

    Args:
        fail_at: the place in `calls` of the call that fails, from 1; 0: none does.
        full: a write fails because the disk is full; else because it is broken.
        for_good: every call of the same sort fails from then on.
    """

    def __init__(self, name: str, *, fail_at: int, full: bool, for_good: bool) -> None:
        super().__init__(name, "unix")
        self.name = name
        self.calls: list[str] = []
        self.failed: str | None = None
        self._fail_at = fail_at
        self._full = full
        self._for_good = for_good

    def xOpen(self, name: Name, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        self.count("open")
        return _FailingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.count("delete")
        super().xDelete(filename, syncdir)

    def count(self, call: str) -> None:
        """Note a call, and raise if it is to fail."""
        self.calls.append(call)
        if len(self.calls) == self._fail_at:
            self.failed = call
        elif not (self._for_good and self.failed == call):
            return
        if call == "open":
            raise apsw.CantOpenError("planted")
        if call == "write" and self._full:
            raise apsw.FullError("planted")
        raise apsw.IOError("planted")


class _FailingFile(apsw.VFSFile):
    def __init__(self, vfs: FailingVfs, name: Name, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._vfs = vfs

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._vfs.count("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._vfs.count("write")
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._vfs.count("truncate")
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._vfs.count("sync")
        super().xSync(flags)

    def xLock(self, level: int) -> None:  # noqa: N802
        self._vfs.count("lock")
        super().xLock(level)


@contextmanager
def failing(
    name: str, *, fail_at: int, full: bool = False, for_good: bool = False
) -> Iterator[FailingVfs]:
    vfs = FailingVfs(name, fail_at=fail_at, full=full, for_good=for_good)
    try:
        yield vfs
    finally:
        vfs.unregister()
