"""A sound store is said to be sound, and a damaged index is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import amberfile
from amberfile import ScopeError, doctor


def test_a_damaged_index_is_found(tmp_path: Path) -> None:
    with amberfile.open(tmp_path / "a.db") as memory:
        memory.remember("alpha beta")
        assert doctor.faults(memory) == []
        store = memory._shared.store()
        real = store.postings
        store.postings = lambda scopes, terms: {  # type: ignore[method-assign]
            term: rows for term, rows in real(scopes, terms).items() if term != "beta"
        }
        [fault] = doctor.faults(memory)
    assert "'beta'" in fault


def test_only_the_whole_store_is_examined() -> None:
    with amberfile.open("ram:") as memory, pytest.raises(ScopeError):
        doctor.faults(memory.scoped(user="ada"))
