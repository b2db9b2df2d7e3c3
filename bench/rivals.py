"""Prints what a newcomer meets in the first minutes with amberfile and with other memories.

.venv/bin/python bench/rivals.py                   all of it, some minutes; installs from the index
.venv/bin/python bench/rivals.py --only mem0 --only agno
.venv/bin/python bench/rivals.py --write docs/comparison.md   puts the tables into the page

Each system has a virtual environment of its own, removed at the end. How each
is used stands in `systems/`: a file of thirty lines, after that system's guide.
"""

from __future__ import annotations

import argparse
import platform
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import trials
from environments import ROOT, Environment, NotInstalled, System, guards, installed

OURS = System("amberfile", (str(ROOT),), "from amberfile import Memory, open", "with_amberfile.py")
SYSTEMS = (
    OURS,
    System("SQLite FTS5, by hand", (), "import sqlite3", "with_fts5.py"),
    System(
        "LangGraph SqliteStore",
        ("langgraph-checkpoint-sqlite", "langgraph"),
        "from langgraph.store.sqlite import SqliteStore",
        "with_langgraph.py",
    ),
    System("agno", ("agno[sqlite]",), "from agno.memory import MemoryManager", "with_agno.py"),
    System(
        "OpenAI Agents SQLiteSession",
        ("openai-agents",),
        "from agents import SQLiteSession",
        "with_agents.py",
    ),
    System(
        "LlamaIndex Memory",
        ("llama-index-core",),
        "from llama_index.core.memory import Memory",
        "with_llama_index.py",
    ),
    System("mem0", ("mem0ai",), "from mem0 import Memory", "with_mem0.py"),
    System("MemPalace", ("mempalace",), "import mempalace.searcher", "with_mempalace.py"),
    System("cognee", ("cognee[gliner]",), "import cognee", "with_cognee.py"),
    System("Basic Memory", ("basic-memory",), "import basic_memory", "with_basic_memory.py"),
)

_FIRST = (
    "| system | version | packages | MB | import, × empty Python | found by words |\n"
    "|---|---|--:|--:|--:|---|"
)
_THEN = (
    "| system | write | × ours | lost after 20 kills | two writers | two on a new file |\n"
    "|---|--:|--:|--:|--:|--:|"
)
_MARKED = re.compile(r"(<!-- rivals:begin -->\n).*?(<!-- rivals:end -->)", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[one.name for one in SYSTEMS[1:]])
    parser.add_argument("--write", type=Path, metavar="PAGE")
    chosen = parser.parse_args()
    systems = [
        one for one in SYSTEMS if one is OURS or chosen.only is None or one.name in chosen.only
    ]
    lines = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # some GB would be left behind
    with tempfile.TemporaryDirectory(prefix="rivals-") as folder:
        for line in compared(systems, Path(folder)):
            lines.append(line)
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    if chosen.write is not None:
        text = chosen.write.read_text("utf-8")
        told = "\n".join(lines)
        marked = _MARKED.sub(lambda found: f"{found[1]}{told}\n{found[2]}", text)
        chosen.write.write_text(marked, "utf-8")
    return 0


def compared(systems: Sequence[System], folder: Path) -> Iterator[str]:
    """The lines of the page, as they become known."""
    guard, called = guards()
    here: list[Environment] = []
    missing: list[str] = []
    for place, system in enumerate(systems):
        try:
            here.append(installed(system, folder / f"env-{place}", guard))
        except NotInstalled as reason:
            missing.append(f"- {system.name}: not measured, {reason}.")
    yield f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; {called}."
    sizes = {one.system.name: one.size() for one in here}  # before anything has run there
    found = {
        one.system.name: trials.finds_by_words(one, _new(folder, one, "words")) for one in here
    }
    yield from ["", *first_minutes(here, sizes, found, folder / "imports"), *missing, ""]
    yield from writes([one for one in here if found[one.system.name].listed], folder)


def first_minutes(
    here: Sequence[Environment],
    sizes: Mapping[str, tuple[int, float]],
    found: Mapping[str, trials.Found],
    home: Path,
) -> Iterator[str]:
    """What is installed, what it costs to import, and whether a fact is found again."""
    seconds = trials.import_seconds(here, home)
    yield _FIRST
    for one in here:
        name = one.system.name
        packages, size = sizes[name]
        figures = f"{packages} | {size:,.1f} | {seconds[name] / seconds['']:.1f}"
        verdict = "yes" if found[name].right else "no"
        yield f"| {name} | {one.version()} | {figures} | {verdict} |"
    yield ""
    for name, result in found.items():
        if not result.right:
            yield f"- {name}: {_plain(result.why_not)}"


def writes(here: Sequence[Environment], folder: Path) -> Iterator[str]:
    """What a write costs and survives, for those that keep a text without a model."""
    seconds = trials.write_seconds(here, folder / "writes")
    ours = seconds[OURS.name]
    errors = {}
    yield _THEN
    for one in here:
        name = one.system.name
        asked, lost = trials.lost_to_kills(one, _new(folder, one, "kills"))
        pair = trials.two_writers(one, _new(folder, one, "pair"), new=False)
        fresh = trials.two_writers(one, _new(folder, one, "fresh"), new=True)
        errors[name] = pair.error or fresh.error
        cost = f"{seconds[name] * 1e3:.2f} ms | {seconds[name] / ours:.1f}"
        yield f"| {name} | {cost} | {lost} of {asked:,} | {_told(pair)} | {_told(fresh)} |"
    yield ""
    for name, error in errors.items():
        if error:
            yield f"- {name}: {_plain(error)}"


def _new(folder: Path, one: Environment, trial: str) -> Path:
    return folder / f"{trial}-{one.folder.name}"


def _told(pair: trials.Beside) -> str:
    bad = [f"{pair.failed} failed"] * bool(pair.failed) + [f"{pair.lost} lost"] * bool(pair.lost)
    return f"{', '.join(bad) or 'all kept'} of {pair.asked}"


def _plain(error: str) -> str:
    """The beginning of an error's first line, fit for a page."""
    first = re.sub(r"\S*/rivals-\S*", "(its file)", error).splitlines()[0]
    line = first.translate({ord("|"): "/", ord("`"): "'"})
    return f"`{line[:120].rstrip()}{'…' if len(line) > 120 else ''}`"


if __name__ == "__main__":
    sys.exit(main())
