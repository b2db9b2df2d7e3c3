"""import, export, backup, doctor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import BinaryIO

import click

from amberfile import doctor as examination
from amberfile.cli import output
from amberfile.cli.app import App, common
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.transfer import export_jsonl, export_openai, import_path
from amberfile.transfer.detect import Progress

DAMAGED = 5

_FORMATS: Mapping[str, Callable[[Memory, BinaryIO], int]] = {
    "jsonl": export_jsonl,
    "openai": export_openai,
}


@click.command("import")
@click.argument("path")
@common
def import_(app: App, path: str) -> None:
    """Take in conversations and memories from PATH, a file or a folder.

    \b
    amberfile import chats.jsonl
    amberfile import ~/old-agent/memory.db --user ada

    Reads OpenAI messages (.json, .jsonl), what `amberfile export` wrote, and
    agentroute's SQLite file. What is known already is left out.
    """
    with _progress() as progress:
        done = import_path(app.memory, path, progress=progress)
    if app.as_json:
        output.envelope(app, [asdict(done)])
    else:
        output.say(
            f"imported {done.messages} messages in {done.sessions} sessions, {done.items} items; "
            f"{done.known} known, {done.skipped} skipped"
        )


@click.command()
@click.argument("path", default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice([*_FORMATS]),
    default="jsonl",
    show_default=True,
    help="jsonl holds everything, openai the conversations.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common
def export(app: App, path: str, form: str, force: bool) -> None:
    """Write this scope's memory to PATH, or to stdout.

    \b
    amberfile export memory.jsonl
    amberfile export --format openai | head -1

    The file is whole when it appears, and only its owner can read it.
    """
    if path == "-":
        if app.as_json:
            raise click.UsageError("--json and the export cannot share stdout: give a PATH.")
        out = sys.stdout.buffer
        _FORMATS[form](app.memory, out)
        out.flush()
        return
    with _written(path, force) as out:
        count = _FORMATS[form](app.memory, out)
    if app.as_json:
        output.envelope(app, [{"path": path, "format": form, "entries": count}])
    else:
        output.say(f"exported {count} entries to {path}")


@click.command()
@click.argument("path")
@common
def backup(app: App, path: str) -> None:
    """Copy the whole store, every scope, to the new file PATH, and verify the copy.

    \b
    amberfile backup backup-2026-11-20.db

    Others may read and write meanwhile.
    """
    info = app.whole.backup(path)
    if app.as_json:
        output.envelope(app, [vars(info)])
    else:
        output.say(f"copied and verified: {info.where}")


@click.command()
@common
def doctor(app: App) -> None:
    """Check the whole store: its pages, every row, and the index against the rows.

    \b
    amberfile doctor
    amberfile doctor --json

    Exits with 5 when something is wrong.
    """
    faults = examination.faults(app.whole)
    if app.as_json:
        output.envelope(app, [vars(app.whole.info()) | {"faults": faults}])
    else:
        _show_health(app, faults)
    if faults:
        click.get_current_context().exit(DAMAGED)


def _show_health(app: App, faults: list[str]) -> None:
    info = app.whole.info()
    rows = [("store", f"{info.store} {info.where}")]
    rows += [(name, str(value)) for name, value in info.details.items()]
    rows += [(f"promises {name}", told) for name, told in info.promises.items()]
    rows += [("fault", fault) for fault in faults]
    rows.append(("verdict", f"{len(faults)} faults" if faults else "sound"))
    if output.on_terminal():
        output.table(("what", "text"), rows)
    else:
        for row in rows:
            output.fields(*row)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import")

        def show(done: int, size: int) -> None:
            bar.update(task, completed=done, total=size)

        yield show


@contextmanager
def _written(path: str, force: bool) -> Iterator[BinaryIO]:
    """A new private file that takes its name when it is whole."""
    unfinished = f"{path}.unfinished"
    if os.path.lexists(path) and not force:
        raise InvalidInput(f"{path} exists. Give another path, or --force to replace it.")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as out:
            yield out
        os.replace(unfinished, path)
    except BaseException:
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
        raise
