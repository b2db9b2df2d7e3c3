"""An import takes the memory of a batch: a larger file takes no more."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import Memory
from amberfile.transfer import import_path, imports

TEXT = "Deploys go out on Friday, some minutes after the freeze, says Ada. " * 16
TALK = 50
"""Messages of a conversation."""

Line = Callable[[int], dict[str, Any]]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return amberfile.open(tmp_path / "memory.db")


def openai(number: int) -> dict[str, Any]:
    return {"role": "user", "content": TEXT, "session": f"s{number // TALK}", "weight": number}


def ours(number: int) -> dict[str, Any]:
    if number == 0:
        return {"amberfile": 1}
    time = "2026-01-01T00:00:00+00:00"
    if number % 2:
        written = {"created_at": time, "updated_at": time, "change": "created"}
        return {"type": "item", "id": f"i{number}", "text": TEXT} | written
    said = {"session": "s", "role": "user", "content": TEXT, "created_at": time}
    return {"type": "message", "id": f"m{number}"} | said


def chatgpt(number: int) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [TEXT]}
    message = {"id": f"m{number}", "author": {"role": "user"}, "content": content}
    return {"id": f"c{number}", "mapping": {"n": {"message": message}}}


def saved(path: Path, line: Line, count: int) -> Path:
    path.write_text("".join(json.dumps(line(number)) + "\n" for number in range(count)))
    return path


def peak(memory: Memory, path: Path, *, dry_run: bool = False) -> int:
    """The most bytes of Python's at once; what was known before is known."""
    tracemalloc.start()
    try:
        import_path(memory, path, dry_run=dry_run)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("line", [openai, ours, chatgpt])
def test_a_file_of_three_times_the_size_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: Line
) -> None:
    monkeypatch.setattr("amberfile.replay.BATCH", 50)
    monkeypatch.setattr("amberfile.transfer.source.HEAD", 1 << 10)
    sizes = [200, 200, 600]  # the first is for what is loaded and made once
    each = []
    for run, size in enumerate(sizes):
        path = saved(tmp_path / f"{run}.jsonl", line, size)
        with amberfile.open(tmp_path / f"{run}.db") as memory:
            each.append([peak(memory, path, dry_run=dry) for dry in (True, False, False, True)])
    _, once, thrice = each
    grown = max(after - before for before, after in zip(once, thrice, strict=True))
    assert grown < (sizes[2] - sizes[1]) * len(TEXT) // 2, f"{once} {thrice}"


def test_long_entries_are_written_fewer_together(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amberfile.replay.LARGE", 10 * len(TEXT))
    import_path(memory, saved(tmp_path / "a.jsonl", openai, 40))
    [done] = imports(memory)
    assert done.entries == 40
    assert 4 <= len(done.revs) <= 6
