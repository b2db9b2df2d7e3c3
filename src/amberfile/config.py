"""From a name to a store.

    agent.db, sqlite:///agent.db     a file, beside the working directory
    sqlite:////data/agent.db         a file, by its whole path
    ram:, memory://                  this process's memory

A str may end in options: `agent.db?durability=relaxed&busy_timeout=5`. A path
object is taken as it is. Without a name, the settings name the store
(`settings.py`). Engines are imported when they are opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from amberfile import settings as values
from amberfile.errors import InvalidInput
from amberfile.places import config_file as config_file
from amberfile.places import state_folder as state_folder
from amberfile.settings import DEFAULT, Durability
from amberfile.settings import Settings as Settings
from amberfile.settings import settings as settings
from amberfile.stores.base import Progress, Repaired, Store, TermsOf

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters: "C:" is a drive
_RAM = {"ram", "memory"}


@dataclass(frozen=True)
class Target:
    """A store that is named but not opened.

    Args:
        where: "ram:", or the absolute path of a file.
    """

    where: str
    durability: Durability = "full"
    busy_timeout_s: float = 30.0

    def connect(self, *, checked: bool = True) -> Store:
        """The opened store; imports its engine.

        Args:
            checked: refuse one that is found damaged when it opens.
        """
        if self.where == "ram:":
            from amberfile.stores.ram import RamStore

            return RamStore()
        from amberfile.stores.sqlite import SqliteStore

        return SqliteStore(
            self.where,
            durability=self.durability,
            busy_timeout_s=self.busy_timeout_s,
            checked=checked,
        )


def salvage(
    source: str, target: str, *, terms: TermsOf, analysis: int, progress: Progress | None
) -> Repaired:
    """What can be read of the damaged file `source`, in a new store at `target`."""
    from amberfile.stores.sqlite.salvage import salvage

    return salvage(source, target, terms=terms, analysis=analysis, progress=progress)


def connect(url: str | os.PathLike[str]) -> Store:
    """The store that `url` names, opened."""
    return target(url).connect()


def target(url: str | os.PathLike[str] | None, *, durability: str | None = None) -> Target:
    """What `url` names; None is what the settings name. Nothing is opened.

    Args:
        durability: unless the url says another; None is "full" where a url
            is given, else what the settings say.
    """
    if durability is not None:
        values.durability(durability)
    if url is None:
        return target_of(settings(durability=durability))
    plain = Target("", values.durability(durability or "full"))
    if isinstance(url, str):
        return _named(url, plain)
    if isinstance(url, os.PathLike):
        return replace(plain, where=_absolute(os.fsdecode(url)))
    raise InvalidInput(f"{url!r} names no store. Give a path or a url, such as 'agent.db'.")


def target_of(chosen: Settings) -> Target:
    """What `chosen` name; the options of the url in `db` go before the other settings."""
    db = chosen.values["db"]
    plain = Target(
        "",
        values.durability(chosen.value("durability")),
        values.seconds(chosen.value("busy_timeout")),
    )
    if db.origin == DEFAULT:
        return replace(plain, where=_absolute(str(db.value)))
    told = "" if db.origin.startswith("-") else f" in {db.origin}"
    return _named(str(db.value), plain, told, db.folder)


def _named(url: str, plain: Target, origin: str = "", folder: str = "") -> Target:
    """`plain` with what a str says that stood `origin`; a relative path starts at `folder`."""
    address, _, query = url.partition("?")
    scheme = _SCHEME.match(address)
    name = scheme[1].lower() if scheme else "sqlite"
    rest = address[scheme.end() :] if scheme else address
    if name in _RAM:
        return _ram(url, rest, query)
    if name != "sqlite":
        raise InvalidInput(
            f"unknown store {name + ':'!r}{origin}; known: ram, sqlite. "
            f"A file of that name is written './{name}:…'."
        )
    path = _path_of(rest) if scheme else rest
    return replace(plain, where=_absolute(path, folder), **_options(query))


def _ram(url: str, rest: str, query: str) -> Target:
    if rest.strip("/") or query:
        raise InvalidInput(f"{url!r} has more than a RAM store takes. Write 'ram:'.")
    return Target("ram:")


def _path_of(rest: str) -> str:
    """The path behind `sqlite:`, which three slashes go before."""
    if not rest.startswith("///") and rest.strip("/") != ":memory:":
        raise InvalidInput(
            f"'sqlite:{rest}' names a host, and SQLite has none. "
            f"Write 'sqlite:///{rest.lstrip('/')}', with a fourth slash for a whole path."
        )
    return rest.removeprefix("///")


def _absolute(path: str, folder: str = "") -> str:
    """So that a later chdir does not move the store."""
    if os.path.basename(path.rstrip("/")) == ":memory:":
        raise InvalidInput("':memory:' would be a file of its own in each thread. Use 'ram:'.")
    if not path or "\0" in path:
        raise InvalidInput(f"{path!r} is no path. Give one, such as 'agent.db'.")
    return os.path.abspath(os.path.join(folder, path))


def _seconds(text: str) -> float:
    return values.seconds(values.number(text))


_OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "busy_timeout": ("busy_timeout_s", _seconds),
    "durability": ("durability", values.durability),
}


def _options(query: str) -> dict[str, Any]:
    """The fields of `Target` that the part behind "?" sets."""
    found: dict[str, Any] = {}
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        if name not in _OPTIONS:
            raise InvalidInput(f"unknown option {name!r}{_meant(name)}; known: {_known()}.")
        field, typed = _OPTIONS[name]
        if field in found:
            raise InvalidInput(f"option {name!r} is given twice. Give it once.")
        found[field] = typed(value)
    return found


def _meant(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, _OPTIONS, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _known() -> str:
    return ", ".join(sorted(_OPTIONS))
