"""reindex, repair: what helps a store that `doctor` finds ill."""

from __future__ import annotations

from dataclasses import asdict

import click

from amberfile import doctor as examination
from amberfile import repair as salvage
from amberfile.cli import completing, output, progress
from amberfile.cli.app import App, common
from amberfile.cli.care import DAMAGED
from amberfile.repair import Repaired

_BROUGHT = ("items", "versions", "messages", "sessions", "scopes")


@click.command()
@common
def reindex(app: App) -> None:
    """Make the index of words again, from the rows.

    \b
    amberfile reindex
    amberfile doctor

    Others may read meanwhile; their writes wait. Exits with 5 when more than
    the index is damaged: nothing was changed then.
    """
    with progress.bar("reindex") as tell:
        count = examination.reindex(app.opened, progress=tell)
    if app.as_json:
        output.envelope(app, [{"entries": count}])
    else:
        output.say(f"indexed {output.counted(count, 'entry')}")


@click.command()
@click.argument("file", shell_complete=completing.files)
@click.argument("new", shell_complete=completing.files)
@common
def repair(app: App, file: str, new: str) -> None:
    """Bring what a damaged FILE still holds into a NEW one.

    \b
    amberfile repair agent.db mended.db
    amberfile --db mended.db doctor

    FILE stays as it is, to the byte. In a pipe, a line is: what, number or
    text, with a tab between them. Exits with 5 when something was lost.
    """
    with progress.bar("repair") as tell:
        done = salvage.repair(file, new, progress=tell)
    if app.as_json:
        output.envelope(app, [{"from": file, "to": new, **asdict(done)}])
    else:
        _show(file, new, done)
    if done.lost:
        click.get_current_context().exit(DAMAGED)


def _show(file: str, new: str, done: Repaired) -> None:
    brought = [(name, str(getattr(done, name))) for name in _BROUGHT]
    pages = f"{done.damaged_pages} of {done.pages}"
    told = [*brought, ("damaged pages", pages), *(("lost", text) for text in done.lost)]
    if output.on_terminal():
        output.table(("what", "text"), told)
        output.hint(f"from {file} to {new}")
    else:
        for row in told:
            output.fields(*row)
