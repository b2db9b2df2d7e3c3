"""From what a person types to an id: the whole, its beginning, or a row of the last listing."""

from __future__ import annotations

from collections.abc import Sequence

from amberfile import lookup
from amberfile.cli import listing
from amberfile.cli.app import App
from amberfile.errors import NotFound
from amberfile.session import Session


def entry_ids(app: App, words: Sequence[str]) -> list[str]:
    """The ids of these entries, each once, in the order given. `NotFound` if one is absent."""
    ids = (listing.named(app, "entry", word) for word in words)
    return list(dict.fromkeys(lookup.find_id(app.memory, id) for id in ids))


def known_ids(app: App, words: Sequence[str]) -> list[str]:
    """The same without the absent ones."""
    return list(dict.fromkeys(id for word in words for id in _known(app, word)))


def session(app: App, word: str) -> Session:
    """The session. `NotFound` if it has not begun."""
    return app.memory.resume(listing.named(app, "session", word))


def _known(app: App, word: str) -> list[str]:
    try:
        return [lookup.find_id(app.memory, listing.named(app, "entry", word))]
    except NotFound:
        return []
