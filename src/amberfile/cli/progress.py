"""How far a long command is: a bar on stderr, if that is a terminal and it takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

from amberfile.plain import printable

if TYPE_CHECKING:
    from rich.progress import Progress

Told: TypeAlias = Callable[[int, int], None]
"""Told (done, in all), often."""

SOON = 1.0  # seconds that nobody needs a bar for


def watched() -> bool:
    """Whether somebody sees stderr."""
    return sys.stderr.isatty()


@contextmanager
def bar(what: str) -> Iterator[Told | None]:
    """What to tell the progress of `what` to; None if nobody watches. The bar goes at the end."""
    if not watched():
        yield None
        return
    began = time.monotonic()
    with ExitStack() as drawn:
        shown: list[Progress] = []

        def tell(done: int, size: int) -> None:
            if not shown and time.monotonic() - began >= SOON:
                shown.append(drawn.enter_context(_drawn(what)))
            for one in shown:
                one.update(one.task_ids[0], completed=done, total=size)

        yield tell


def _drawn(what: str) -> Progress:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True)
    progress.add_task(escape(printable(what)))
    return progress
