"""What one call of the command line works on: the options that every command has."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import click

import amberfile
from amberfile.errors import InvalidInput

if TYPE_CHECKING:
    from amberfile.memory import Memory

_NAMES = ("db", "space", "user", "agent", "as_json")
_OPTIONS = (
    click.option("--db", metavar="URL", help="The store: a path or a URL. Else AMBERFILE_DB."),
    click.option("--space", metavar="NAME", help="A whole memory among others in one store."),
    click.option("--user", metavar="NAME", help="Whose memory it is."),
    click.option("--agent", metavar="NAME", help="Which agent's memory it is."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs."),
)


class BadStore(InvalidInput):
    """The store's URL cannot be used."""


class App:
    """The options of one call, and the memory that they name, opened at its first use."""

    def __init__(self, context: click.Context) -> None:
        self.began = time.perf_counter()
        self.command = ""
        self.db: str | None = None
        self.space: str | None = None
        self.user: str | None = None
        self.agent: str | None = None
        self.as_json = False
        self._context = context

    def take(self, command: str, options: dict[str, Any]) -> None:
        """Use the common ones of `options`, and take them out; later ones go before."""
        self.command = command
        for name in _NAMES:
            value = options.pop(name)
            if value not in (None, False):
                setattr(self, name, value)

    @property
    def where(self) -> str:
        """Where the store is, whether or not it has been made yet."""
        from amberfile import config

        try:
            return config.target(self.db).where
        except InvalidInput as error:
            raise BadStore(str(error)) from error

    @cached_property
    def whole(self) -> Memory:
        """The store's unbound memory, open until the command ends."""
        try:
            memory = amberfile.open(self.db)
            self._context.call_on_close(memory.close)
            memory.scopes()  # opens the store, so that a bad path shows here
        except InvalidInput as error:
            raise BadStore(str(error)) from error
        return memory

    @cached_property
    def memory(self) -> Memory:
        """The memory of the scope that was named."""
        return self.whole.scoped(space=self.space, user=self.user, agent=self.agent)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options, and itself the `App` in their place."""

    @wraps(command)
    def call(**options: Any) -> Any:
        context = click.get_current_context()
        app = context.find_object(App)
        if app is None:
            app = context.obj = App(context)
        app.take((context.parent and context.info_name) or "status", options)
        return command(app, **options)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
