"""The settings: what can be set, where a value may come from, and who goes before whom.

Argument or option, environment, the project's files, the user's file, default:
the first that names a setting gives it. `SETTINGS` is the only list of them.
Nothing in a value is run, and nothing is expanded but a leading "~".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from amberfile import places
from amberfile.errors import InvalidInput

Durability: TypeAlias = Literal["full", "relaxed"]
Plain: TypeAlias = str | float

DEFAULT = "default"
"""The origin of a value that nobody set, and the name of a scope that nobody named."""


def durability(value: object, origin: str = "") -> Durability:
    """`value`, which stood `origin`, if it is one."""
    if value not in ("full", "relaxed"):
        raise InvalidInput(f"durability={value!r}{origin} is unknown. Give 'full' or 'relaxed'.")
    return value


def seconds(value: object, origin: str = "") -> float:
    """`value` as a timeout, from a number."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
    if not 0 <= number <= 86_400:
        raise InvalidInput(f"busy_timeout={value!r}{origin} is not 0 to 86400 seconds. Give 30.")
    return float(number)


def number(text: str) -> Plain:
    """The number that `text` writes; if it writes none, `text`, which a check then refuses."""
    try:
        return float(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Setting:
    """One thing that can be set.

    Args:
        default: shown where nobody set it.
        check: gives the value as it is used, or raises `InvalidInput` that
            tells the value and `origin`, such as " in AMBERFILE_DB".
        parse: from a variable's or an argument's text to what a file would hold.
        help: one line.
    """

    name: str
    default: Plain
    check: Callable[[object, str], Plain]
    parse: Callable[[str], Plain]
    help: str

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"AMBERFILE_{self.name.upper()}"


def _text(name: str) -> Callable[[object, str], str]:
    def check(value: object, origin: str = "") -> str:
        if not isinstance(value, str) or not value or "\0" in value:
            raise InvalidInput(f"{name}={value!r}{origin} is no text. Give one, in quotes.")
        return value

    return check


def _store(value: object, origin: str = "") -> str:
    return os.path.expanduser(_text("db")(value, origin))


SETTINGS: Mapping[str, Setting] = {
    one.name: one
    for one in (
        Setting("db", "", _store, str, "The store: a path, or a URL such as sqlite:///agent.db."),
        Setting("space", DEFAULT, _text("space"), str, "A whole memory among others in one store."),
        Setting("user", DEFAULT, _text("user"), str, "Whose memory it is."),
        Setting("agent", DEFAULT, _text("agent"), str, "Which agent's memory it is."),
        Setting(
            "durability",
            "full",
            durability,
            str,
            '"full", or "relaxed": faster, and a power cut may take the last moments.',
        ),
        Setting("busy_timeout", 30.0, seconds, number, "Seconds to wait while others write."),
    )
}


class Value(NamedTuple):
    """A setting's value and where it stood.

    Args:
        folder: where a relative `db` starts; "" is the working directory.
    """

    value: Plain
    origin: str
    folder: str = ""


@dataclass(frozen=True)
class Settings:
    """Every setting's value, with its origin."""

    values: Mapping[str, Value]

    def value(self, name: str) -> Plain:
        """As it is used; "default" for a part of the scope that nobody named."""
        return self.values[name].value

    def origin(self, name: str) -> str:
        """ "--db", "AMBERFILE_DB", the path of a file, or "default"."""
        return self.values[name].origin

    def named(self, name: str) -> str | None:
        """A part of the scope, or None where nobody named it."""
        return None if self.origin(name) == DEFAULT else str(self.value(name))


def settings(
    *,
    db: str | None = None,
    space: str | None = None,
    user: str | None = None,
    agent: str | None = None,
    durability: str | None = None,
    busy_timeout: float | None = None,
) -> Settings:
    """What is in force here and now; what is given goes before everything else.

    Raises:
        InvalidInput: a variable or a file holds an unknown key or a wrong value.
    """
    given: dict[str, Plain | None] = {
        "db": db,
        "space": space,
        "user": user,
        "agent": agent,
        "durability": durability,
        "busy_timeout": busy_timeout,
    }
    found = {name: Value(one.default, DEFAULT) for name, one in SETTINGS.items()}
    found["db"] = Value(os.path.join(places.data_folder(), "default.db"), DEFAULT)
    for file in reversed([*files()]):
        found |= file.values()
    found |= _of_environment()
    found |= {name: Value(value, f"--{name}") for name, value in given.items() if value is not None}
    return Settings(found)


@dataclass(frozen=True)
class File:
    """A file that may hold settings.

    Args:
        table: where in it they stand: () is its top.
    """

    path: str
    table: tuple[str, ...] = ()

    def values(self) -> dict[str, Value]:
        """What it sets, checked; nothing if it is not there."""
        folder, origin = os.path.dirname(self.path), f" in {self.path}"
        return {
            name: Value(known(name, origin).check(value, origin), self.path, folder)
            for name, value in self._parsed().items()
        }

    def _parsed(self) -> dict[str, Any]:
        found: Any = parsed(self.path, mention=b"amberfile") if self.table else parsed(self.path)
        for name in self.table:
            found = found.get(name, {})
            if not isinstance(found, dict):
                raise InvalidInput(f"{name!r} in {self.path} is no table. Write [tool.amberfile].")
        return cast(dict[str, Any], found)


def files() -> Iterator[File]:
    """The files that count here, the first before the others; the last may not be there."""
    if project := places.project_file(places.PROJECT_FILE):
        yield File(project)
    if pyproject := places.project_file(places.PYPROJECT):
        yield File(pyproject, ("tool", "amberfile"))
    yield File(places.config_file())


def known(name: str, origin: str = "") -> Setting:
    """The setting of this name, or an error that suggests one."""
    if name not in SETTINGS:
        from difflib import get_close_matches

        close = get_close_matches(name, SETTINGS, 1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise InvalidInput(
            f"unknown setting {name!r}{origin}{meant}; known: {', '.join(SETTINGS)}."
        )
    return SETTINGS[name]


def parsed(path: str, *, mention: bytes = b"") -> dict[str, Any]:
    """What a TOML file holds; {} if it is not there or does not mention `mention`."""
    if not places.is_file(path):
        return {}
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}. Mend that, or move the file away."
        ) from None
    return parsed_text(data, path) if mention in data else {}


def parsed_text(data: bytes, path: str) -> dict[str, Any]:
    """`data` as TOML; an error names `path`."""
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{path} is not TOML: {error}. Mend that line, or move the file away."
        ) from None


def _of_environment() -> Iterator[tuple[str, Value]]:
    """What the environment sets; an empty variable sets nothing."""
    for name, one in SETTINGS.items():
        if text := os.environ.get(one.variable):
            yield name, Value(one.check(one.parse(text), f" in {one.variable}"), one.variable)
