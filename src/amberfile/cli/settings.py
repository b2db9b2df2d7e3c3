"""config: what is set, where it stands, and a line changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar, TypeVar

import click

from amberfile import config as places
from amberfile import settings_file
from amberfile.cli import output, rows
from amberfile.cli.app import App, BadSettings, common
from amberfile.cli.groups import LazyGroup, Sections
from amberfile.errors import InvalidInput
from amberfile.places import PROJECT_FILE
from amberfile.settings import SETTINGS, Plain, files

T = TypeVar("T")

_key = click.argument("key", type=click.Choice([*SETTINGS]), metavar="KEY")
_project = click.option(
    "--project", is_flag=True, help=f"In ./{PROJECT_FILE}, for this folder and those below it."
)


class _Config(LazyGroup):
    sections: ClassVar[Sections] = {
        "Commands": {
            "explain": "amberfile.cli.settings:explain",
            "get": "amberfile.cli.settings:get",
            "set": "amberfile.cli.settings:set_",
            "unset": "amberfile.cli.settings:unset",
            "path": "amberfile.cli.settings:path",
        }
    }


@click.group(cls=_Config, invoke_without_command=True)
@common
def config(app: App) -> None:
    """Show and change the settings.

    \b
    amberfile config explain
    amberfile config set user ada

    An option goes before a variable, a variable before a file, and the
    project's file before the user's. Alone it explains.
    """
    if click.get_current_context().invoked_subcommand is None:
        app.command = "config explain"
        _explain(app)


@click.command()
@common
def explain(app: App) -> None:
    """Print every setting with its value, and where that comes from.

    \b
    amberfile config explain
    AMBERFILE_USER=ada amberfile config explain --json

    In a pipe, a line is: setting, value, origin, help, with tabs between
    them. Exits with 4 when a file or a variable sets something wrongly.
    """
    _explain(app)


@click.command()
@_key
@common
def get(app: App, key: str) -> None:
    """Print the value of KEY that is in force here.

    \b
    amberfile config get db
    amberfile config get durability

    Of the store it is the whole path. Exits with 4 when a file or a variable
    sets something wrongly.
    """
    value = _value(app, key)
    if app.as_json:
        output.envelope(app, [{"key": key, "value": value, "origin": app.settings.origin(key)}])
    else:
        output.say(_shown(value))


@click.command("set")
@_key
@click.argument("value")
@_project
@common
def set_(app: App, key: str, value: str, project: bool) -> None:
    """Write VALUE for KEY into the user's file, or the project's.

    \b
    amberfile config set user ada
    amberfile config set db notes.db --project

    Comments and other keys stay as they are. Exits with 4 when the file
    cannot be read.
    """
    written = _checked(key, value, project)
    file = _file(project)
    changed = _blamed(lambda: settings_file.change(file, key, written, private=not project))
    _tell_change(app, key, written, file, changed)


@click.command()
@_key
@_project
@common
def unset(app: App, key: str, project: bool) -> None:
    """Take KEY out of the user's file, or the project's.

    \b
    amberfile config unset user
    amberfile config unset db --project

    What is not there is no error.
    """
    file = _file(project)
    changed = _blamed(lambda: settings_file.change(file, key, None, private=not project))
    _tell_change(app, key, None, file, changed)


@click.command()
@common
def path(app: App) -> None:
    """Print the files that may set something, the one that goes before first.

    \b
    amberfile config path
    amberfile config path --json

    In a pipe, a line is: whose, "read" or "absent", path, with tabs between
    them. A file of somebody else in a folder above is passed over.
    """
    found = [file.path for file in files()]
    user = places.config_file()
    here = [("user" if file == user else "project", file) for file in found]
    if not any(os.path.basename(file) == PROJECT_FILE for file in found):
        here.insert(0, ("project", os.path.abspath(PROJECT_FILE)))
    read = {file for file in found if os.path.exists(file)}
    rows.show(
        app,
        [{"of": of, "path": file, "read": file in read} for of, file in here],
        ("of", "", "file"),
        [(of, "read" if file in read else "absent", file) for of, file in here],
    )


def _checked(key: str, text: str, project: bool) -> Plain:
    """What a file is to hold."""
    setting = SETTINGS[key]
    value = setting.check(setting.parse(text), "")
    if key != "db":
        return value
    text = text if project else _whole(text)
    places.target(text)
    return text


def _explain(app: App) -> None:
    data = [
        {
            "key": name,
            "value": _value(app, name),
            "origin": app.settings.origin(name),
            "variable": one.variable,
            "help": one.help,
        }
        for name, one in SETTINGS.items()
    ]
    told = [[_shown(one[part]) for part in ("key", "value", "origin", "help")] for one in data]
    rows.show(app, data, ("setting", "value", "from", "means"), told)


def _value(app: App, key: str) -> Plain:
    """As it is used: of the store where it is, however it was written."""
    return app.where if key == "db" else app.settings.value(key)


def _shown(value: Plain) -> str:
    return f"{value:g}" if isinstance(value, float) else value


def _file(project: bool) -> str:
    return os.path.abspath(PROJECT_FILE) if project else places.config_file()


def _whole(url: str) -> str:
    """A path by its whole length, since the user's file is not beside the working directory."""
    where = places.target(url).where
    if where == "ram:" or url.startswith("~"):
        return url
    _, mark, query = url.partition("?")
    return where + mark + query


def _blamed(change: Callable[[], T]) -> T:
    try:
        return change()
    except InvalidInput as error:
        raise BadSettings(str(error)) from error


def _tell_change(app: App, key: str, value: Plain | None, file: str, changed: bool) -> None:
    if app.as_json:
        told = {"key": key, "value": value, "path": file, "changed": changed}
        output.envelope(app, [told])
    elif value is None:
        output.say(f"{key} is out of {file}" if changed else f"{key} was not set in {file}")
    else:
        output.say(f"{key} = {_shown(value)} in {file}")
    if value is not None:
        _tell_what_goes_before(key, file)


def _tell_what_goes_before(key: str, file: str) -> None:
    try:
        origin = places.settings().origin(key)
    except InvalidInput as error:
        output.hint(f"still wrong: {error}")
        return
    if os.path.realpath(origin) != os.path.realpath(file):
        output.hint(f"{origin} sets {key} too, and goes before.")
