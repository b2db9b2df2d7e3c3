"""Times as a person gives them: `30d` from now or ago, or a date.

A date without a time is its beginning; without a zone it is this machine's.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import click

METAVAR = "30d|DATE"

_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def ahead(text: str) -> datetime:
    """The time that `text` names, a span counted from now on; it must lie ahead."""
    now = datetime.now(timezone.utc)
    found = _moment(text, now, 1)
    if found <= now:
        raise click.BadParameter(f"{text!r} is past. Give a time ahead, such as 30d.")
    return found


def ago(text: str) -> datetime:
    """The time that `text` names, a span counted back from now."""
    return _moment(text, datetime.now(timezone.utc), -1)


def _moment(text: str, now: datetime, sign: int) -> datetime:
    span = _SPAN.fullmatch(text)
    try:
        if span is not None:
            return now + sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
        return datetime.fromisoformat(text).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            f"{text!r} is no time. Give one such as 30d, 12h or 2026-11-20."
        ) from None
