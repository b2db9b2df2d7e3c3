"""Tables for people, lines for pipes, JSON for programs.

What is printed depends on whether stdout is a terminal, never on colour:
NO_COLOR and FORCE_COLOR change only how a terminal is written to. Nothing that
was stored reaches a terminal as it is: control characters and bidirectional
marks are escaped. rich is loaded only where it draws.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from amberfile.cli import data, listing
from amberfile.cli.app import App
from amberfile.highlight import spans
from amberfile.plain import json_text, printable
from amberfile.types import Entry, Hit, Item

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Row: TypeAlias = Sequence["str | Text"]

NOTHING: tuple[object, ...] = (None, "", [], {})
"""Values that are not told to people."""

_WIDE = ("text", "memory", "title")  # columns that share what the others leave
_WHOLE = ("#", "id", "score")  # columns that are never folded
_REASONS = 2  # words that a table tells of why a hit was found
_ID = 36  # characters of an id of ours
_SHOWN = 280  # characters of a text in a table
_BEFORE = 80  # of them before the first word that matched
_NAME = 30  # characters of a key or a session in a table
_NARROW = 80  # columns; with fewer, an id leaves no room for the text


def on_terminal() -> bool:
    return sys.stdout.isatty()


def say(text: str) -> None:
    """One line on stdout."""
    click.echo(printable(text))


def hint(text: str) -> None:
    """One line on stderr: what to do next. What was done stays done if that cannot be said."""
    with suppress(OSError):
        click.echo(printable(text), err=True)


def fields(*values: str) -> None:
    """One line of fields for a pipe, with a tab between them."""
    click.echo("\t".join(map(printable, values)))


def paragraphs(text: str) -> str:
    """`text` with its own line breaks, and escapes for the rest that is not just shown."""
    return "\n".join(map(printable, text.split("\n")))


def plain(value: object) -> str:
    """A value as a line tells it: a text, a list of names, else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    import json

    return json.dumps(value, ensure_ascii=False)


def envelope(app: App, each: Sequence[Mapping[str, Any]], *, cursor: str | None = None) -> None:
    """What `--json` prints, or of it the data a line, which is what `--jsonl` prints."""
    if app.as_lines:
        for one in each:
            print_json(one)
        return
    told: dict[str, Any] = {
        "status": "ok",
        "command": app.command,
        "duration_ms": round((time.perf_counter() - app.began) * 1000, 1),
        "scope": app.scope,
        "count": len(each),
        "data": list(each),
    }
    print_json(told if cursor is None else told | {"cursor": cursor})


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


def console() -> Console:
    """Where rich draws: on stdout, nothing of a text taken for markup."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def table(titles: Sequence[str], rows: Sequence[Row]) -> None:
    """A table as wide as the terminal; the text takes what the others leave.

    An id of ours stays on one line, so that it can be copied.
    """
    from rich.table import Table
    from rich.text import Text

    room = _ID if console().width >= _NARROW else _ID // 4
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, title in enumerate(titles):
        whole = title in _WHOLE and max((len(row[number]) for row in rows), default=0) <= room
        ratio = 1 if title in _WIDE else None
        drawn.add_column(title, overflow="fold", ratio=ratio, no_wrap=whole)
    for row in rows:
        drawn.add_row(*(Text(printable(one)) if isinstance(one, str) else one for one in row))
    console().print(drawn)


def numbered(
    app: App, what: listing.What, ids: Sequence[str], titles: Sequence[str], rows: Sequence[Row]
) -> None:
    """A table of `ids` that the next command may name by their numbers: @1, @2, …

    On a narrow terminal the numbers stand for the ids of entries and imports.
    """
    spared = what != "session" and titles[0] == "id" and console().width < _NARROW
    each = [(str(number), *row[spared:]) for number, row in enumerate(rows, start=1)]
    if each:
        table(("#", *titles[spared:]), each)
    else:
        hint("nothing found")
    listing.keep(app, what, ids)


def entries(app: App, found: Sequence[Entry], *, cursor: str | None = None) -> None:
    """A listing of entries, in the form that was asked for."""
    if app.as_json:
        envelope(app, [data.entry(one) for one in found], cursor=cursor)
    elif on_terminal():
        rows = [(one.id, one.kind, place_of(one), shortened(one.text)) for one in found]
        ids = [one.id for one in found]
        numbered(app, "entry", ids, ("id", "kind", "where", "text"), rows)
    else:
        for one in found:
            fields(one.id, one.kind, getattr(one, "key", None) or "", one.text)


def marked(hit: Hit) -> Text:
    """A hit's text with the words that matched in bold, cut to what is worth a look."""
    from rich.text import Text

    found = spans(hit)
    first_found = next(found, (0, 0))
    start = max(0, first_found[0] - _BEFORE) if first_found[0] > _SHOWN // 2 else 0
    end = start + _SHOWN
    shown = Text("…" if start else "")
    for first, last in chain([first_found], found):
        if last > end:
            break
        shown.append(printable(hit.text[start:first]))
        shown.append(printable(hit.text[first:last]), style="bold yellow")
        start = last
    shown.append(printable(hit.text[start:end].rstrip()))
    return shown.append("…") if end < len(hit.text) else shown


def shortened(text: str, most: int = _SHOWN) -> str:
    return text.rstrip() if len(text) <= most else f"{text[:most].rstrip()}…"


def place_of(entry: Entry) -> str:
    """Where an entry stands: a message in its session, an item under its key."""
    if isinstance(entry, Item):
        return shortened(entry.key or entry.kind, _NAME)
    return f"{shortened(entry.session, _NAME)}#{entry.seq}"


def line_of(entry: Entry) -> str:
    """An entry in one line, for a question about it."""
    return f"{entry.id}  {shortened(entry.text)}"


def counted(number: int, what: str) -> str:
    """`number` of `what`, which is in the singular.

    >>> counted(1, "entry"), counted(2, "entry"), counted(0, "item")
    ('1 entry', '2 entries', '0 items')
    """
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else many}"


def minute(time: datetime) -> str:
    """A time as a table shows it, in UTC."""
    return time.isoformat(" ")[:16]


def why(hit: Hit) -> str:
    """The words that count most, with the places where they stand."""
    added: dict[str, float] = {}
    places: dict[str, list[str]] = {}
    for reason in hit.why:
        added[reason.term] = added.get(reason.term, 0.0) + reason.added
        places.setdefault(reason.term, []).append(reason.place)
    best = sorted(added, key=lambda term: -added[term])
    told = [
        f"{term} {added[term]:.2f} ({', '.join(dict.fromkeys(places[term]))})"
        for term in best[:_REASONS]
    ]
    return ", ".join([*told, "…"] if len(best) > _REASONS else told)
