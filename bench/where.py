"""Prints where the time of a call goes: the share of each part, from a profile.

    .venv/bin/python bench/where.py                     all of them
    .venv/bin/python bench/where.py --write docs/speed.md   puts the table into the page

A profile makes small functions look dearer than they are; it tells which part
to look at, not how fast it is.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import apsw

import amberfile
from amberfile import Draft
from corpus import Corpus

PARTS = {
    "words and ranking": ("/amberfile/recall/", "/amberfile/search.py", "heapq"),
    "checks and values": ("/amberfile/checks.py", "/amberfile/drafts.py", "dataclasses"),
    "the index": ("/stores/sqlite/index.py",),
    "rows": ("/stores/sqlite/rows.py", "/amberfile/types.py"),
    "commit and connections": ("/stores/sqlite/",),
}
SQLITE = "SQLite itself"
OTHER = "other Python"
_MARKED = re.compile(r"(<!-- where:begin -->\n).*?(<!-- where:end -->)", re.DOTALL)


def calls(folder: Path) -> dict[str, Callable[[], object]]:
    """What is profiled, by name."""
    memory = amberfile.open(folder / "where.db", durability="relaxed")
    memory.remember_all(map(Draft, Corpus(1).sentences(100_000)))
    single, many = list(Corpus(2).sentences(1_000)), list(Corpus(3).sentences(10_000))
    source = Corpus(4)
    asked = [source.question()[0] for _ in range(200)]
    return {
        "remember, relaxed": lambda: [memory.remember(text) for text in single],
        "bulk import": lambda: memory.remember_all(map(Draft, many)),
        "recall among 100,000": lambda: [memory.recall(question) for question in asked],
    }


def shares(call: Callable[[], object]) -> Counter[str]:
    """Percent of the time in each part; what C functions take counts for SQLite or for other."""
    profile = cProfile.Profile()
    profile.runcall(call)
    spent: Counter[str] = Counter()
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]]
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own, _, _) in stats.items():
        spent[_part(file, name)] += own  # type: ignore[assignment]
    whole = sum(spent.values())
    return Counter({part: round(100 * seconds / whole) for part, seconds in spent.items()})


def _part(file: str, name: str) -> str:
    if apsw.__name__ in name:
        return SQLITE
    named = (part for part, files in PARTS.items() if any(each in file for each in files))
    return next(named, OTHER)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    chosen = parser.parse_args()
    parts = [SQLITE, *PARTS, OTHER]
    lines = [f"| % of | {' | '.join(parts)} |", f"|---|{'--:|' * len(parts)}"]
    with tempfile.TemporaryDirectory() as folder:
        for name, call in calls(Path(folder)).items():
            found = shares(call)
            lines.append(f"| {name} | {' | '.join(str(found[part]) for part in parts)} |")
    table = "\n".join(lines)
    sys.stdout.write(f"{table}\n")
    if chosen.write is not None:
        page = chosen.write.read_text("utf-8")
        chosen.write.write_text(_MARKED.sub(rf"\g<1>{table}\n\g<2>", page), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
