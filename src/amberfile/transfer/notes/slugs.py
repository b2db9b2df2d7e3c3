"""File names from stored text: short, plain, safe on every file system, never twice the same."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

LONGEST = 100
"""Characters of a file's or a folder's name."""

_OTHER = re.compile(r"[^a-z0-9]+")
_WORDS = 60
_MARK = 10
_TAKEN_BY_WINDOWS = {"con", "prn", "aux", "nul"} | {
    f"{name}{number}" for name in ("com", "lpt") for number in range(10)
}


def slug(text: str) -> str:
    """The letters and digits that ASCII has for it, in lower case, with "-" between the words.

    "" if none is left.

    >>> slug("  Où est «CON»?")
    'ou-est-con'
    """
    plain = unicodedata.normalize("NFKD", text[: 4 * _WORDS].casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _OTHER.sub("-", plain).strip("-")[:_WORDS].strip("-")


class Names:
    """The names of one folder's files, given one by one.

    Args:
        taken: that no file or folder may get.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {*taken, *_TAKEN_BY_WINDOWS}

    def folder(self, text: str) -> str:
        """For a kind; kinds that look alike share one."""
        name = slug(text) or "other"
        return f"{name}-items" if name in self._taken else name

    def file(self, text: str, id: str) -> str:
        """`text`'s slug and a few characters of the digest of `id`; ends in ".md"."""
        digest = blake2b(id.encode("utf-8", "surrogatepass")).hexdigest()
        longer = (f"{slug(text)}-{digest[:length]}.md" for length in range(_MARK, len(digest)))
        name = next(name for name in map(_begun, longer) if name not in self._taken)
        self._taken.add(name)
        return name


def _begun(name: str) -> str:
    return name.lstrip("-")
