"""import, imports and what undoes them, export."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import ClassVar

import click

from amberfile import imports as past
from amberfile import transfer
from amberfile.cli import asking, completing, listing, output, progress
from amberfile.cli.app import App, common
from amberfile.cli.exports import FORMATS, to_path
from amberfile.cli.groups import LazyGroup, Sections
from amberfile.imports import Undone
from amberfile.transfer import Imported


def _told_formats() -> str:
    return ", ".join(f"{name}: {told}" for name, told in transfer.FORMATS.items())


@click.command("import")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.files
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*transfer.FORMATS]),
    metavar="NAME",
    help=f"What the files are, if that cannot be told from them. {_told_formats()}.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would come in.")
@common
def import_(app: App, paths: tuple[str, ...], form: str | None, dry_run: bool) -> None:
    """Take in conversations and memories from each PATH.

    \b
    amberfile import chats.jsonl
    amberfile import export.zip notes/ --user ada --dry-run

    What is known already is left out. One import can be undone:
    amberfile imports undo.
    """
    found: list[dict[str, object]] = []
    for path in paths:
        done = _imported(app, path, form, dry_run)
        found.append({"path": path, "dry_run": dry_run, **asdict(done)})
        if not app.as_json:
            output.say(_told(done, path if len(paths) > 1 else "", dry_run))
        if done.id is not None and not dry_run:
            output.hint(f"undo: {app.line('imports', 'undo', done.id)}")
    if app.as_json:
        output.envelope(app, found)


def _imported(app: App, path: str, form: str | None, dry_run: bool) -> Imported:
    """What came in; after Ctrl-C, how to see what did."""
    memory = app.memory if dry_run else app.kept
    try:
        with progress.bar(f"import {path}") as tell:
            return transfer.import_path(memory, path, format=form, dry_run=dry_run, progress=tell)
    except KeyboardInterrupt:
        if not dry_run:
            output.hint(f"interrupted. What came in until then: {app.line('imports')}")
        raise


def _told(done: Imported, path: str, dry_run: bool) -> str:
    verb = "would import" if dry_run else "imported"
    hidden = f", {done.hidden} hidden there" if done.hidden else ""
    messages, sessions, items = (
        output.counted(getattr(done, f"{one}s"), one) for one in ("message", "session", "item")
    )
    return (
        f"{path}{': ' if path else ''}{verb} {messages} in {sessions}, {items}; "
        f"{done.known} known, {done.skipped} skipped{hidden}"
    )


class _Imports(LazyGroup):
    sections: ClassVar[Sections] = {
        "Commands": {
            "list": "amberfile.cli.moving:imports_list",
            "undo": "amberfile.cli.moving:imports_undo",
        }
    }


@click.group(cls=_Imports, invoke_without_command=True)
@common
def imports(app: App) -> None:
    """What was imported here, and how to undo it. Alone it lists.

    \b
    amberfile imports list
    amberfile imports undo @1 --dry-run
    """
    if click.get_current_context().invoked_subcommand is None:
        app.command = "imports list"
        _list(app)


@click.command("list")
@common
def imports_list(app: App) -> None:
    """Print the imports into this scope, the last one first.

    \b
    amberfile imports list
    amberfile imports list --json

    In a pipe, a line is: id, time, format, entries, source, with tabs between
    them.
    """
    _list(app)


def _list(app: App) -> None:
    found = past.listed(app.memory)
    rows = [
        (one.id, output.minute(one.at), one.format, str(one.entries), one.source) for one in found
    ]
    if app.as_json:
        output.envelope(
            app,
            [
                {
                    "id": one.id,
                    "at": one.at.isoformat(),
                    "source": one.source,
                    "format": one.format,
                    "entries": one.entries,
                }
                for one in found
            ],
        )
    elif output.on_terminal():
        titles = ("id", "when", "format", "entries", "source")
        output.numbered(app, "import", [one.id for one in found], titles, rows)
    else:
        for row in rows:
            output.fields(*row)


@click.command("undo")
@click.argument("id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def imports_undo(app: App, id: str, dry_run: bool, yes: bool) -> None:
    """Remove what one import brought, unless it was changed since.

    \b
    amberfile imports undo 0199c1a2-6f04 --dry-run
    amberfile imports undo @1 --yes

    An ID may be its beginning, or @1, @2, … for a row of the last listing.
    The same import brings it all back. Asks first; without a terminal it
    needs --yes. Exits with 1 when there is no such import.
    """
    id = listing.named(app, "import", id)
    if not dry_run and not yes:
        would = past.undo(app.memory, id, dry_run=True)
        gone = output.counted(would.entries, "entry")
        asking.ask(f"Remove {gone} for good?", [_undone(would, "would go")])
    done = past.undo(app.memory, id, dry_run=dry_run)
    if app.as_json:
        output.envelope(app, [{"id": id, "dry_run": dry_run, **asdict(done)}])
    else:
        output.say(_undone(done, "would go" if dry_run else "went"))


def _undone(done: Undone, went: str) -> str:
    entries, sessions = (
        output.counted(done.entries, "entry"),
        output.counted(done.sessions, "session"),
    )
    return f"{entries} and {sessions} {went}; {done.kept} changed since and kept"


@click.command()
@click.argument("path", default="-", shell_complete=completing.files)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS]),
    default="jsonl",
    show_default=True,
    help="; ".join(f"{name}: {one.told}" for name, one in FORMATS.items()) + ".",
)
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@common
def export(app: App, path: str, form: str, force: bool) -> None:
    """Write this scope's memory to PATH, or to stdout.

    \b
    amberfile export memory.jsonl
    amberfile export --format openai | head -1
    amberfile export notes --format markdown

    What is written is whole when it appears, and only its owner can read it.
    """
    if path == "-":
        _to_stdout(app, form)
        return
    count = to_path(app, path, form, force)
    if app.as_json:
        output.envelope(app, [{"path": path, "format": form, "entries": count}])
    else:
        output.say(f"exported {output.counted(count, 'entry')} to {path}")


def _to_stdout(app: App, form: str) -> None:
    stream = FORMATS[form].stream
    if stream is None:
        raise click.UsageError(f"{form} is not one stream of text: give a PATH.")
    if app.as_json:
        raise click.UsageError("--json and the export cannot share stdout: give a PATH.")
    out = sys.stdout.buffer
    stream(app.memory, out)
    out.flush()
