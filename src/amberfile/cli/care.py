"""backup, restore-backup, doctor: the care of the whole store, every scope of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import TypeAlias

import click

import amberfile
from amberfile import doctor as examination
from amberfile.cli import asking, completing, output, rows
from amberfile.cli.app import App, common
from amberfile.errors import StoreCorrupt
from amberfile.memory import Memory

Sizes: TypeAlias = Mapping[str, str | int]

DAMAGED = 5

_COUNTS = {"items": "item", "messages": "message", "sessions": "session", "scopes": "scope"}


@click.command()
@click.argument("path", shell_complete=completing.files)
@common
def backup(app: App, path: str) -> None:
    """Copy the whole store to the new file PATH, and verify it.

    \b
    amberfile backup backup-2026-11-20.db

    It holds every scope. Others may read and write meanwhile.
    """
    info = app.whole.backup(path)
    if app.as_json:
        output.envelope(app, [vars(info)])
    else:
        output.say(f"copied and verified: {info.where}")


@click.command("restore-backup")
@click.argument("path", shell_complete=completing.files)
@click.option("--no-copy", is_flag=True, help="Keep no copy of what is replaced.")
@click.option("--dry-run", is_flag=True, help="Only show what is in the backup and in the store.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def restore_backup(app: App, path: str, no_copy: bool, dry_run: bool, yes: bool) -> None:
    """Replace the whole store with the backup at PATH.

    \b
    amberfile restore-backup backup-2026-11-20.db --dry-run
    amberfile restore-backup backup-2026-11-20.db --yes

    Every scope is replaced; what was there is copied beside the store before.
    Asks first; without a terminal it needs --yes. Exits with 5 when the backup is not sound:
    nothing was changed then.
    """
    coming = _inside(path)
    if dry_run:
        _compare(app, path, _held(app), coming)
        return
    if not yes:
        shown = (f"the store holds {_counted(_held(app))}", f"the backup holds {_counted(coming)}")
        asking.ask(f"Replace all of {app.where}?", shown)
    copy = None if no_copy or not os.path.exists(app.where) else _copied(app)
    info = app.opened.restore_backup(path)
    if app.as_json:
        told = {"where": info.where, "from": path, "copy": copy}
        output.envelope(app, [told | {name: info.details.get(name, 0) for name in _COUNTS}])
    else:
        output.say(f"restored: {_counted(info.details)}")
    if copy is not None:
        output.hint(f"what was there before: {copy}")


def _held(app: App) -> Sizes | None:
    """The store's sizes; None if it is too damaged to be counted."""
    if not os.path.exists(app.where):
        return {}
    with suppress(StoreCorrupt):
        return app.whole.info().details
    return None


def _inside(path: str) -> Sizes:
    """The backup's sizes, from a restore into a store that is thrown away: it is sound."""
    with (
        tempfile.TemporaryDirectory(prefix="amberfile-") as folder,
        amberfile.open(os.path.join(folder, "look.db")) as memory,
    ):
        return memory.restore_backup(path).details


def _copied(app: App) -> str:
    """A copy of the store as it is now, beside it."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = f"{app.where}.before-restore-{now}.db"
    try:
        app.whole.backup(copy)
    except StoreCorrupt as error:
        raise StoreCorrupt(
            f"{error} So no copy of it was made, and nothing was replaced. Copy the file "
            "yourself, and say --no-copy."
        ) from error
    return copy


def _counted(details: Sizes | None) -> str:
    if details is None:
        return "damage that hides what there is"
    held = {one: int(details.get(name, 0)) for name, one in _COUNTS.items()}
    return ", ".join(output.counted(number, one) for one, number in held.items())


def _compare(app: App, path: str, held: Sizes | None, coming: Sizes) -> None:
    data = [
        {"of": of, "path": where, **{name: (details or {}).get(name, 0) for name in _COUNTS}}
        for of, where, details in (("store", app.where, held), ("backup", path, coming))
    ]
    titles = ("of", "file", *_COUNTS)
    rows.show(app, data, titles, [[str(value) for value in one.values()] for one in data])


@click.command()
@common
def doctor(app: App) -> None:
    """Check the whole store: pages, rows, index.

    \b
    amberfile doctor
    amberfile doctor --json

    Tells what to do next. Exits with 5 when something is wrong.
    """
    memory = app.opened
    faults = examination.faults(memory)
    advice = app.next_step(examination.advice(faults))
    health = _health(app, memory)
    if app.as_json:
        output.envelope(app, [health | {"faults": faults, "advice": advice}])
    else:
        _show_health(health, faults, advice)
    if faults:
        click.get_current_context().exit(DAMAGED)


def _health(app: App, memory: Memory) -> dict[str, object]:
    """What the store tells of itself; of one that is refused, where it is."""
    with suppress(StoreCorrupt):
        return vars(memory.info())
    return {"store": "", "where": app.where, "rev": 0, "promises": {}, "details": {}}


def _show_health(health: dict[str, object], faults: list[str], advice: str) -> None:
    told = [("store", f"{health['store']} {health['where']}".strip())]
    told += _pairs(health["details"])
    told += [(f"promises {name}", text) for name, text in _pairs(health["promises"])]
    told += [("fault", fault) for fault in faults]
    told.append(("verdict", output.counted(len(faults), "fault") if faults else "sound"))
    told += [("next", advice)] if advice else []
    if output.on_terminal():
        output.table(("what", "text"), told)
    else:
        for row in told:
            output.fields(*row)


def _pairs(values: object) -> list[tuple[str, str]]:
    return (
        [(name, str(value)) for name, value in values.items()] if isinstance(values, dict) else []
    )
