"""A copy of a store that is in use, verified before it is called one."""

from __future__ import annotations

import os

import apsw

from amberfile.errors import InvalidInput, StoreCorrupt
from amberfile.stores.base import Info
from amberfile.stores.sqlite import place
from amberfile.stores.sqlite.check import faults
from amberfile.stores.sqlite.checkpoint import layer
from amberfile.stores.sqlite.errors import Mapped
from amberfile.stores.sqlite.report import report

_PAGES = 4096
"""Copied between two looks at whether somebody waits: about 16 MiB."""


def copy_verified(db: apsw.Connection, source: str, target: str) -> Info:
    """Copy to a new file through SQLite's backup interface, check it whole, then name it.

    The copy holds every write that had returned when it began. It is made
    under another name beside the target, so that a half-made or damaged one
    is never taken for a backup.
    """
    target = os.path.abspath(target)
    if os.path.lexists(target):
        raise InvalidInput(f"{target} exists; a backup never overwrites. Give a new name")
    place.check_path(target)
    unfinished = f"{target}.{os.getpid()}.part"
    try:
        with Mapped(target):
            info = _copy(db, source, target, unfinished)
        os.link(unfinished, target)  # unlike a rename, it fails if the name was taken meanwhile
    except FileExistsError:
        raise InvalidInput(f"{target} appeared meanwhile; give a new name") from None
    finally:
        for name in (unfinished, f"{unfinished}-wal", f"{unfinished}-shm"):
            if os.path.lexists(name):
                os.unlink(name)
    return info


def _copy(db: apsw.Connection, source: str, target: str, unfinished: str) -> Info:
    copy = apsw.Connection(unfinished, vfs=layer(None))
    try:
        copy.execute("PRAGMA synchronous = FULL").fetchall()
        copy.execute("BEGIN EXCLUSIVE; COMMIT")  # makes the file, so that it can be made private
        place.make_private(unfinished)
        with copy.backup("main", db, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        if found := faults(copy):
            raise StoreCorrupt(
                f"the copy of {source} does not verify: {found[0]}. It was removed. "
                "Check the source: amberfile doctor"
            )
        return report(copy, target, "full")
    finally:
        copy.close()
