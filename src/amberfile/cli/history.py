"""history: every version of a memory, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from amberfile.cli import data, naming, output
from amberfile.cli.app import App, common
from amberfile.cli.diff import Mark, pieces
from amberfile.errors import NotFound
from amberfile.plain import printable
from amberfile.types import Item, Version

if TYPE_CHECKING:
    from rich.text import Text

_STYLES: Mapping[Mark, str] = {"": "", "-": "red strike", "+": "green"}
_COMPARED = (
    *("key", "kind", "topics", "metadata", "source", "importance", "derived_from"),
    *("valid_from", "valid_to", "expires_at"),
)


@click.command()
@click.argument("id")
@common
def history(app: App, id: str) -> None:
    """Print what changed in a memory, the oldest first.

    \b
    amberfile history @1
    amberfile history 0199c1a2-6f04 --json

    On a terminal what went is marked [-so-] and what came {+so+}. In a pipe, a
    line is: version, change, time, reason, text, with tabs between them. Exits
    with 1 when there is no such memory.
    """
    [found] = naming.entry_ids(app, [id])
    versions = app.memory.history(found)
    if not versions:
        raise NotFound(f"{found!r} is a message, and messages have one version only: show it.")
    if app.as_json:
        output.envelope(app, [data.version(one) for one in versions])
    elif output.on_terminal():
        _draw(versions)
    else:
        for one in versions:
            time = one.item.updated_at.isoformat()
            output.fields(str(one.number), one.change, time, one.reason, one.item.text)


def _draw(versions: Sequence[Version]) -> None:
    out = output.console()
    for before, one in zip([None, *versions], versions, strict=False):
        out.print(_title(one), soft_wrap=True)
        for line in _changes(before.item if before else None, one.item):
            out.print(line, soft_wrap=True)
        out.print()


def _title(one: Version) -> Text:
    from rich.text import Text

    reason = f"  {printable(one.reason)}" if one.reason else ""
    time = output.minute(one.item.updated_at)
    return Text.assemble((f"version {one.number}", "bold"), f"  {one.change}  {time}{reason}")


def _changes(before: Item | None, after: Item) -> Iterator[Text]:
    """A line for each field that differs, then the text if it does; at first, all of it."""
    from rich.text import Text

    old = data.whole(before) if before else {}
    new = data.whole(after)
    for name in _COMPARED:
        if before and old[name] != new[name]:
            both: Sequence[tuple[Mark, object]] = (("-", old[name]), ("+", new[name]))
            parts = [_marked(mark, value) for mark, value in both if value not in output.NOTHING]
            yield Text(f"{name}: ") + Text(" ").join(parts)
    if before is None:
        yield Text(output.paragraphs(after.text))
    elif before.text != after.text:
        yield _diff(before.text, after.text)


def _diff(old: str, new: str) -> Text:
    from rich.text import Text

    return Text.assemble(*(_marked(*piece) for piece in pieces(old, new)))


def _marked(mark: Mark, value: object) -> Text:
    """A piece in its colour, and with its mark, because not everybody sees colours."""
    from rich.text import Text

    shown = output.paragraphs(output.plain(value))
    ends = {"": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}[mark]
    return Text(shown.join(ends), style=_STYLES[mark])
