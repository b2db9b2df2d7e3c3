"""One open store, and what every handle on it uses: its clock, new ids, its threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from amberfile import checks
from amberfile.changes import Batch, Change, Written
from amberfile.config import Target
from amberfile.errors import Conflict, OpIdReused, StoreClosed, StoreCorrupt
from amberfile.ids import new_id
from amberfile.stores.base import Store
from amberfile.types import Scope, micros

if TYPE_CHECKING:  # 10 ms that only asyncio's users need
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

Clock: TypeAlias = Callable[[], datetime]
Ids: TypeAlias = Callable[[], str]
Call: TypeAlias = tuple[Any, ...]
"""What a caller asked for: a method's name and checked arguments, nothing generated."""

BATCH = 1_000
"""Changes of one commit, where many are written."""

THREADS = 16
"""Calls that run at once for asyncio."""

_TRIES = 100


class Shared:
    """A store that opens at its first use. Safe to share between threads."""

    def __init__(self, target: Target, clock: Clock | None, ids: Ids | None) -> None:
        self.where = target.where
        self._target, self._clock, self._ids = target, clock, ids
        self._lock = Lock()
        self._closed = False
        self._store: Store | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = 0

    def store(self) -> Store:
        """The open store. Raises `StoreClosed` after `close`."""
        store = self._store
        if store is None:
            with self._lock:
                self._require_open()
                if self._store is None:
                    self._store = self._target.connect()
                store = self._store
        return store

    @contextmanager
    def examined(self) -> Iterator[Store]:
        """The store, to look for faults or to mend it: also one that is refused for them."""
        try:
            store = self.store()
        except StoreCorrupt:
            with closing(self._target.connect(checked=False)) as refused:
                yield refused
        else:
            yield store

    def now(self) -> datetime:
        if self._clock is None:
            return datetime.now(timezone.utc)
        return checks.time("clock()", self._clock())

    def new_id(self) -> str:
        if self._ids is None:
            return new_id(self.now())
        return checks.name("ids()", self._ids())

    def write(
        self,
        scope: Scope,
        changes: Sequence[Change],
        *,
        op_id: str | None = None,
        call: Call = (),
    ) -> Written:
        """Commit `changes`, if any. With an `op_id`, the same `call` gets the first answer."""
        if not changes:
            return Written(0, ())
        digest = b""
        if op_id is not None:
            op_id, digest = checks.op_id("op_id", op_id), _digest(call)
        return self.store().write(Batch(scope, tuple(changes), self.now(), op_id, digest))

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run `call` in one of the store's own threads."""
        from concurrent.futures import ThreadPoolExecutor

        with self._lock:
            self._require_open()
            if self._pool is None or self._pool_owner != os.getpid():  # a fork has no threads
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="amberfile")
                self._pool_owner = os.getpid()
            return self._pool.submit(call)

    def close(self) -> None:
        """End for every handle; calls that run finish first. Again is no error."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None and self._pool_owner == os.getpid():
            pool.shutdown()
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosed(self.where)


def doors(store: Store) -> dict[str, str]:
    """Which other processes have the store's file open, as a detail of `info`."""
    ask = getattr(store, "open_by", None)  # not every engine has a file
    if ask is None:
        return {}
    others = ask()
    if others is None:
        return {"open by": "unknown"}
    some = f"{len(others)} other process{'es' * (len(others) > 1)}: {', '.join(others)}"
    return {"open by": some if others else "no other process"}


def retried(attempt: Callable[[], T]) -> T:
    """Read, decide and write again as long as somebody else was first, 100 times at most."""
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except OpIdReused:
            raise
        except Conflict:
            continue
    return attempt()


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """`values` in lists of `BATCH`, the last one shorter."""
    rest = iter(values)
    return iter(lambda: list(islice(rest, BATCH)), [])


def _digest(call: Call) -> bytes:
    """The same for the same call, in every process."""
    from hashlib import blake2b
    from json import dumps

    text = dumps(call, ensure_ascii=False, sort_keys=True, default=_plain)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def _plain(value: Any) -> Any:
    """A time or a value object, for JSON."""
    return micros(value) if isinstance(value, datetime) else vars(value)
