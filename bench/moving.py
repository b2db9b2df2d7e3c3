"""What moving costs: files in, the same again, and out; and the memory that it takes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import amberfile
from amberfile import Draft, Memory, Said
from amberfile.transfer import export_jsonl, export_openai, export_yaml, import_path
from corpus import Corpus
from floors import Log
from timing import Row, in_turn

ROUNDS = 5
SIZE = 4_000_000
"""Bytes of a file, about."""

SESSION = 200
_TIME = "2026-01-01T00:00:00+00:00"
_GOAL = 200.0
_PEAK = """
import sys
import amberfile
from amberfile.transfer import import_path
with amberfile.open(sys.argv[2]) as memory:
    import_path(memory, sys.argv[1])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def openai_lines(folder: Path) -> Iterator[Row]:
    """Messages of the OpenAI API, one a line."""
    path, texts = folder / "openai.jsonl", _texts()
    _write(path, ({"role": "user", "content": text, "session": f"s{n // SESSION}"}
                  for n, text in enumerate(texts)))  # fmt: skip
    yield from _in(folder, path, texts, "OpenAI lines", _appended)
    yield from _out(folder, path, "OpenAI lines", export_openai)
    yield from _peak(folder, path, "OpenAI lines")


def our_lines(folder: Path) -> Iterator[Row]:
    """Our own JSON lines, items and messages in turn."""
    path, texts = folder / "ours.jsonl", _texts()
    _write(path, [{"amberfile": 1}, *(_record(n, text) for n, text in enumerate(texts))])
    yield from _in(folder, path, texts, "our lines", _remembered)
    yield from _out(folder, path, "our lines", export_jsonl)
    yield from _out(folder, path, "our lines, as YAML", export_yaml)
    yield from _peak(folder, path, "our lines")


def _in(
    folder: Path,
    path: Path,
    texts: list[str],
    what: str,
    written: Callable[[Memory, list[str]], object],
) -> Iterator[Row]:
    """Into an empty store, against our own bulk calls and bare inserts; and into a full one."""
    stores = (folder / f"{path.stem}-{number}.db" for number in count())

    def imported() -> None:
        with amberfile.open(next(stores)) as memory:
            import_path(memory, path)

    def in_bulk() -> None:
        with amberfile.open(next(stores)) as memory:
            written(memory, texts)

    def inserted() -> None:
        values = (json.loads(line) for line in path.open("rb"))
        Log(next(stores)).fill("s", (one.get("content") or one.get("text") for one in values))

    mine, floor = in_turn(imported, in_bulk, rounds=ROUNDS)
    yield _rate(f"import of {what}", mine, floor, 0.7, "our bulk calls")
    mine, floor = in_turn(imported, inserted, rounds=ROUNDS)
    yield _rate(f"import of {what}", mine, floor, 0.03, "json.loads and bare inserts")
    with amberfile.open(next(stores)) as memory:
        import_path(memory, path)
        mine, floor = in_turn(
            lambda: import_path(memory, path),
            lambda: [json.loads(line) for line in path.open("rb")],
            rounds=ROUNDS,
        )
    yield _rate(f"the same again, {what}", mine, floor, 0.05, "json.loads")


def _out(
    folder: Path, path: Path, what: str, export: Callable[[Memory, BinaryIO], int]
) -> Iterator[Row]:
    with amberfile.open(folder / f"{path.stem}-out.db") as memory:
        import_path(memory, path)
        mine, floor = in_turn(
            lambda: export(memory, io.BytesIO()),
            lambda: [json.dumps(json.loads(line)) for line in path.open("rb")],
            rounds=ROUNDS,
        )
    yield _rate(f"export of {what}", mine, floor, 0.1, "json.loads and dumps")


def _rate(what: str, mine: float, floor: float, goal: float, against: str) -> Row:
    ours, theirs = (SIZE / 1e6 / seconds for seconds in (mine, floor))
    return Row(what, ours, theirs, "MB/s", goal, None, True, against=against)


def _peak(folder: Path, path: Path, what: str) -> Iterator[Row]:
    """The most memory of a process that imports; only Linux tells it."""
    if not Path("/proc/self/status").exists():
        return
    store = folder / f"{path.stem}-peak.db"
    command = [sys.executable, "-c", _PEAK, str(path), str(store)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    peak = int(run.stdout) / 1024
    yield Row(f"memory, import of {what}", peak, _GOAL, "MB", 1.0, against="the goal")


def _texts() -> list[str]:
    """Texts of four sentences, about `SIZE` bytes of lines in all."""
    source = Corpus(14)
    return [" ".join(source.sentences(4)) for _ in range(SIZE // 500)]


def _record(number: int, text: str) -> dict[str, Any]:
    if number % 2:
        written = {"created_at": _TIME, "updated_at": _TIME, "change": "created"}
        return {"type": "item", "id": f"i{number}", "text": text, **written}
    session = f"s{number // SESSION}"
    said = {"role": "user", "content": text, "created_at": _TIME}
    return {"type": "message", "id": f"m{number}", "session": session, **said}


def _write(path: Path, values: Any) -> None:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")


def _appended(memory: Memory, texts: list[str]) -> None:
    for start in range(0, len(texts), SESSION):
        said = (Said("user", text) for text in texts[start : start + SESSION])
        memory.session(f"s{start}").extend(said)


def _remembered(memory: Memory, texts: list[str]) -> None:
    memory.remember_all(map(Draft, texts[1::2]))
    _appended(memory, texts[::2])
