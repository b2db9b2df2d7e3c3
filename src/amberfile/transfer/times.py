"""Times as other programs write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from amberfile.types import micros, moment

_FORMATS = (
    "%I:%M %p on %d %B, %Y",  # LoCoMo
    "%Y/%m/%d (%a) %H:%M",  # LongMemEval
    "%B-%d-%Y",
    "%d %B %Y",
    "%d %B, %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%Y/%m/%d",
)
_EPOCH = re.compile(r"-?\d{9,19}(\.\d+)?")
_UTC = re.compile(r"\s*\b(UTC|GMT)$")

_THOUSANDS = 1e11
"""Seconds until the year 5138. What is larger counts in smaller parts of a second."""


def read(value: Any) -> datetime | None:
    """The time that `value` says, in UTC; None if it cannot be read.

    A number is seconds since 1970, or thousandths, millionths or billionths
    where it is too large for the smaller unit's year 5138. A time without a
    zone is UTC, a day is its first moment.

    >>> read("1:56 pm on 8 May, 2023").isoformat()
    '2023-05-08T13:56:00+00:00'
    >>> read(1683554160000) == read("March-15-2024")
    False
    >>> read("soon") is None
    True
    """
    if value is None:
        return None
    for found in _readings(value):
        with suppress(OverflowError, ValueError):  # outside the years 1 to 9999 in UTC
            aware = found if found.utcoffset() is not None else found.replace(tzinfo=timezone.utc)
            return moment(micros(aware))
    return None


def _readings(value: Any) -> Iterator[datetime]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _since_1970(value)
    elif isinstance(value, str) and len(value) <= 100:
        text = value.strip()
        if _EPOCH.fullmatch(text):
            yield from _since_1970(float(text))
        yield from _written(text)


def _since_1970(number: float) -> Iterator[datetime]:
    with suppress(OverflowError, ValueError):
        seconds = float(number)
        while math.isfinite(seconds) and abs(seconds) >= _THOUSANDS:
            seconds /= 1000
        yield moment(round(seconds * 1_000_000))


def _written(text: str) -> Iterator[datetime]:
    with suppress(ValueError):
        yield datetime.fromisoformat(_UTC.sub("+00:00", text))
    for form in _FORMATS:
        with suppress(ValueError):
            yield datetime.strptime(text, form)
    from email.utils import parsedate_to_datetime  # 10 ms that few need

    with suppress(ValueError, TypeError, IndexError):
        yield parsedate_to_datetime(text)  # RFC 2822
