"""Connections to one file: how they are set up, lent to one thread at a time, and dropped.

One writer, one that checkpoints, and as many readers as threads read at once.
No connection is ever used by two threads at the same time. After a fork the child forgets all of
them without closing one: closing would drop locks that the parent relies on.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import apsw

from amberfile.errors import AmberfileError, StoreClosed, StoreCorrupt, StoreReadOnly
from amberfile.stores.sqlite.checkpoint import MOST_PAGES, layer
from amberfile.stores.sqlite.errors import DRIVER_ERRORS, Mapped, remedy, translated
from amberfile.stores.sqlite.place import open_elsewhere
from amberfile.stores.sqlite.schema import complete, verify

_READ_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
_PRAGMAS = (
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA max_page_count = {MOST_PAGES}",
    "PRAGMA wal_autocheckpoint = 0",  # checkpoint.py says who does it, and why
    "PRAGMA cache_size = -65536",  # KiB, at most: postings of a batch go everywhere
)
LOG_LIMIT = 64 * 1024 * 1024
"""Bytes that the log file keeps after a checkpoint."""

CHECKPOINT_PAGES = 1000
"""Pages in the log from which on each write moves them into the file: about 4 MiB."""

CHECKPOINT_WAIT_S = 0.25
"""How long a forget waits for readers before it leaves the log to the next write."""

_MAYBE_DAMAGE = (TypeError, ValueError, ArithmeticError, LookupError, StopIteration)


class Connections:
    """The connections of one store.

    Args:
        path: absolute.
        synchronous: "FULL" or "NORMAL".
        busy_timeout_s: how long a write waits for another process.
        forked: called in the child after a fork, when the connections are forgotten.
        prepare: brings the file to today's schema; called once, with the first
            connection, before any other.
        vfs: the file system layer, for tests.
    """

    def __init__(
        self,
        path: str,
        *,
        synchronous: str,
        busy_timeout_s: float,
        writable: bool,
        prepare: Callable[[apsw.Connection], None],
        forked: Callable[[], None],
        vfs: str | None = None,
    ) -> None:
        self.path = path
        self.writable = writable
        self.mapped = Mapped(path)
        self._synchronous = synchronous
        self._busy_timeout_s = busy_timeout_s
        self._prepare = prepare
        self._forked = forked
        self._vfs = vfs
        self._closed = False
        self._held: set[apsw.Connection] = set()  # not closed yet; after a fork the parent's too
        self._start()
        _all.add(self)

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._prepared = False
        self._corrupt = False
        self._readers: list[apsw.Connection] = []
        self._writer: apsw.Connection | None = None
        self._checkpointer: apsw.Connection | None = None

    def reading(self) -> _Loan:
        """A connection for reading, as a context; one statement sees one state."""
        return _Loan(self)

    @contextmanager
    def snapshot(self) -> Iterator[apsw.Connection]:
        """A connection for reading; all its statements see one state."""
        with self.reading() as db:
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")

    def writer(self) -> apsw.Connection:
        """The one connection that writes. Only who leads the commit may use it.

        Raises:
            StoreClosed, StoreReadOnly, StoreCorrupt: it must not be used.
        """
        if self._closed:
            raise StoreClosed(self.path)
        if self._corrupt:
            raise StoreCorrupt(
                f"{self.path} was found damaged, so it is not written any more. {remedy(self.path)}"
            )
        if not self.writable:
            raise StoreReadOnly(
                f"{self.path} can be read but not written. Make it writable: chmod u+w {self.path}"
            )
        if self._writer is None:
            self._writer = self._open()
            self._writer.set_wal_hook(self._written)
        return self._writer

    def note(self, error: BaseException | None) -> None:
        """Damage, once it was found, ends all writing."""
        if isinstance(error, DRIVER_ERRORS):
            error = translated(error, self.path)
        self._corrupt = self._corrupt or isinstance(error, StoreCorrupt)

    def trusted_again(self) -> None:
        """What was damaged has been made again."""
        self._corrupt = False

    def blame_damage(self, db: apsw.Connection, error: BaseException | None) -> None:
        """Where our own code fails on what it read, see whether the file is to blame.

        Raises:
            StoreCorrupt: it is. Else the caller's error stands.
        """
        if isinstance(error, _MAYBE_DAMAGE) and not isinstance(error, AmberfileError):
            try:
                with self.mapped:
                    verify(db, self.path)
            except StoreCorrupt as damage:
                self._corrupt = True
                raise damage from error

    def drop_writer(self, error: Exception) -> None:
        """After an error of the disk or the file: never trust this connection again."""
        self.note(error)
        writer, self._writer = self._writer, None
        if writer is not None:
            self._end(writer)

    def checkpoint(self, *, patient: bool) -> bool:
        """Move the log into the file and empty it; False if a reader or a full disk is in the way.

        Only who keeps others from writing may call it.

        Args:
            patient: wait a little for readers.
        """
        if self._closed:
            return True  # the last connection to close empties the log
        with self.mapped:
            try:
                db = self._ready_checkpointer()
                wait_s = CHECKPOINT_WAIT_S if patient else 0.0
                db.set_busy_handler(lambda tries: _wait(tries, wait_s))
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except (apsw.BusyError, apsw.LockedError, apsw.FullError):
                return False
        return True

    def _written(self, db: apsw.Connection, name: str, pages: int) -> int:
        """After each commit: move a long log into the file, as far as readers allow."""
        if pages >= CHECKPOINT_PAGES:
            with suppress(apsw.Error):  # the commit stands; the next one tries again
                self._ready_checkpointer().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return apsw.SQLITE_OK

    def _ready_checkpointer(self) -> apsw.Connection:
        if self._checkpointer is None:
            db = apsw.Connection(self.path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=layer(self._vfs))
            self._held.add(db)
            self._set_up(db)
            db.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the log
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
            self._checkpointer = db
        return self._checkpointer

    def close(self) -> None:
        """Close what is not lent; what is lent is closed when it comes back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            idle, self._readers = self._readers, []
            writer, self._writer = self._writer, None
        if self.writable and self._prepared and not self._corrupt:
            with suppress(apsw.Error):
                self._ready_checkpointer()  # the last connection to close empties the log
        for db in (*idle, writer, self._checkpointer):
            if db is not None:
                self._end(db)

    @property
    def gone(self) -> bool:
        """Whether it is closed and has nothing open any more."""
        return self._closed and not self._held

    def borrow(self) -> apsw.Connection:
        """A connection that nobody else uses until it is given back."""
        if self._closed:
            raise StoreClosed(self.path)
        try:
            return self._readers.pop()
        except IndexError:
            return self._open()

    def give_back(self, db: apsw.Connection, error: BaseException | None) -> None:
        """One that failed is not lent again."""
        if error is not None:
            self.note(error)
        if error is None and not self._closed:
            self._readers.append(db)
            if not self._closed:
                return
            try:
                self._readers.remove(db)  # close() came between the two lines
            except ValueError:
                return
        self._end(db)

    def _open(self) -> apsw.Connection:
        flags = _READ_WRITE if self.writable else apsw.SQLITE_OPEN_READONLY
        with self._lock:  # the first one alone: it makes or migrates the file
            db = apsw.Connection(self.path, flags=flags, vfs=self._vfs)
            self._held.add(db)
            try:
                self._set_up(db)
                if not self._prepared:
                    self._prepare(db)
                    self._prepared = True
                if not self.writable:
                    complete(db)
            except BaseException:
                self._end(db)
                raise
            return db

    def _end(self, db: apsw.Connection) -> None:
        """Close without complaint: an error here is that of an earlier call, already told."""
        try:
            db.close()
        except apsw.Error:
            db.close(force=True)
        self._held.discard(db)

    def _set_up(self, db: apsw.Connection) -> None:
        db.set_busy_handler(self._patience)
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        for pragma in _PRAGMAS:
            db.execute(pragma).fetchall()
        db.execute(f"PRAGMA synchronous = {self._synchronous}").fetchall()
        db.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}").fetchall()

    def _patience(self, tries: int) -> bool:
        return _wait(tries, self._busy_timeout_s)

    def forget_after_fork(self) -> None:
        """In the child: the parent's connections are not ours to use or to close."""
        if self._closed:
            return
        lost = [*self._readers, self._writer, self._checkpointer]
        _keep_for_ever([db for db in lost if db is not None])
        self._start()
        self._forked()


class _Loan:
    """Lends a connection for one read; the driver's errors become ours. (Not a
    generator: it stands around every read and costs a quarter of one.)"""

    __slots__ = ("_connections", "_db")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> apsw.Connection:
        with self._connections.mapped:
            self._db = self._connections.borrow()
        return self._db

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._connections.blame_damage(self._db, error)
        finally:
            self._connections.give_back(self._db, error)
        if isinstance(error, DRIVER_ERRORS):
            raise translated(error, self._connections.path) from error


_waiting = threading.local()


def _wait(tries: int, deadline_s: float) -> bool:
    """Sleep a little and say whether to try again; random, so that nobody starves."""
    now = time.monotonic()
    if tries == 0:
        _waiting.since = now
    if now - _waiting.since > deadline_s:
        return False
    time.sleep((0.0002 + os.urandom(1)[0] * 0.000007) * min(tries + 1, 4))
    return True


_all: weakref.WeakSet[Connections] = weakref.WeakSet()


def _keep_for_ever(connections: list[apsw.Connection]) -> None:
    """One reference more than is ever given up, so that no clean-up at exit closes them."""
    import ctypes

    for db in connections:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))


def others_at(path: str) -> bool:
    """Whether this process has `path` open through another store of ours."""
    return any(each.path == path and not each.gone for each in list(_all))


def open_through_another(path: str) -> bool:
    """Whether this process has `path` open, and not through a store of ours.

    A store that ends between the two looks would be taken for another library,
    so it takes three pairs of looks that agree.
    """
    return all(open_elsewhere(path) and not others_at(path) for _ in range(3))


def _after_fork() -> None:
    for connections in list(_all):
        connections.forget_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
