"""From what a person types to an id: the whole, its beginning, or a row of the last listing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from amberfile import lookup
from amberfile.cli import listing
from amberfile.cli.app import App
from amberfile.errors import NotFound
from amberfile.session import Session

T = TypeVar("T")


def entry_ids(app: App, words: Sequence[str]) -> list[str]:
    """The ids of these entries, each once, in the order given. `NotFound` if one is absent."""
    return list(dict.fromkeys(_entry_id(app, word) for word in words))


def known_ids(app: App, words: Sequence[str]) -> list[str]:
    """The same without the absent ones."""
    return list(dict.fromkeys(id for word in words for id in _known(app, word)))


def session(app: App, word: str) -> Session:
    """The session. `NotFound` if it has not begun."""
    id = listing.named(app, "session", word)
    return _or_list(
        app, lambda: app.memory.resume(id), f"no session begins with {id!r}", "sessions"
    )


def _known(app: App, word: str) -> list[str]:
    try:
        return [_entry_id(app, word)]
    except NotFound:
        return []


def _entry_id(app: App, word: str) -> str:
    id = listing.named(app, "entry", word)
    told = f"no memory or message begins with {id!r}"
    return _or_list(app, lambda: lookup.find_id(app.memory, id), told, "list")


def _or_list(app: App, find: Callable[[], T], told: str, command: str) -> T:
    """What `find` gives; if that is nothing, an error that says which command lists them."""
    try:
        return find()
    except NotFound:
        raise NotFound(
            f"{told} in {app.memory.scope}. To see what there is: {app.line(command)}"
        ) from None
