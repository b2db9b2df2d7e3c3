"""A file that is read: its JSON values with their lines, its name, the ids made from it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from amberfile.errors import InvalidInput, NotFound

Line: TypeAlias = tuple[int, Any]
"""The number of a line, from 1, and the JSON value that begins there."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AGAIN = "Mend it and import again: what is known is left out."


@dataclass(frozen=True)
class Source:
    """One file of an import.

    Args:
        name: as ids are made from it: the path below the folder that is
            imported, with "/", or the file's own name.
        read: is told the bytes that were read since it was last called.
    """

    path: Path
    name: str
    read: Callable[[int], None]

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return self.name.removesuffix(self.path.suffix) or self.name

    def values(self) -> Iterator[Line]:
        """The JSON values of the file: one a line, or one in all.

        Lines are read as they are needed. A file whose first line is no JSON
        by itself is read whole, unless its name says that it has lines.

        Raises:
            InvalidInput: a value is damaged. Those before it were given.
        """
        lines = self._lines()
        first = list(islice(lines, 1))
        by_line = self.path.suffix.lower() in (".jsonl", ".ndjson")
        if first and not by_line and not _is_json(first[0][1]):
            start = first[0][0]
            whole = b"".join(data for _, data in chain(first, lines))
            yield start, self._parsed(whole, start)
            return
        for number, data in chain(first, lines):
            yield number, self._parsed(data.rstrip(), number)

    def first_line(self) -> Any:
        """The JSON value of the first line; None if it is none."""
        lines = replace(self, read=lambda _: None)._lines()
        try:
            return next((json.loads(data) for _, data in lines), None)
        except (ValueError, RecursionError):
            return None

    def damaged(self, line: int, why: str) -> InvalidInput:
        return InvalidInput(f"{self.path}, line {line}: {why}")

    @contextmanager
    def at(self, line: int) -> Iterator[None]:
        """What is refused inside is told with the file and the line."""
        try:
            yield
        except InvalidInput as error:
            raise self.damaged(line, str(error)) from error

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank."""
        try:
            with self.path.open("rb") as file:
                for number, data in enumerate(file, start=1):
                    self.read(len(data))
                    if number == 1:
                        data = data.removeprefix(_BYTE_ORDER_MARK)
                    if data.strip():
                        yield number, data
        except OSError as error:
            raise NotFound(
                f"{self.path} cannot be read ({error.strerror}). Check its name and its mode."
            ) from error

    def _parsed(self, data: bytes, line: int) -> Any:
        try:
            return json.loads(data.decode("utf-8"))
        except json.JSONDecodeError as error:
            at = line + error.lineno - 1
            raise self.damaged(
                at, f"no JSON: {error.msg} at column {error.colno}. {_AGAIN}"
            ) from None
        except UnicodeDecodeError as error:
            at = line + data.count(b"\n", 0, error.start)
            raise self.damaged(at, f"not UTF-8: {error.reason}. {_AGAIN}") from None
        except (ValueError, RecursionError) as error:
            raise self.damaged(line, f"JSON that cannot be read: {error}. {_AGAIN}") from None


def existing(path: str | os.PathLike[str]) -> Path:
    """The path, if a file or a folder is there."""
    try:
        name = os.fsdecode(path)
        if not name:  # pathlib takes it for the working directory
            raise ValueError(name)
        found = Path(name)
        mode = found.stat().st_mode
    except ValueError:  # also of NUL, or a surrogate that stands for no byte
        raise InvalidInput(f"no file can be named {path!r}. Give the path of a file.") from None
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InvalidInput(f"{path} is neither a file nor a folder. Give one of these.")
    return found


def derived_id(*names: str | int | None) -> str:
    """The same id for the same names, everywhere: a UUIDv8 (RFC 9562) of their digest.

    >>> derived_id("chat.jsonl", "s", 1)
    '4656f70e-f560-882e-aa83-b1dc4755708b'
    """
    told = json.dumps(names, ensure_ascii=False).encode("utf-8", "surrogatepass")
    number = int.from_bytes(blake2b(told, digest_size=16).digest(), "big")
    number = number & ~(0xF << 76) | 8 << 76
    return str(UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
