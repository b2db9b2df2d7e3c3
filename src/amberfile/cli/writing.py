"""A file that is whole when it takes its name, and that only its owner can read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from amberfile.errors import InvalidInput

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # never through a link that somebody put there


@contextmanager
def written(path: str, force: bool) -> Iterator[BinaryIO]:
    """What is written here stands at `path` at the end; after an error nothing does.

    Raises:
        InvalidInput: something stands at `path`, and not `force`.
        OSError: it cannot be written; the error names `path`.
    """
    unfinished = f"{path}.unfinished"
    if os.path.lexists(path) and not force:
        raise InvalidInput(f"{path} exists. Give another path, or --force to replace it.")
    with suppress(FileNotFoundError):
        os.unlink(unfinished)  # of a call that was killed
    try:
        with os.fdopen(os.open(unfinished, _NEW, 0o600), "wb") as out:
            yield out
        os.replace(unfinished, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename in (None, unfinished):
            error.filename = path
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
        raise
