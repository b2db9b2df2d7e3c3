"""The RAM store keeps the contract that it specifies, and the machine agrees with itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amberfile.stores.base import Store
from amberfile.stores.ram import RamStore
from amberfile.testing.conformance import StoreConformance
from amberfile.testing.machine import StoreMachine


class TestRamStore(StoreConformance):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = RamStore()
        yield store
        store.close()


class RamMachine(StoreMachine):
    def make(self) -> Store:
        return RamStore()


TestRamMachine = RamMachine.TestCase
