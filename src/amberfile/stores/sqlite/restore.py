"""A backup taken back into a store that is in use, as one write.

The backup is copied to a file without a name, which ends with the process:
there it is migrated and checked whole. Then its pages go into the live file
through SQLite's backup interface, in one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import apsw

from amberfile.errors import InvalidInput, NotFound, StoreCorrupt, StoreUnavailable
from amberfile.stores.sqlite import schema
from amberfile.stores.sqlite.check import faults
from amberfile.stores.sqlite.connect import Connections, open_through_another
from amberfile.stores.sqlite.errors import Mapped

_PAGES = 4096
"""Copied between two looks at whether we are interrupted: about 16 MiB."""

_UNKNOWN_REV = 1 << 32
"""How far rev goes on where the old one cannot be read: further than a store comes."""

_NUMBERS = "SELECT rev, serial FROM store"


@contextmanager
def staged(path: str, store: str) -> Iterator[apsw.Connection]:
    """A private copy of the backup at `path`, of today's schema and checked whole.

    Args:
        store: the path of the store that it shall replace.
    """
    path = os.path.abspath(path)
    _check(path, store)
    with closing(apsw.Connection("")) as copy:
        with Mapped(path):
            _copy(path, copy)
            if found := faults(copy):
                raise StoreCorrupt(
                    f"the backup {path} does not verify: {found[0]}. Nothing was changed. "
                    "Give another one"
                )
        yield copy


def _check(path: str, store: str) -> None:
    if not os.path.isfile(path):
        raise NotFound(f"there is no backup at {path}. Give the path that backup was given")
    with suppress(FileNotFoundError):
        if os.path.samefile(path, store):
            raise InvalidInput(f"{path} is the store itself. Give a backup of it")
    if open_through_another(path):
        raise StoreUnavailable(
            f"this process has {path} open through another library, whose locks would be "
            "dropped. Close it there, or use another process"
        )


def _copy(path: str, copy: apsw.Connection) -> None:
    with closing(_opened(path)) as source:
        schema.recognise(source, path)
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
    schema.migrate(copy, path)


def _opened(path: str) -> apsw.Connection:
    """For reading only; beside a file without a log nothing is made."""
    alone = "" if os.path.exists(f"{path}-wal") else "&immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"file:{quote(path)}?mode=ro{alone}", flags=flags)


def replace(connections: Connections, copy: apsw.Connection) -> None:
    """Write what `copy` holds over the whole file, under a rev above both."""
    db = connections.writer()
    _check_pages(copy.pragma("page_size"), db.pragma("page_size"))
    with db.backup("main", copy, "main") as backup:
        backup.step(0)  # takes the lock: from here on the numbers in the file stand
        _go_on(copy, _standing(connections))
        while not backup.done:
            backup.step(_PAGES)


def _check_pages(given: int, own: int) -> None:
    if given != own:
        raise InvalidInput(
            f"the backup has pages of {given} bytes and the store of {own}: another program made "
            "it anew. Nothing was changed. Open it as a store of its own"
        )


def _standing(connections: Connections) -> tuple[int, int] | None:
    """The store's last rev and serial; None if the damage has reached them."""
    with suppress(StoreCorrupt), connections.reading() as db:
        rows: Any = db.execute(_NUMBERS).fetchall()
        rev, serial = rows[0]
        return int(rev), int(serial)
    return None


def _go_on(copy: apsw.Connection, standing: tuple[int, int] | None) -> None:
    rows: Any = copy.execute(_NUMBERS).fetchall()
    rev, serial = rows[0]
    before, given = standing or (rev + _UNKNOWN_REV, serial)
    numbers = (max(rev, before) + 1, max(serial, given))
    copy.execute("UPDATE store SET rev = ?, serial = ?", numbers)
