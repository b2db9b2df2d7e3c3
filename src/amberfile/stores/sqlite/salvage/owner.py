"""Whose row it was when it was written: told by its checksum, not by the number beside it.

A row's checksum is a CRC that begins with the number of its scope, and a CRC
can be run backwards: from the sum and the bytes to the number.
"""

from __future__ import annotations

from zlib import crc32

_MASK = 0xFFFFFFFF
_TABLE = [crc32(bytes([byte ^ 0xFF])) ^ 0xFF000000 for byte in range(256)]
_BY_TOP = {entry >> 24: byte for byte, entry in enumerate(_TABLE)}


def begun_with(data: bytes, sum: int) -> int:
    """The one number of 32 bits with which `crc32(data, number)` is `sum`.

    Cost: about 0.2 µs a byte; only damaged rows are asked.

    >>> begun_with(b"text", crc32(b"text", 7))
    7
    """
    state = sum ^ _MASK
    for byte in reversed(data):
        place = _BY_TOP[state >> 24]
        state = (state ^ _TABLE[place]) << 8 & _MASK | place ^ byte
    return state ^ _MASK
