"""stats: how much is remembered, and since when."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, timedelta, timezone
from typing import Any

import click

from amberfile import figures
from amberfile.cli import output, plot
from amberfile.cli.app import App, common
from amberfile.figures import Figures

DAYS = 30


_WIDEST = 3  # columns of a bar


@click.command()
@click.option(
    "--days", default=DAYS, show_default=True, type=click.IntRange(1, 3_660), help="To tell of."
)
@common
def stats(app: App, days: int) -> None:
    """Count this scope's memories by kind and by day, in UTC.

    \b
    amberfile stats
    amberfile stats --days 365 --json

    In a pipe, a line is: what, which, number, with tabs between them.
    """
    found = figures.of(app.memory)
    series = _series(found, days)
    if app.as_json:
        output.envelope(app, [_data(app, found, series)])
    elif output.on_terminal():
        _draw(app, found, series)
    else:
        for row in _rows(app, found):
            output.fields(*row)
        for day, entries in series.items():
            output.fields("day", day.isoformat(), str(entries))


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _series(found: Figures, days: int) -> dict[date, int]:
    """Every one of the last `days` days, today's last, with its entries."""
    today = _today()
    each = (today - timedelta(days=back) for back in reversed(range(days)))
    return {day: found.days.get(day, 0) for day in each}


def _data(app: App, found: Figures, series: dict[date, int]) -> dict[str, Any]:
    return {
        "entries": found.entries,
        "kinds": [{"kind": kind, "entries": entries} for kind, entries in found.kinds.items()],
        "sessions": found.sessions,
        "first": found.first and found.first.isoformat(),
        "last": found.last and found.last.isoformat(),
        "bytes": _size(app),
        "days": [{"day": day.isoformat(), "entries": entries} for day, entries in series.items()],
    }


def _rows(app: App, found: Figures) -> list[tuple[str, str, str]]:
    return [
        ("entries", "", str(found.entries)),
        *(("kind", kind, str(entries)) for kind, entries in found.kinds.items()),
        ("sessions", "", str(found.sessions)),
        ("first", "", found.first.isoformat() if found.first else ""),
        ("last", "", found.last.isoformat() if found.last else ""),
        ("bytes", "", str(_size(app))),
    ]


def _size(app: App) -> int:
    """Bytes of the store's file, with every scope in it, and of its log."""
    files = (app.where, f"{app.where}-wal")
    return sum(os.path.getsize(file) for file in files if os.path.isfile(file))


def _draw(app: App, found: Figures, series: dict[date, int]) -> None:
    output.table(("what", "", "number"), _rows(app, found))
    width = shutil.get_terminal_size().columns
    lines = plot.bars([*series.values()], width)
    if not lines:
        return
    each = plot.a_bar(len(series), width)
    most = max(series.values())
    of = "a day" if each == 1 else f"{each} days"
    click.echo(f"\nentries of the last {len(series)} days, a bar is {of}, at most {most} a day")
    wide = max(1, min(_WIDEST, width // len(lines[0])))
    for line in lines:
        click.echo("".join(block * wide for block in line))
    first, last = next(iter(series)).isoformat(), _today().isoformat()
    click.echo(f"{first} {last:>{max(0, len(lines[0]) * wide - len(first) - 1)}}")
