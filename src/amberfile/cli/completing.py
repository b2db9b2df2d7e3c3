"""What the shell offers behind Tab: commands, files, and names that are in the store.

Nothing is made for it: a store that is not there has nothing to offer. What
goes wrong is silent, for the shell would print it into the line. bash puts a
name into the line as it is, so one that is not a plain word is not offered: a
terminal or a shell might obey it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import click

from amberfile.errors import AmberfileError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from amberfile.memory import Memory

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]

PATIENCE = 0.5  # seconds that a line waits for a store which others write to
KINDS = ("episode", "fact", "note", "summary")
MOST = 1_000
"""Items that are looked at for their keys, the last written first."""

_PLAIN = re.compile(r"[\w@%+=:,./-]+")


def _completer(names: Callable[[Memory, str], Iterable[str]], ours: Sequence[str] = ()) -> Complete:
    """Offer `ours` and what `names` gives of the memory that the line names."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        found = set(ours)
        with suppress(AmberfileError, OSError), _memory(context) as memory:
            found.update(names(memory, begun) if memory else ())
        return sorted(one for one in found if one.startswith(begun) and _PLAIN.fullmatch(one))

    return complete


@contextmanager
def _memory(context: click.Context) -> Iterator[Memory | None]:
    """The memory that the options before and behind name; None if it is not there."""
    from amberfile import config
    from amberfile.memory import open_target

    space, user, agent = (_given(context, name) for name in ("space", "user", "agent"))
    chosen = config.settings(db=_given(context, "db"), space=space, user=user, agent=agent)
    target = replace(config.target_of(chosen), busy_timeout_s=PATIENCE)
    if not os.path.isfile(target.where) or not os.path.getsize(target.where):
        yield None
        return
    with open_target(target) as whole:
        space, user, agent = (chosen.named(name) for name in ("space", "user", "agent"))
        yield whole.scoped(space=space, user=user, agent=agent)


def _given(context: click.Context | None, name: str) -> str | None:
    """An option of the line, where the one behind the command goes before."""
    while context is not None:
        if (value := context.params.get(name)) is not None:
            return str(value)
        context = context.parent
    return None


def files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows the files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def commands(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The commands below those that the line names already."""
    root = context.find_root()
    command: click.Command | None = root.command
    for name in context.params.get("names") or ():
        command = command.get_command(root, name) if isinstance(command, click.Group) else None
    below = command.list_commands(root) if isinstance(command, click.Group) else []
    return [name for name in below if name.startswith(begun)]


def _keys(memory: Memory, _: str) -> Iterator[str]:
    from amberfile.types import ALL

    return (item.key for item in memory.find(ALL, limit=MOST) if item.key is not None)


def _kinds(memory: Memory, _: str) -> Iterable[str]:
    from amberfile import figures

    return figures.of(memory).kinds


keys = _completer(_keys)
kinds = _completer(_kinds, KINDS)
sessions = _completer(lambda memory, begun: (one.id for one in memory.sessions(begun)))
