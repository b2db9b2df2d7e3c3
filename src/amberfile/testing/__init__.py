"""For those who write a store: the suite that says whether it is one.

    from amberfile.testing.conformance import StoreConformance
    from amberfile.testing.machine import StoreMachine

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def store(self, tmp_path):
            store = MyStore(tmp_path / "memory")
            yield store
            store.close()

    class MyMachine(StoreMachine):
        def make(self):
            return MyStore(tempfile.mkdtemp())

    TestMyMachine = MyMachine.TestCase

The suite asks what the contract says, one sentence a test. The machine finds
what nobody thought of: it does the same random things to the store and to
`RamStore`, and compares everything that can be read.
"""

import pytest

_ASSERTING = (
    "hooks items finding names sessions jobs imports reindexing isolation wholeness sharing hostile"
    " machine"
)

pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _ASSERTING.split()))
