"""What the shell offers behind Tab: names that are in the store.

Nothing is made for it: a store that is not there has nothing to offer. What
goes wrong is silent, for the shell would print it into the line. A name that a
terminal would obey is not offered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TypeAlias

import click

from amberfile import config, figures
from amberfile.errors import AmberfileError
from amberfile.memory import Memory, open_target
from amberfile.transfer.plain import printable
from amberfile.types import ALL

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]

PATIENCE = 0.5  # seconds that a line waits for a store which others write to
KINDS = ("episode", "fact", "note", "summary")
MOST = 1_000
"""Items that are looked at for their keys, the last written first."""


def _completer(names: Callable[[Memory, str], Iterable[str]], ours: Sequence[str] = ()) -> Complete:
    """Offer `ours` and what `names` gives of the memory that the line names."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        found = set(ours)
        with suppress(AmberfileError, OSError), _memory(context) as memory:
            found.update(names(memory, begun) if memory else ())
        return sorted(one for one in found if one.startswith(begun) and printable(one) == one)

    return complete


@contextmanager
def _memory(context: click.Context) -> Iterator[Memory | None]:
    """The memory that the options before and behind name; None if it is not there."""
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


def _keys(memory: Memory, _: str) -> Iterator[str]:
    return (item.key for item in memory.find(ALL, limit=MOST) if item.key is not None)


keys = _completer(_keys)
kinds = _completer(lambda memory, _: figures.of(memory).kinds, KINDS)
sessions = _completer(lambda memory, begun: (one.id for one in memory.sessions(begun)))
