"""The formats of an export, and how each comes to stand under its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple, TypeAlias

import click

from amberfile.cli.app import App
from amberfile.cli.writing import written
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.transfer import export_jsonl, export_openai
from amberfile.transfer.notes.okf import export_markdown
from amberfile.transfer.own.yaml_stream import export_yaml

Stream: TypeAlias = Callable[[Memory, BinaryIO], int]


class Format(NamedTuple):
    """What can be exported.

    Args:
        stream: writes one file and gives the entries; None if it is not one stream.
    """

    told: str
    stream: Stream | None = None


FORMATS: Mapping[str, Format] = {
    "jsonl": Format("everything, a line each", export_jsonl),
    "yaml": Format("everything, to read", export_yaml),
    "openai": Format("the conversations, a line each", export_openai),
    "markdown": Format("a folder of pages for people"),
    "sqlite": Format("the whole store, every scope"),
}


def to_path(app: App, path: str, form: str, force: bool) -> int:
    """Export under the name `path`; gives the number of entries.

    Raises:
        InvalidInput: something stands there, and may not be replaced.
    """
    if form == "sqlite":
        return _store(app, path)
    stream = FORMATS[form].stream
    if stream is None:
        return export_markdown(app.memory, path, replace=force)
    if os.path.isdir(path):
        raise InvalidInput(f"{path} is a folder. Give the path of a file.")
    with written(path, force) as out:
        return stream(app.memory, out)


def _store(app: App, path: str) -> int:
    """The whole of it; never over a file, which others may have open as a store."""
    named = [name for name in app.scope if app.settings.named(name) is not None]
    if named:
        origin = app.settings.origin(named[0])
        raise click.UsageError(
            f"sqlite is the whole store, and {origin} names one {named[0]}'s part of it. "
            "For that say --format jsonl."
        )
    details = app.whole.backup(path).details
    return sum(int(details.get(name, 0)) for name in ("items", "messages"))
