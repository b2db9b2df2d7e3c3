"""The SQLite engine keeps the contract, and agrees with the RAM engine on random sequences."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amberfile.stores.base import Store
from amberfile.stores.sqlite import SqliteStore
from amberfile.testing.conformance import StoreConformance
from amberfile.testing.machine import StoreMachine


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = SqliteStore(tmp_path / "memory.db")
        yield store
        store.close()

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        store.close()
        return SqliteStore(store.path)

    def second(self, store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        return SqliteStore(store.path)

    def medium(self, store: Store) -> bytes:
        assert isinstance(store, SqliteStore)
        files = [name for end in ("", "-wal") if Path(name := store.path + end).exists()]
        # In a process of its own: to open the file here would drop the store's locks.
        return subprocess.run(["cat", *files], check=True, capture_output=True).stdout

    def opened(self, path: str) -> Store:
        return SqliteStore(path)


class SqliteMachine(StoreMachine):
    def make(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        # Relaxed: thousands of short sequences, none of which loses power.
        return SqliteStore(Path(self.folder.name, "memory.db"), durability="relaxed")

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        store.close()
        return SqliteStore(store.path, durability="relaxed")

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestSqliteMachine = SqliteMachine.TestCase
