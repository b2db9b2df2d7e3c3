"""A group of commands: each is loaded when it is called, stands in a section, may have an alias."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import ClassVar

import click

Sections = Mapping[str, Mapping[str, str]]
"""The title of each section of the help, and its commands: name → "module:attribute"."""


class LazyGroup(click.Group):
    """A group whose commands are named in `sections` and in no other place."""

    sections: ClassVar[Sections]
    aliases: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for commands in self.sections.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = self.aliases.get(cmd_name, cmd_name)
        place = next(
            (commands[name] for commands in self.sections.values() if name in commands), ""
        )
        if not place:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command under its own name, not the alias; what is none is told with the nearest."""
        given = args[0]
        if self.get_command(ctx, given) is not None or ctx.resilient_parsing:
            return super().resolve_command(ctx, [self.aliases.get(given, given), *args[1:]])
        if given.startswith("-"):
            self.parse_args(ctx, args)  # tells what is wrong with the option
        near = get_close_matches(given, [*self.list_commands(ctx), *self.aliases], 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise click.UsageError(f"there is no command {given!r}.{meant}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names), default=0)
        for title, commands in self.sections.items():
            found = [(name, self.get_command(ctx, name)) for name in commands]
            with formatter.section(title):
                formatter.write_dl(
                    [(name, one.get_short_help_str(room)) for name, one in found if one]
                )
