"""A call to the disk fails: what was acknowledged stays, and the error says what happened. (T5)"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from amberfile.errors import AmberfileError, StoreFull
from amberfile.stores.sqlite import SqliteStore
from tests.torture.failing import FailingVfs, failing
from tests.torture.load import SCOPE, SHARED, Alone, check_order, step

SCRIPT = (*"open write write read write write backup write write close".split(), "write", "write")
"""Twelve calls; the sixth write forgets, which empties the log. A write opens what was closed."""


class Fault(NamedTuple):
    fail_at: int
    full: bool


class Script:
    """The calls of SCRIPT on a store whose disk fails; how many steps were acknowledged."""

    def __init__(self, path: str, vfs: FailingVfs) -> None:
        self.path = path
        self.acknowledged = 0
        self._vfs = vfs
        self._store: SqliteStore | None = None
        self._backups = 0

    def do(self, call: str) -> None:
        getattr(self, f"_{call}")()

    def _open(self) -> SqliteStore:
        if self._store is None:
            self._store = SqliteStore(self.path, vfs=self._vfs.name)
        return self._store

    def _write(self) -> None:
        self._open().write(step(0, self.acknowledged))
        self.acknowledged += 1

    def _read(self) -> None:
        messages = self._open().messages(SCOPE, SHARED)
        assert [message.seq for message in messages] == list(range(1, len(messages) + 1))

    def _backup(self) -> None:
        copy = f"{self.path}.copy"
        try:
            self._open().backup(copy)
        except AmberfileError:
            assert not os.path.exists(copy)
            raise
        _check(copy, self.acknowledged, exactly=True)

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


@pytest.fixture
def faults(rng: random.Random, figure: Callable[[int, int], int], path: str) -> list[Fault]:
    """Each call that the script makes to the disk, or some of them; a write fails in two ways."""
    with failing("not failing", fail_at=0) as vfs:
        script = Script(path, vfs)
        for call in SCRIPT:
            script.do(call)
        script.do("close")
    found = [Fault(at, False) for at in range(1, len(vfs.calls) + 1)]
    found += [Fault(at, True) for at, call in enumerate(vfs.calls, 1) if call == "write"]
    print(f"{len(vfs.calls)} calls, {len(found)} faults")
    return rng.sample(found, figure(60, len(found)))


def test_one_failing_call_loses_nothing_and_the_store_goes_on(
    path: str, faults: list[Fault]
) -> None:
    told = Counter[str]()
    for number, fault in enumerate(faults):
        told.update(_run_and_repeat(f"{path}.{number}", fault))
    print(told)
    assert told


def test_a_disk_that_fails_for_good_loses_nothing_acknowledged(
    path: str, faults: list[Fault]
) -> None:
    told = Counter[str]()
    for number, fault in enumerate(faults):
        told.update(_run_and_give_up(f"{path}.{number}", fault))
    print(told)
    assert told


def _run_and_repeat(path: str, fault: Fault) -> Iterator[str]:
    """Repeat each call that fails: it must succeed on the same store."""
    with failing("failing once", **fault._asdict()) as vfs:
        script = Script(path, vfs)
        for call in SCRIPT:
            error = _error(script, call)
            if error is not None:
                assert "planted" in str(error), f"{vfs.failed} in {call}: the error hides its cause"
                yield type(error).__name__
                script.do(call)
        script.do("close")
    _check(path, script.acknowledged, exactly=True)


def _run_and_give_up(path: str, fault: Fault) -> Iterator[str]:
    """Go on whatever fails. What was refused because the disk was full is not written."""
    unknown = False
    with failing("failing for good", **fault._asdict(), for_good=True) as vfs:
        script = Script(path, vfs)
        for call in SCRIPT:
            error = _error(script, call)
            if error is not None:
                yield type(error).__name__
                unknown = unknown or not isinstance(error, StoreFull)
        script.do("close")
    _check(path, script.acknowledged, exactly=not unknown)


def _error(script: Script, call: str) -> AmberfileError | None:
    """What the call raised; an error that is not ours goes on."""
    try:
        script.do(call)
    except AmberfileError as error:
        return error
    return None


def _check(path: str, acknowledged: int, *, exactly: bool) -> None:
    """Every acknowledged step is there, whole; perhaps one more that was cut off."""
    with closing(SqliteStore(path)) as store:
        assert store.check() == []
        check_order(store)
        Alone(0).steps_in(store, range(acknowledged, acknowledged + 2 - exactly))
