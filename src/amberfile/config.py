"""From a name to a store. The only module that reads the environment.

    agent.db, sqlite:///agent.db     a file, beside the working directory
    sqlite:////data/agent.db         a file, by its whole path
    ram:, memory://                  this process's memory

A str may end in options: `agent.db?durability=relaxed&busy_timeout=5`. A path
object is taken as it is. Engines are imported when they are opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from amberfile.errors import InvalidInput
from amberfile.stores.base import Store

Durability: TypeAlias = Literal["full", "relaxed"]

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

    def connect(self) -> Store:
        """The opened store; imports its engine."""
        if self.where == "ram:":
            from amberfile.stores.ram import RamStore

            return RamStore()
        from amberfile.stores.sqlite import SqliteStore

        return SqliteStore(
            self.where, durability=self.durability, busy_timeout_s=self.busy_timeout_s
        )


def connect(url: str | os.PathLike[str]) -> Store:
    """The store that `url` names, opened."""
    return target(url).connect()


def target(url: str | os.PathLike[str] | None, *, durability: str = "full") -> Target:
    """What `url` names; None is the default place. Nothing is opened.

    Args:
        durability: unless the url says another.
    """
    chosen = _durability(durability)
    if url is None:
        return _default(chosen)
    if isinstance(url, str):
        return _named(url, chosen, "")
    if isinstance(url, os.PathLike):
        return Target(_absolute(os.fsdecode(url)), chosen)
    raise InvalidInput(f"{url!r} names no store. Give a path or a url, such as 'agent.db'.")


def default_path() -> str:
    """AMBERFILE_DB, else default.db in AMBERFILE_HOME, else in the user's data folder."""
    named = os.environ.get("AMBERFILE_DB")
    return named or os.path.join(_home(), "default.db")


def _default(durability: Durability) -> Target:
    if named := os.environ.get("AMBERFILE_DB"):
        return _named(named, durability, " in AMBERFILE_DB")
    return Target(_absolute(default_path()), durability)


def _home() -> str:
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.environ.get("AMBERFILE_HOME") or os.path.join(data, "amberfile")


def _named(url: str, durability: Durability, origin: str) -> Target:
    """The target of a str that came from `origin`."""
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
    return Target(_absolute(path), **({"durability": durability} | _options(query)))


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


def _absolute(path: str) -> str:
    """So that a later chdir does not move the store."""
    if os.path.basename(path.rstrip("/")) == ":memory:":
        raise InvalidInput("':memory:' would be a file of its own in each thread. Use 'ram:'.")
    if not path or "\0" in path:
        raise InvalidInput(f"{path!r} is no path. Give one, such as 'agent.db'.")
    return os.path.abspath(path)


def _durability(value: str) -> Durability:
    if value not in ("full", "relaxed"):
        raise InvalidInput(f"durability={value!r} is unknown. Give 'full' or 'relaxed'.")
    return cast(Durability, value)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise InvalidInput(f"busy_timeout={value!r} is not 0 to 86400 seconds. Give '30'.")
    return seconds


_OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "busy_timeout": ("busy_timeout_s", _seconds),
    "durability": ("durability", _durability),
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
