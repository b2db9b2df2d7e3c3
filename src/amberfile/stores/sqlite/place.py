"""Where a store may live: what is checked about a path before SQLite opens it.

Nothing here opens the database file: closing a plain file handle would drop
every lock that this process holds on it.
"""

from __future__ import annotations

import os
import stat

from amberfile.errors import InvalidInput, StoreCorrupt, StoreUnavailable

_SHARED = ("nfs", "cifs", "smb", "9p", "virtiofs", "fuse.", "afs", "ceph", "gluster", "lustre")
_MOUNTS = "/proc/self/mountinfo"
_OPEN_FILES = "/proc/self/fd"
_PROCESSES = "/proc"


def check_path(path: str) -> None:
    """Refuse a path at which a store would not be safe, and make its folder.

    Raises:
        InvalidInput: no file can have this name.
        StoreCorrupt: its log is there, but not the file.
        StoreUnavailable: it is a folder, a link, on a shared file system, or
            this process has it open through another library.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"no file can be named {path!r}. Give a path in UTF-8") from None
    if "\0" in path or not path:
        raise InvalidInput(f"no file can be named {path!r}. Give a path such as 'agent.db'")
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {folder} cannot be made ({error.strerror}). Make it, or give another path"
        ) from error
    _check_file_system(folder)
    _check_log(path)
    _check_file(path)


def is_writable(path: str) -> bool:
    """Whether the file at `path`, if there is one, is meant to be written."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True
    # The superuser may write anything; a file without any write bit still says no.
    return bool(mode & 0o222) and os.access(path, os.W_OK)


def make_private(path: str) -> None:
    """Only its owner may read the file; SQLite gives its log the same mode."""
    if os.stat(path).st_mode & 0o077:
        os.chmod(path, 0o600)


def _check_log(path: str) -> None:
    """A log whose file is gone: SQLite would drop it and begin a new store in silence.

    The log is looked at first: a file is never empty while it has one.
    """
    if _size(f"{path}-wal") and not _size(path):
        raise StoreCorrupt(
            f"{path} is empty or gone, but its log {path}-wal is there. Nothing was changed. "
            "Take what the log holds to a new file: amberfile repair "
            f"{path} NEW; or go back to a backup; to begin a new store, remove the log"
        )


def has_strange_log(path: str) -> bool:
    """Whether a log lies beside the file that nobody had open here.

    SQLite makes the log's index before the log, and keeps it as long; a log
    without one was copied here, and may be another file's or of another time.
    """
    return _size(f"{path}-wal") > 0 and not os.path.exists(f"{path}-shm")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _check_file(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be looked at ({error.strerror}). Give another path"
        ) from error
    if stat.S_ISDIR(found.st_mode):
        raise StoreUnavailable(
            f"{path} is a folder. Give a file in it: {os.path.join(path, 'memory.db')}"
        )
    if stat.S_ISLNK(found.st_mode):
        raise StoreUnavailable(
            f"{path} is a symbolic link: under two names a store would have two logs, and lose "
            f"writes. Give the file itself: {os.path.realpath(path)}"
        )
    if not stat.S_ISREG(found.st_mode):
        raise StoreUnavailable(f"{path} is not a regular file. Give another path")
    if found.st_nlink > 1:
        raise StoreUnavailable(
            f"{path} has {found.st_nlink} names (hard links): under two names a store would have "
            "two logs, and lose writes. Copy it to a file of its own"
        )


def _check_file_system(folder: str) -> None:
    kind = file_system(folder)
    if kind.startswith(_SHARED):
        raise StoreUnavailable(
            f"{folder} is on a shared file system ({kind}), where SQLite's write-ahead log "
            "corrupts: its locks and shared memory do not reach other machines. "
            "Give a path on a local disk"
        )


def file_system(folder: str) -> str:
    """The type of the file system that `folder` is on, "" where the system does not tell."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as lines:
            mounts = [line.split(" ") for line in lines]
    except OSError:
        return ""
    real = os.path.realpath(folder)
    best, kind = "", ""
    for mount in mounts:
        point = mount[4].encode().decode("unicode_escape") if "\\" in mount[4] else mount[4]
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, mount[mount.index("-") + 1]
    return kind


def open_elsewhere(path: str) -> bool:
    """Whether this process holds the file open already; False where the system does not tell."""
    try:
        mine = os.stat(path)
        handles = os.listdir(_OPEN_FILES)
    except OSError:
        return False
    return any(_is_same(mine, os.path.join(_OPEN_FILES, handle)) for handle in handles)


def open_by(path: str) -> list[str] | None:
    """Other processes that have the file open, as "python 4711"; None where nobody tells.

    Only those of this user can be seen. Cost: a look at each of their open files.
    """
    try:
        wanted = os.stat(path)
        numbers = [int(name) for name in os.listdir(_PROCESSES) if name.isdigit()]
    except OSError:
        return None
    others = (number for number in sorted(numbers) if number != os.getpid())
    return [f"{_name_of(number)} {number}" for number in others if _holds(number, wanted)]


def _holds(process: int, wanted: os.stat_result) -> bool:
    folder = f"{_PROCESSES}/{process}/fd"
    try:
        handles = os.listdir(folder)
    except OSError:  # another user's, or it has ended
        return False
    return any(_is_same(wanted, os.path.join(folder, handle)) for handle in handles)


def _name_of(process: int) -> str:
    try:
        with open(f"{_PROCESSES}/{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "a process"


def _is_same(mine: os.stat_result, handle: str) -> bool:
    try:
        return os.path.samestat(mine, os.stat(handle))
    except OSError:
        return False
