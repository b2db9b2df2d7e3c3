"""Zip archives: their members are read as files are, and nothing is unpacked.

A member's name is only a name: nothing is ever written under it. What it says
about its size is not believed: it is read as a stream, and a value that would
fill the memory is refused by whoever reads it.

What it leaves out: archives in archives, and packing other than zip's own two
(stored, deflated).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from amberfile.errors import AmberfileError, InvalidInput, NotFound

SUFFIX = ".zip"

MARK = b"PK\x03\x04"
"""The first bytes of an archive that is not empty."""

_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # also NotImplementedError: a later version of zip
    ValueError,  # a name that is no text, a place outside the file
    OverflowError,
    LookupError,
)


_OPEN = 8


class Archives:
    """The archives of an import, of which only the last few used are open.

    As a context: they are closed at its end.
    """

    def __init__(self) -> None:
        self._open: dict[Path, zipfile.ZipFile] = {}

    def opened(self, path: Path) -> zipfile.ZipFile:
        """The archive at `path`. One that is closed for it stays readable where it is read."""
        archive = self._open.pop(path, None) or zipfile.ZipFile(path)
        self._open[path] = archive
        while len(self._open) > _OPEN:
            self._open.pop(next(iter(self._open))).close()
        return archive

    def members(self, path: Path) -> list[Member]:
        """The files in the archive, by their names, without folders and hidden files.

        Raises:
            InvalidInput: it cannot be read as an archive.
            NotFound: it cannot be read at all.
        """
        with _told(str(path)):
            shown = [info for info in self.opened(path).infolist() if not _is_hidden(info)]
        each = sorted(shown, key=lambda info: info.filename)
        return [Member(self, path, info) for info in each]

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1].close()


class Member(NamedTuple):
    """One file in an archive."""

    archives: Archives
    path: Path
    info: zipfile.ZipInfo

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size(self) -> int:
        """Bytes when it is unpacked, as the archive says."""
        return self.info.file_size

    def beside(self, name: str) -> Member:
        """Another of the same archive. Raises `InvalidInput` if there is none of that name."""
        with _told(f"{self.path}, {name}"):
            return self._replace(info=self.archives.opened(self.path).getinfo(name))

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes.

        Raises:
            InvalidInput: they are encrypted, damaged or packed in an unknown way.
        """
        where = f"{self.path}, {self.name}"
        if self.info.flag_bits & _ENCRYPTED:
            raise InvalidInput(f"{where} is encrypted. Unpack it first, and import the folder.")
        if self.info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidInput(
                f"{where} is packed by method {self.info.compress_type}, which is not read. "
                "Unpack it first, and import the folder."
            )
        with _told(where), self.archives.opened(self.path).open(self.info) as file:
            yield file


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    names = info.filename.split("/")
    dotted = any(name.startswith(".") and name.strip(".") for name in names)
    return not names[-1] or dotted or "__MACOSX" in names


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What the archive's reader raises, as our own errors."""
    try:
        yield
    except AmberfileError:
        raise
    except OSError as error:
        raise NotFound(
            f"{where} cannot be read ({error.strerror or error}). Check its name and its mode."
        ) from error
    except _DAMAGED as error:
        raise InvalidInput(
            f"{where} cannot be read from its archive ({error}). Fetch it again, or unpack it "
            "and import the folder."
        ) from error
