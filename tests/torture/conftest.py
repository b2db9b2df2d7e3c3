"""What the torture tests share: each takes a small figure here, the full one in `make torture`."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)  # so that tests and their workers can import `tests.torture.…`


@pytest.fixture
def figure(torture: bool) -> Callable[[int, int], int]:
    """`figure(sample, full)`: the one that this run asks for."""
    return lambda sample, full: full if torture else sample


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Of the printed seed and the test's name: the same whatever else is run."""
    print(f"AMBERFILE_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "memory.db")
