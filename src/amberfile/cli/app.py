"""What one call of the command line works on: the options that every command has."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import click

from amberfile.cli import completing
from amberfile.errors import InvalidInput, StoreCorrupt

if TYPE_CHECKING:
    from amberfile.config import Settings, Target
    from amberfile.memory import Memory

_NAMES = ("db", "space", "user", "agent", "as_json", "as_lines")
_SCOPE = ("space", "user", "agent")
_NEXT_STEP = re.compile(r"(?<=: )amberfile(?= (?!repair)[a-z])")
_OPTIONS = (
    click.option(
        "--db",
        metavar="URL",
        shell_complete=completing.files,
        help="The store: a path or a URL. Else as configured.",
    ),
    click.option("--space", metavar="NAME", help="A whole memory among others in one store."),
    click.option("--user", metavar="NAME", help="Whose memory it is."),
    click.option("--agent", metavar="NAME", help="Which agent's memory it is."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs."),
    click.option("--jsonl", "as_lines", is_flag=True, help="Print a JSON object a line instead."),
)


class BadStore(InvalidInput):
    """The store's URL cannot be used."""


class BadSettings(InvalidInput):
    """A file or a variable that sets something wrongly."""


class App:
    """The options of one call, and the memory that they name, opened at its first use."""

    def __init__(self, context: click.Context) -> None:
        self.began = time.perf_counter()
        self.command = ""
        self.db: str | None = None
        self.space: str | None = None
        self.user: str | None = None
        self.agent: str | None = None
        self.as_json = False  # for programs: the envelope, or its data a line
        self.as_lines = False
        self._context = context

    def take(self, command: str, options: dict[str, Any]) -> None:
        """Use the common ones of `options`, and take them out; later ones go before."""
        self.command = command
        for name in _NAMES:
            value = options.pop(name)
            if value not in (None, False):
                setattr(self, name, value)
        self.as_json |= self.as_lines

    @cached_property
    def settings(self) -> Settings:
        """What is in force for this call; an option goes before everything else."""
        from amberfile import config

        try:
            return config.settings(db=self.db, space=self.space, user=self.user, agent=self.agent)
        except InvalidInput as error:
            raise BadSettings(str(error)) from error

    @property
    def scope(self) -> dict[str, str]:
        """The names of the scope; with settings that cannot be read, the options' alone."""
        try:
            return {name: str(self.settings.value(name)) for name in _SCOPE}
        except BadSettings:
            return {name: getattr(self, name) or "default" for name in _SCOPE}

    @property
    def where(self) -> str:
        """Where the store is, whether or not it has been made yet."""
        return self._target.where

    @property
    def _target(self) -> Target:
        from amberfile import config

        try:
            return config.target_of(self.settings)
        except BadSettings:
            raise
        except InvalidInput as error:
            raise BadStore(str(error)) from error

    @cached_property
    def unopened(self) -> Memory:
        """The store's unbound memory; its first use opens it, which a damaged one may refuse."""
        from amberfile.memory import open_target

        memory = open_target(self._target)
        self._context.call_on_close(memory.close)
        return memory

    @cached_property
    def whole(self) -> Memory:
        """The store's unbound memory, open until the command ends."""
        try:
            self.unopened.scopes()  # opens the store, so that a bad path shows here
        except InvalidInput as error:
            raise BadStore(str(error)) from error
        return self.unopened

    @property
    def opened(self) -> Memory:
        """The same; for one that is refused for its damage a handle that can still mend it."""
        with suppress(StoreCorrupt):
            return self.whole
        return self.unopened

    @cached_property
    def memory(self) -> Memory:
        """The memory of the scope that was named.

        Where there is no store yet it is an empty one: to look makes none.
        """
        return self._scoped(self._nothing() if self._is_missing() else self.whole)

    @cached_property
    def kept(self) -> Memory:
        """The same, for what is to be kept: the store is made if there is none."""
        return self._scoped(self.whole)

    def _scoped(self, whole: Memory) -> Memory:
        space, user, agent = map(self.settings.named, _SCOPE)
        return whole.scoped(space=space, user=user, agent=agent)

    def _is_missing(self) -> bool:
        """Whether nothing is there. A place that cannot be seen is an error when it is opened."""
        where = self.where
        try:
            os.lstat(where)
        except FileNotFoundError:
            return where != "ram:"
        except (OSError, ValueError):
            return False
        return False

    def _nothing(self) -> Memory:
        from amberfile.memory import open as open_

        memory = open_("ram:")
        self._context.call_on_close(memory.close)
        return memory

    def line(self, *words: str) -> str:
        """A command line that a person can copy: on this store, in this scope."""
        named = {"--db": self.db, "--space": self.space, "--user": self.user, "--agent": self.agent}
        options = [part for name, value in named.items() if value for part in (name, value)]
        return shlex.join(["amberfile", *options, *words])

    def next_step(self, told: str) -> str:
        """`told`, where the commands that it ends with are on this store, in this scope."""
        return _NEXT_STEP.sub(lambda _: self.line(), told)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options, and itself the `App` in their place."""

    @wraps(command)
    def call(**options: Any) -> Any:
        context = click.get_current_context()
        app = context.find_object(App)
        if app is None:
            app = context.obj = App(context)
        app.take(_name(context), options)
        return command(app, **options)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def _name(context: click.Context) -> str:
    """The command as it is called: "recall", "sessions list"; alone it is "status"."""
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, str(context.info_name))
        context = context.parent
    return " ".join(names) or "status"
