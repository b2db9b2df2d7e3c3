"""A copy beside a file that another program wrote, made once and whole, whoever comes first.

The original is never written. The copy is made under another name and gets its
own when it is complete, so a process that was cut short leaves nothing that
looks finished.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from amberfile import memory
from amberfile.memory import Memory


def beside(original: Path) -> Path:
    """The copy's name.

    >>> beside(Path("agent.db")).name
    'agent.amber.db'
    """
    return original.with_suffix(f".amber{original.suffix}")


def copy_once(original: Path, copy: Path, fill: Callable[[Memory, Path], object]) -> bool:
    """Make the store `copy` from `original`, unless it is there; gives whether it was made.

    Args:
        fill: brings everything from the path to the memory, which is empty.
    """
    if copy.exists():
        return False
    part = Path(f"{copy}.part")
    with _alone_in(copy.parent):
        if copy.exists():
            return False
        for left in ("", "-wal", "-shm"):  # by a process that was cut short
            Path(f"{part}{left}").unlink(missing_ok=True)
        with memory.open(part) as fresh:
            fresh.get()  # makes the file, even if nothing is filled in
            fill(fresh, original)
        os.rename(part, copy)
    return True


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else is here with the same folder; the end of a process lets go."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
