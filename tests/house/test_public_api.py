"""The public names and signatures, against the golden list in api.txt.

To accept a change: .venv/bin/python tests/house/test_public_api.py > tests/house/api.txt
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile.aio import AsyncMemory, AsyncSession
from amberfile.memory import Memory
from amberfile.session import Session

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("api.txt")
PAIRS = [(Memory, AsyncMemory), (Session, AsyncSession)]
ONLY_SYNC = {"aio"}


def public(cls: type) -> dict[str, Any]:
    """The public attributes of a class, its bases' included."""
    return {
        name: inspect.getattr_static(cls, name)
        for name in sorted(dir(cls))
        if not name.startswith("_")
    }


def api() -> Iterator[str]:
    """One line for each public name."""
    for name in amberfile.__all__:
        value = getattr(amberfile, name)
        shown = inspect.isfunction(value) or dataclasses.is_dataclass(value)
        yield f"amberfile.{name}{_signature(value) if shown else ''}"
    for cls in (cls for pair in PAIRS for cls in pair):
        for name, value in public(cls).items():
            yield f"{cls.__name__}.{name}{_signature(value)}"


def _signature(value: Any) -> str:
    value = getattr(value, "__func__", value)
    if isinstance(value, property):
        return f": {inspect.signature(value.fget).return_annotation}" if value.fget else ""
    return str(inspect.signature(value)) if callable(value) else ""


def test_the_public_names_and_signatures_are_the_golden_ones() -> None:
    golden = GOLDEN.read_text("utf-8").splitlines() if GOLDEN.exists() else []
    change = difflib.unified_diff(golden, list(api()), "api.txt", "now", lineterm="", n=0)
    assert not (text := "\n".join(change)), f"{text}\n{(__doc__ or '').splitlines()[-1]}"


def test_all_is_sorted_and_every_name_of_it_is_there() -> None:
    assert list(amberfile.__all__) == sorted(set(amberfile.__all__))
    assert [name for name in amberfile.__all__ if not hasattr(amberfile, name)] == []


def test_every_public_name_is_documented() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    words = set(re.findall(r"\w+", " ".join(page.read_text("utf-8") for page in pages)))
    assert [name for name in amberfile.__all__ if name not in words] == []


@pytest.mark.parametrize(("sync", "twin"), PAIRS)
def test_an_async_twin_has_the_same_names_and_parameters(sync: type, twin: type) -> None:
    here, there = public(sync), public(twin)
    assert here.keys() - ONLY_SYNC == there.keys()
    for name, value in there.items():
        assert isinstance(value, property) == isinstance(here[name], property), name
        if not isinstance(value, property):
            assert _parameters(value) == _parameters(here[name]), name


def _parameters(value: Any) -> Any:
    return inspect.signature(getattr(value, "__func__", value)).parameters


if __name__ == "__main__":
    print("\n".join(api()))
