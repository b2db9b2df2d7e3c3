"""The last listing that a terminal showed: in the next command `@2` is its second row.

It is kept in one private file with the store and the scope it was of; ids
only, no text. What was printed for a pipe or a program is not kept.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass
from typing import Literal, TypeAlias

import click

from amberfile import config
from amberfile.cli.app import App
from amberfile.plain import printable

What: TypeAlias = Literal["entry", "session", "import"]
"""What the rows are."""

FILE = "last-listing.json"

_PLACE = re.compile(r"@(\d{1,9})")


@dataclass(frozen=True)
class _Listing:
    what: str
    where: str
    scope: tuple[str, ...]
    ids: tuple[str, ...]


def keep(app: App, what: What, ids: Sequence[str]) -> None:
    """Remember these rows in place of the last ones."""
    listing = _Listing(what, app.where, astuple(app.memory.scope), tuple(ids))
    try:
        _replace(os.path.join(config.state_folder(), FILE), _encoded(listing))
    except OSError as error:
        told = printable(f"{error.filename}: {error.strerror}")
        click.echo(f"these rows' numbers could not be kept, do not use them ({told})", err=True)


def named(app: App, what: What, word: str) -> str:
    """The id that `word` stands for: a row's if it is "@1", "@2", …, else `word` itself.

    Raises:
        UsageError: there is no such row, or it is of another store or scope.
    """
    place = _PLACE.fullmatch(word)
    if place is None:
        return word
    last = _last()
    if last is None:
        raise click.UsageError(
            f"{word} is a row of the last listing, and there is none. List first."
        )
    if (last.where, last.scope) != (app.where, astuple(app.memory.scope)):
        raise click.UsageError(
            f"{word} is a row of another store or scope: {last.where} {'/'.join(last.scope)}. "
            "List again here."
        )
    if last.what != what:
        raise click.UsageError(
            f"the last listing shows {_MANY[last.what]}, so {word} names no {what}. List again."
        )
    if not last.ids:
        raise click.UsageError(f"the last listing is empty, so {word} names nothing. List again.")
    if not 1 <= int(place[1]) <= len(last.ids):
        raise click.UsageError(
            f"the last listing ends at @{len(last.ids)}, before {word}. List again."
        )
    return last.ids[int(place[1]) - 1]


_MANY = {"entry": "entries", "session": "sessions", "import": "imports"}


def _last() -> _Listing | None:
    """What the file holds; None if there is none or it is not ours."""
    try:
        with open(os.path.join(config.state_folder(), FILE), "rb") as file:
            told = json.loads(file.read().decode("utf-8", "surrogatepass"))
        listing = _Listing(told["what"], told["where"], tuple(told["scope"]), tuple(told["ids"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (listing.what, listing.where, *listing.scope, *listing.ids)
    good = listing.what in _MANY and all(isinstance(text, str) for text in texts)
    return listing if good else None


def _encoded(listing: _Listing) -> bytes:
    """As JSON without escapes: read back, two escaped surrogates would be one character."""
    return json.dumps(asdict(listing), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _replace(path: str, data: bytes) -> None:
    """Write a file that only its owner can read; it is whole when it takes its name."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise
