"""Tables for people, lines for pipes, one JSON envelope for programs.

Nothing that was stored reaches a terminal as it is: control characters and
bidirectional marks are escaped. rich is loaded only where it draws.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from amberfile.cli.app import App
from amberfile.highlight import spans
from amberfile.transfer.plain import json_text, printable
from amberfile.types import Entry, Hit, Item

if TYPE_CHECKING:
    from rich.text import Text

Row: TypeAlias = Sequence["str | Text"]

_SHOWN = 280  # characters of a text in a table
_BEFORE = 80  # of them before the first word that matched


def on_terminal() -> bool:
    return sys.stdout.isatty()


def say(text: str) -> None:
    """One line on stdout."""
    click.echo(printable(text))


def fields(*values: str) -> None:
    """One line of fields for a pipe, with a tab between them."""
    click.echo("\t".join(map(printable, values)))


def envelope(app: App, data: Sequence[Mapping[str, Any]]) -> None:
    """What `--json` prints."""
    scope = {name: getattr(app, name) or "default" for name in ("space", "user", "agent")}
    print_json(
        {
            "status": "ok",
            "command": app.command,
            "duration_ms": round((time.perf_counter() - app.began) * 1000, 1),
            "scope": scope,
            "count": len(data),
            "data": list(data),
        }
    )


def print_json(value: Mapping[str, Any]) -> None:
    """One line. Lone surrogates, which no encoding has, become JSON escapes."""
    text = json_text(value)
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        import json

        text = json.dumps(value)
    click.echo(text)


def table(titles: Sequence[str], rows: Sequence[Row]) -> None:
    """A table as wide as the terminal; the last column takes what the others leave."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        drawn.add_column(title, overflow="fold", ratio=1 if title in ("text", "memory") else None)
    for row in rows:
        drawn.add_row(*(Text(printable(one)) if isinstance(one, str) else one for one in row))
    Console(highlight=False).print(drawn)


def marked(hit: Hit) -> Text:
    """A hit's text with the words that matched in bold, cut to what is worth a look."""
    from rich.text import Text

    found = spans(hit)
    start = max(0, found[0][0] - _BEFORE) if found and found[0][0] > _SHOWN // 2 else 0
    end = start + _SHOWN
    shown = Text("…" if start else "")
    for first, last in found:
        if last > end:
            break
        shown.append(printable(hit.text[start:first]))
        shown.append(printable(hit.text[first:last]), style="bold yellow")
        start = last
    shown.append(printable(hit.text[start:end].rstrip()))
    return shown.append("…") if end < len(hit.text) else shown


def shortened(text: str) -> str:
    return text.rstrip() if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()}…"


def place_of(entry: Entry) -> str:
    """Where an entry stands: a message in its session, an item under its key."""
    if isinstance(entry, Item):
        return entry.key or entry.kind
    return f"{entry.session}#{entry.seq}"


def why(hit: Hit) -> str:
    """The words that count most, with where they stand."""
    best = sorted(hit.why, key=lambda reason: -reason.added)[:4]
    more = ", …" if len(hit.why) > len(best) else ""
    return ", ".join(f"{one.term} {one.added:.2f} ({one.place})" for one in best) + more


def entry_data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {"id": entry.id, "kind": entry.kind, "text": entry.text}
    if isinstance(entry, Item):
        return data | {
            "key": entry.key,
            "topics": list(entry.topics),
            "created_at": entry.created_at.isoformat(),
            "updated_at": entry.updated_at.isoformat(),
            "version": entry.version,
        }
    return data | {
        "session": entry.session,
        "seq": entry.seq,
        "role": entry.role,
        "name": entry.name,
        "created_at": entry.created_at.isoformat(),
    }


def hit_data(hit: Hit) -> dict[str, Any]:
    reasons = [reason._asdict() | {"added": round(reason.added, 6)} for reason in hit.why]
    return entry_data(hit.entry) | {"score": round(hit.score, 6), "why": reasons}
