"""Before something is removed for good: a person says yes, or the call says --yes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from amberfile.plain import printable

SHOWN = 10  # lines of what would go


class Declined(click.ClickException):
    """The answer was no."""


def can_ask() -> bool:
    """Whether a person can answer."""
    return sys.stdin.isatty()


def ask(what: str, shown: Sequence[str]) -> None:
    """Go on only if a person says yes. Nobody is asked about nothing.

    Args:
        what: the question, such as "Forget 2 for good?".
        shown: a line for each thing that would go; ten of them are printed.

    Raises:
        UsageError: nobody can be asked here.
        Declined: the answer was no, or there was none.
    """
    if not can_ask():
        raise click.UsageError("nobody can be asked here. Say --yes, or --dry-run to look first.")
    if not shown:
        return
    for line in shown[:SHOWN]:
        click.echo(printable(line), err=True)
    if len(shown) > SHOWN:
        click.echo(f"… and {len(shown) - SHOWN} more", err=True)
    try:
        yes = click.confirm(printable(what), err=True)
    except click.Abort as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise
        yes = False
    if not yes:
        raise Declined("the answer was not yes. Nothing was done.")
