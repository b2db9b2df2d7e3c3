"""Prints how fast amberfile is here, each figure beside its floor measured in the same run.

.venv/bin/python bench/speed.py                      all of it, some minutes
.venv/bin/python bench/speed.py --only last_messages
.venv/bin/python bench/speed.py --write docs/speed.md   puts the table into the page
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

import moving
import reading
import writing
from timing import Row

MEASURES: tuple[Callable[[Path], Iterator[Row]], ...] = (
    writing.durable_writes,
    writing.threads,
    writing.bulk_import,
    writing.growth,
    reading.recall,
    reading.beside_others,
    reading.last_messages,
    reading.cold_start,
    reading.event_loop,
    moving.openai_lines,
    moving.our_lines,
)
_HEAD = (
    "| what | ours | floor | against | ratio | first goal | then |\n|---|--:|--:|---|--:|--:|--:|"
)
_MARKED = re.compile(r"(<!-- speed:begin -->\n).*?(<!-- speed:end -->)", re.DOTALL)


def main() -> int:
    known = [measure.__name__ for measure in MEASURES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=known)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    chosen = parser.parse_args()
    lines = [_HEAD]
    sys.stdout.write(f"{_machine()}\n\n{_HEAD}\n")
    for measure in MEASURES:
        if chosen.only is None or measure.__name__ in chosen.only:
            with tempfile.TemporaryDirectory() as folder:
                for row in measure(Path(folder)):
                    lines.append(_line(row))
                    sys.stdout.write(f"{lines[-1]}\n")
                    sys.stdout.flush()
    if chosen.write is not None:
        text = chosen.write.read_text("utf-8")
        table = "\n".join([_machine(), "", *lines])
        chosen.write.write_text(_MARKED.sub(rf"\g<1>{table}\n\g<2>", text), "utf-8")
    return 0


def _line(row: Row) -> str:
    sign = "≥" if row.more_is_better else "≤"
    first = f"{sign} {row.first:g} {'yes' if row.reaches(row.first) else '**no**'}"
    then = (
        ""
        if row.then is None
        else f"{sign} {row.then:g} {'yes' if row.reaches(row.then) else 'no'}"
    )
    return (
        f"| {row.what} | {_figure(row.ours)} {row.unit} | {_figure(row.floor)} {row.unit} "
        f"| {row.against} | {row.ratio:.2f} | {first} | {then} |"
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    return (
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


if __name__ == "__main__":
    sys.exit(main())
