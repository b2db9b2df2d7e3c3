"""show, retract, restore, forget: what is done with entries that are named."""

from __future__ import annotations

from collections.abc import Sequence

import click

from amberfile import lookup
from amberfile.cli import asking, completing, data, naming, output
from amberfile.cli.app import App, common
from amberfile.plain import printable
from amberfile.types import Entry

_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...")

_LAST = "text"  # a card ends with it


@click.command()
@_ids
@common
def show(app: App, ids: tuple[str, ...]) -> None:
    """Print all of a memory or message, hidden ones too.

    \b
    amberfile show 0199c1a2-6f04
    amberfile show @1 @2
    amberfile show @1 --json

    An ID may be its beginning, if no other begins so, or @1, @2, … for a row
    of the last listing. In a pipe, a line is: name, value, with a tab between
    them. Exits with 1 when there is no such entry.
    """
    found = lookup.entries(app.memory, naming.entry_ids(app, ids))
    if app.as_json:
        output.envelope(app, [data.whole(one) for one in found])
        return
    for number, one in enumerate(found):
        if number:
            click.echo()
        if output.on_terminal():
            _draw(card(one))
        else:
            for name, value in card(one):
                output.fields(name, value)


@click.command()
@_ids
@click.option("--reason", default="", help="Why; it is kept in the history.")
@common
def retract(app: App, ids: tuple[str, ...], reason: str) -> None:
    """Hide memories: they are no longer found. `restore` brings them back.

    \b
    amberfile retract 0199c1a2-6f04 --reason "we moved"
    amberfile retract @2

    An unknown ID is no error.
    """
    known = naming.known_ids(app, ids)
    count = app.memory.retract(*known, reason=reason)
    if app.as_json:
        output.envelope(app, [{"retracted": count}])
    else:
        output.say(f"retracted {count}")
    if count:
        output.hint(f"bring back: {app.line('restore', *known)}")


@click.command()
@_ids
@common
def restore(app: App, ids: tuple[str, ...]) -> None:
    """Bring back memories that were retracted.

    \b
    amberfile list --hidden
    amberfile restore @1

    An unknown ID is no error.
    """
    count = app.memory.restore(*naming.known_ids(app, ids))
    if app.as_json:
        output.envelope(app, [{"restored": count}])
    else:
        output.say(f"restored {count}")


@click.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--key", shell_complete=completing.keys, help="Forget what has this key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@common
def forget(app: App, ids: tuple[str, ...], key: str | None, yes: bool, dry_run: bool) -> None:
    """Remove memories and messages for good, with their history. There is no way back.

    \b
    amberfile forget 0199c1a2-6f04-7c31-9d0e-3b5d7f1a2c44 --yes
    amberfile forget @1 @3
    amberfile forget --key deploy_window --dry-run

    Asks first; without a terminal it needs --yes, or exits with 2. An unknown
    ID is no error.
    """
    if not ids and key is None:
        raise click.UsageError("name what to forget: an ID, or --key KEY.")
    known = naming.known_ids(app, ids)
    if dry_run:
        output.entries(app, lookup.entries(app.memory, known, key))
        return
    if not yes:
        found = lookup.entries(app.memory, known, key)
        asking.ask(f"Forget {len(found)} for good?", [output.line_of(one) for one in found])
    count = app.memory.forget(*known, key=key)
    if app.as_json:
        output.envelope(app, [{"forgotten": count}])
    else:
        output.say(f"forgot {count}")


def card(one: Entry) -> list[tuple[str, str]]:
    """The names and values of what an entry has, the text last."""
    told = data.whole(one) | {"scope": str(one.scope)}
    names = [*(name for name in told if name != _LAST), _LAST]
    return [(name, output.plain(told[name])) for name in names if told[name] not in output.NOTHING]


def _draw(lines: Sequence[tuple[str, str]]) -> None:
    """A card: the fields in two columns, then the text as it stands."""
    from rich.text import Text

    width = max(len(name) for name, _ in lines) + 2
    out = output.console()
    for name, value in lines:
        if name == _LAST:
            out.print()
            out.print(Text(output.paragraphs(value)), soft_wrap=True)
        else:
            line = Text.assemble((name.ljust(width), "dim"), printable(value))
            out.print(line, soft_wrap=True)
