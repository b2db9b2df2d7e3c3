"""What can happen to a store's file and its log, as bytes; for engines of one file in pages.

A damage takes a store's files and those of another store, and gives the files
as they are found later. They are named by the ending: of the closed store "",
of the store in use "live" and "live-wal", and its log at half of its past
"older-wal"; the answer has "" and maybe "-wal".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

PAGE = 4096
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(2000)

Files: TypeAlias = Mapping[str, bytes]
Damage: TypeAlias = Callable[[Random, Files, Files], Files]


def _a_page(rng: Random, file: bytes) -> int:
    return rng.randrange(len(file) // PAGE) * PAGE


def _zeroed(rng: Random, files: Files, other: Files) -> Files:
    at = _a_page(rng, files[""])
    return {"": written_over(files[""], at, bytes(PAGE))}


def _random_bytes(rng: Random, files: Files, other: Files) -> Files:
    file = files[""]
    return {"": written_over(file, rng.randrange(len(file) - 16), rng.randbytes(16))}


def _cut(rng: Random, files: Files, other: Files) -> Files:
    return {"": files[""][: rng.randrange(1, len(files[""]))]}


def _without_last(rng: Random, files: Files, other: Files) -> Files:
    return {"": files[""][:-PAGE]}


def _swapped(rng: Random, files: Files, other: Files) -> Files:
    file = files[""]
    one, two = _a_page(rng, file), _a_page(rng, file)
    there = written_over(file, one, file[two : two + PAGE])
    return {"": written_over(there, two, file[one : one + PAGE])}


def _repeated(rng: Random, files: Files, other: Files) -> Files:
    file = files[""]
    one, two = _a_page(rng, file), _a_page(rng, file)
    return {"": written_over(file, one, file[two : two + PAGE])}


def _wrong_header(rng: Random, files: Files, other: Files) -> Files:
    return {"": written_over(files[""], rng.randrange(96), rng.randbytes(4))}


def _foreign_log(rng: Random, files: Files, other: Files) -> Files:
    return {"": files[rng.choice(["", "live"])], "-wal": other["live-wal"]}


def _older_log(rng: Random, files: Files, other: Files) -> Files:
    return {"": files[rng.choice(["", "live"])], "-wal": files["older-wal"]}


def _no_log(rng: Random, files: Files, other: Files) -> Files:
    return {"": files["live"]}


def _cut_log(rng: Random, files: Files, other: Files) -> Files:
    log = files["live-wal"]
    return {"": files["live"], "-wal": log[: rng.randrange(len(log))]}


def _damaged_log(rng: Random, files: Files, other: Files) -> Files:
    log = files["live-wal"]
    damaged = written_over(log, rng.randrange(len(log) - 16), rng.randbytes(16))
    return {"": files["live"], "-wal": damaged}


def _empty(rng: Random, files: Files, other: Files) -> Files:
    return {"": b"", "-wal": rng.choice([b"", files["live-wal"]])}


def _picture(rng: Random, files: Files, other: Files) -> Files:
    return {"": PNG}


DAMAGES: list[Damage] = [
    _zeroed, _random_bytes, _random_bytes, _cut, _without_last, _swapped, _repeated,
    _wrong_header, _foreign_log, _older_log, _no_log, _cut_log, _damaged_log, _empty,
    _picture,
]  # fmt: skip


def written_over(file: bytes, at: int, piece: bytes) -> bytes:
    return file[:at] + piece + file[at + len(piece) :]
