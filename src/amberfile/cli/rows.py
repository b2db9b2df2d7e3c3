"""A listing in each of its forms: a table for people, lines for a pipe, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amberfile.cli import output
from amberfile.cli.app import App


def show(
    app: App,
    data: Sequence[Mapping[str, Any]],
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Print `data`, or the same things as `rows` under `titles`."""
    if app.as_json:
        output.envelope(app, data)
    elif output.on_terminal():
        output.table(titles, rows)
    else:
        for row in rows:
            output.fields(*row)
