"""A damaged file to a new store: read every page, keep every whole row, make the index again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import apsw

from amberfile.errors import (
    InvalidInput,
    NotAStore,
    NotFound,
    StoreBusy,
    StoreCorrupt,
    StoreUnavailable,
)
from amberfile.stores.base import Info, Progress, Repaired, TermsOf
from amberfile.stores.sqlite import place
from amberfile.stores.sqlite.checkpoint import layer
from amberfile.stores.sqlite.connect import others_at
from amberfile.stores.sqlite.errors import Mapped
from amberfile.stores.sqlite.salvage.cells import FILE_HEADER, pointers, records
from amberfile.stores.sqlite.salvage.found import Found
from amberfile.stores.sqlite.salvage.image import File, Image, Log, page_size
from amberfile.stores.sqlite.salvage.rebuild import rebuild
from amberfile.stores.sqlite.salvage.records import Damaged, Recognised, recognised
from amberfile.stores.sqlite.salvage.told import Lost
from amberfile.stores.sqlite.schema import APPLICATION_ID
from amberfile.stores.sqlite.store import SqliteStore

_TOGETHER = 256
"""Pages between two looks at the progress."""

_LOCK_BYTE = 1 << 30
"""The page that holds this byte is left out by SQLite."""


def salvage(
    source: str,
    target: str,
    *,
    terms: TermsOf,
    analysis: int,
    progress: Progress | None = None,
) -> Repaired:
    """Bring what can be read of the damaged file `source` into a new store at `target`.

    The new one is made under another name, indexed and checked whole, and
    gets its own name only then. The old one is read and left as it is.

    Args:
        terms, analysis: as for `Store.reindex`.
        progress: told the pages that were read, of how many.

    Raises:
        NotFound: nothing is at `source`.
        InvalidInput: something stands at `target`.
        NotAStore: nothing in `source` is ours.
        StoreBusy: it is in use, or was written to meanwhile.
    """
    source, target = os.path.abspath(source), os.path.abspath(target)
    _check(source, target)
    before = _state(source)
    with _unfinished(target) as part:
        lost = Lost()
        with Mapped(part):
            scan = _filled(source, part, lost, progress)
        with closing(SqliteStore(part, checked=False)) as store:
            store.reindex(terms, analysis=analysis)
            if faults := store.check():
                raise StoreCorrupt(
                    f"what was read of {source} does not verify: {faults[0]}. Nothing was "
                    "made. Please report this"
                )
            info = store.info()
        if _state(source) != before:
            raise StoreBusy(f"{source} was written to while it was read. Stop the writers")
        _name(part, target)
    return _told(info, scan, lost)


@dataclass
class _Scan:
    """What is known of the pages.

    Args:
        sound: those that hold what they should, and the overflow of whole records.
    """

    pages: int
    sound: set[int] = field(default_factory=set)

    @property
    def damaged(self) -> int:
        return self.pages - len(self.sound)


def _check(source: str, target: str) -> None:
    if not any(map(os.path.isfile, (source, f"{source}-wal"))):
        raise NotFound(f"there is no file at {source}. Give the damaged one")
    if os.path.lexists(target):
        raise InvalidInput(f"{target} exists; a repair never overwrites. Give a new name")
    place.check_path(target)
    if others_at(source) or place.open_elsewhere(source):
        raise StoreUnavailable(
            f"this process has {source} open: to read it as a file would drop its locks. "
            "Close it first, or repair it from another process"
        )
    if others := place.open_by(source):
        raise StoreBusy(f"{source} is in use by {', '.join(others)}. Close it there first")


def _state(path: str) -> list[tuple[int, int] | None]:
    """Sizes and times of the file and its log."""
    found: list[tuple[int, int] | None] = []
    for name in (path, f"{path}-wal"):
        with suppress(OSError):
            state = os.stat(name)
            found.append((state.st_size, state.st_mtime_ns))
    return found


@contextmanager
def _unfinished(target: str) -> Iterator[str]:
    """A name beside the target; what stands there at the end is removed."""
    part = f"{target}.{os.getpid()}.part"
    try:
        yield part
    finally:
        for name in (part, f"{part}-wal", f"{part}-shm"):
            if os.path.lexists(name):
                os.unlink(name)


def _name(part: str, target: str) -> None:
    try:
        os.link(part, target)  # unlike a rename, it fails if the name was taken meanwhile
    except FileExistsError:
        raise InvalidInput(f"{target} appeared meanwhile; give a new name") from None


def _filled(source: str, part: str, lost: Lost, progress: Progress | None) -> _Scan:
    """Make the new store and write every row into it that was found."""
    SqliteStore(part).close()
    with (
        closing(File(source)) as file,
        closing(File(f"{source}-wal")) as log_file,
        closing(apsw.Connection(part, vfs=layer(None))) as db,
    ):
        image = _image(file, log_file, lost)
        found = Found(db)
        with db:
            scan = _scan(image, found, lost, progress)
            if not found.proofs and not _says_ours(image):
                raise NotAStore(
                    f"{source} is no amberfile store: not one row of ours is in it. "
                    "Nothing was made. Give another file"
                )
            rebuild(db, found, lost)
    return scan


def _says_ours(image: Image) -> bool:
    return image.page(1)[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _image(file: File, log_file: File, lost: Lost) -> Image:
    """The pages, with the log's if it is this file's and not an older one."""
    log = Log(log_file)
    size = page_size(file, log)
    bare = Image(file, log_file, None, size)
    whole = Image(file, log_file, log, size)
    own = _store_rows(bare, whole.logged())
    logged = _store_rows(whole, whole.logged())
    if own and logged and not (own[1] == logged[1] and own[0] <= logged[0]):
        lost.tell("the log beside the file is another file's or older, and was left out")
        return bare
    if log_file.size and not log.pages:
        lost.tell("nothing in the log beside the file can be read")
    return whole


def _store_rows(image: Image, numbers: Iterator[int]) -> tuple[int, int] | None:
    """(rev, created_at) of the store's own row on one of these pages."""
    for number in numbers:
        for record in records(image.page, image.pages, number):
            row = recognised(record) if record else None
            if isinstance(row, tuple) and not isinstance(row, Damaged) and row[0].table == "store":
                return row[1][1], row[1][4]
    return None


def _scan(image: Image, found: Found, lost: Lost, progress: Progress | None) -> _Scan:
    scan = _Scan(image.pages)
    if (promised := image.promised_pages()) > image.pages:
        lost.tell(f"the file ends early: it says it has {promised} pages, and has {image.pages}")
    for number in range(1, image.pages + 1):
        found.add(_rows(image, number, scan, lost))
        if progress is not None and number % _TOGETHER == 0:
            progress(number, image.pages)
    empty = {_LOCK_BYTE // image.size + 1, *image.free_pages()}
    scan.sound |= {number for number in empty if 0 < number <= image.pages}
    if scan.damaged:
        lost.tell(f"{scan.damaged} pages cannot be read whole; what only they held is lost")
    return scan


def _rows(image: Image, number: int, scan: _Scan, lost: Lost) -> Iterator[Recognised]:
    """The rows on a page; what cannot be read is told."""
    sound = pointers(image.page(number), FILE_HEADER if number == 1 else 0) is not None
    for record in records(image.page, image.pages, number):
        row = recognised(record) if record else Damaged(None)
        if record and record.whole:
            scan.sound.update(record.overflow)
        else:
            sound = False
        if isinstance(row, Damaged):
            sound = False
            if row.shape:
                lost.tell(f"a row of table {row.shape.table} on page {number} is damaged")
                if row.stray:
                    yield row.shape, row.stray
        elif row:
            yield row
    if sound:
        scan.sound.add(number)


def _told(info: Info, scan: _Scan, lost: Lost) -> Repaired:
    def count(*names: str) -> int:
        return sum(int(info.details[name]) for name in names)

    return Repaired(
        items=count("items", "hidden items"),
        versions=count("earlier versions"),
        messages=count("messages"),
        sessions=count("sessions"),
        scopes=count("scopes"),
        lost=lost.lines(),
        pages=scan.pages,
        damaged_pages=scan.damaged,
    )
