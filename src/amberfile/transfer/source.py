"""A file that is read: its bytes, its JSON values with their lines, the ids made from it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeAlias

from amberfile.errors import InvalidInput, NotFound
from amberfile.transfer.archive import Member
from amberfile.transfer.stream import LARGEST, Damage, Values

Line: TypeAlias = tuple[int, Any]
"""The number of a line, from 1, and the JSON value that begins there."""

HEAD = 1 << 20
"""Bytes at the beginning of a file that tell what it is."""

LINES = (".jsonl", ".ndjson")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK = 1 << 16
_written = json.JSONEncoder(ensure_ascii=False).encode
_AGAIN = "Mend it and import again: what is known is left out."


@dataclass(frozen=True)
class Source:
    """One file of an import, or one member of a zip archive.

    Args:
        name: as ids are made from it: the path below the folder or archive
            that is imported, with "/", or the file's own name.
        read: is told the bytes that were read since it was last called.
        member: of the archive at `path`; None: the file itself.
    """

    path: Path
    name: str
    read: Callable[[int], None] = lambda _: None
    member: Member | None = None

    @property
    def size(self) -> int:
        """Bytes, as the file system or the archive says."""
        return self.member.size if self.member else self.path.stat().st_size

    @cached_property
    def suffix(self) -> str:
        """Of the file or the member, in lower case, with its dot."""
        return PurePosixPath(self.member.name if self.member else self.path.name).suffix.lower()

    @cached_property
    def stem(self) -> str:
        """The name without its suffix."""
        return self.name[: len(self.name) - len(self.suffix)] or self.name

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD` bytes, without a byte order mark."""
        with self.opened() as file:
            return file.read(HEAD).removeprefix(_BYTE_ORDER_MARK)

    @property
    def first(self) -> Any:
        """The first of `values`; None if there is none, or it cannot be read."""
        return self._beginning[0]

    @property
    def is_broken(self) -> bool:
        """Whether the first of `values` is there and cannot be read."""
        return self._beginning[1]

    @cached_property
    def _beginning(self) -> tuple[Any, bool]:
        quiet = replace(self, read=lambda _: None)
        try:
            return next((value for _, value in quiet.values()), None), False
        except InvalidInput:
            return None, True

    def values(self) -> Iterator[Line]:
        """The JSON values of the file: one a line, the elements of one array, or one in all.

        They are read as they are needed. A file has lines if its name says so,
        or if its first line is JSON by itself and another follows.

        Raises:
            InvalidInput: a value is damaged. Those before it were given.
        """
        return self._values_of_lines() if self._has_lines() else self._values_of_stream()

    def text(self, limit: int) -> str:
        """All of it.

        Raises:
            InvalidInput: it is longer than `limit` bytes, or not UTF-8.
        """
        with self.opened() as file:
            data = file.read(limit + 1)
        self.read(len(data))
        if len(data) > limit:
            raise InvalidInput(f"{self.where} is longer than {limit} bytes. Split it.")
        try:
            return data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
        except UnicodeDecodeError as error:
            line = 1 + data.count(b"\n", 0, error.start)
            raise self.damaged(line, f"not UTF-8: {error.reason}. {_AGAIN}") from None

    @property
    def where(self) -> str:
        """What an error calls it."""
        return f"{self.path}, {self.member.name}" if self.member else str(self.path)

    def damaged(self, line: int, why: str) -> InvalidInput:
        return InvalidInput(f"{self.where}, line {line}: {why}")

    @contextmanager
    def at(self, line: int) -> Iterator[None]:
        """What is refused inside is told with the file and the line."""
        try:
            yield
        except InvalidInput as error:
            raise self.damaged(line, str(error)) from error

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The bytes. What cannot be read is `NotFound` or `InvalidInput`."""
        if self.member:
            with self.member.opened() as inner:
                yield inner
            return
        try:
            with self.path.open("rb") as file:
                yield file
        except OSError as error:
            raise NotFound(
                f"{self.path} cannot be read ({error.strerror or error}). "
                "Check its name and its mode."
            ) from error

    def _has_lines(self) -> bool:
        if self.suffix in LINES:
            return True
        first, _, rest = self.head.lstrip().partition(b"\n")
        return bool(rest.strip()) and _is_json(first)

    def _values_of_lines(self) -> Iterator[Line]:
        with self.opened() as file:
            lines = iter(lambda: file.readline(LARGEST + 1), b"")
            for number, data in enumerate(lines, start=1):
                self.read(len(data))
                if len(data) > LARGEST:
                    raise self.damaged(number, f"the line is longer than {LARGEST} bytes. {_AGAIN}")
                if number == 1:
                    data = data.removeprefix(_BYTE_ORDER_MARK)
                if data.strip():
                    yield number, self._parsed(data, number)

    def _values_of_stream(self) -> Iterator[Line]:
        with self.opened() as file:
            values = Values(self._chunks(file))
            try:
                yield from values
            except Damage as damage:
                raise self.damaged(damage.line, f"{damage.why}. {_AGAIN}") from None

    def _chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        data = file.read(_CHUNK)
        yield data.removeprefix(_BYTE_ORDER_MARK)
        while data:
            self.read(len(data))
            data = file.read(_CHUNK)
            yield data

    def _parsed(self, data: bytes, line: int) -> Any:
        try:
            return json.loads(data.decode("utf-8"))
        except json.JSONDecodeError as error:
            why = f"no JSON: {error.msg} at column {error.colno}"
        except UnicodeDecodeError as error:
            why = f"not UTF-8: {error.reason}"
        except (ValueError, RecursionError) as error:
            why = f"JSON that cannot be read: {error}"
        raise self.damaged(line, f"{why}. {_AGAIN}")


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
    told = _written(names).encode("utf-8", "surrogatepass")
    digest = blake2b(told, digest_size=16).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 0b11]
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
