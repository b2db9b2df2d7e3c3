"""New ids: UUIDv7, so that later ones sort after earlier ones."""

from __future__ import annotations

import os
from datetime import datetime

from amberfile.types import micros


def new_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562, method 3): `now` to a quarter of a microsecond, then 62 random bits.

    >>> from amberfile.types import EPOCH
    >>> new_id(EPOCH)[:19]
    '00000000-0000-7000-'
    """
    millis, rest = divmod(micros(now), 1000)
    stamp = (millis & (1 << 48) - 1) << 16 | 7 << 12 | rest * 4096 // 1000
    chance = int.from_bytes(os.urandom(8), "big") >> 2 | 1 << 63
    text = f"{stamp:016x}{chance:016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
