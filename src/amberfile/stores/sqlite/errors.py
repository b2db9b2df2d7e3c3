"""Every error of the driver becomes one of ours, here and nowhere else."""

from __future__ import annotations

from types import TracebackType

import apsw

from amberfile.errors import (
    AmberfileError,
    InvalidInput,
    NotAStore,
    StoreBusy,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)

_REMEDY = (
    "Then mend it: amberfile reindex if only its index is damaged, else "
    "amberfile repair {path} NEW; or go back to a backup"
)
_BUSY = (
    "{path} stayed locked: another process holds a long transaction ({cause}). "
    "Try again; to see who has it open: amberfile doctor"
)
_FULL = (
    "no room is left on the disk of {path} ({cause}). Nothing of this call was written. "
    "Free some space and repeat it"
)
_READ_ONLY = (
    "{path} can be read but not written ({cause}). Make the file and its folder writable, "
    "or copy it: amberfile backup"
)
_UNAVAILABLE = (
    "{path} cannot be opened ({cause}). Check that the path is right and that this user "
    "may read and write it and its folder"
)
_FAILED = (
    "the disk failed under {path} ({cause}). Whether this call was written is unknown: "
    "repeat it with the same op_id once the disk is well"
)
_CORRUPT = (
    "{path} is damaged ({cause}). Nothing more is written to it. "
    "Look closer: amberfile doctor. " + _REMEDY
)
_NOT_A_STORE = (
    "{path} is no amberfile store, or its first page is damaged ({cause}). "
    "Nothing was changed. Give another path, or take what can be read to a new file: "
    "amberfile repair {path} NEW"
)
_INTERNAL = "{path}: SQLite refused an operation of ours ({cause}). Please report this"
_TOO_BIG = "a value is larger than SQLite can hold ({cause}). Divide it"

KINDS: dict[type[apsw.Error], tuple[type[AmberfileError], str]] = {
    apsw.AbortError: (StoreError, _INTERNAL),
    apsw.AuthError: (StoreError, _INTERNAL),
    apsw.BindingsError: (StoreError, _INTERNAL),
    apsw.BusyError: (StoreBusy, _BUSY),
    apsw.CantOpenError: (StoreUnavailable, _UNAVAILABLE),
    apsw.ConnectionClosedError: (StoreClosed, ""),
    apsw.ConnectionNotClosedError: (StoreError, _INTERNAL),
    apsw.ConstraintError: (StoreCorrupt, _CORRUPT),
    apsw.CorruptError: (StoreCorrupt, _CORRUPT),
    apsw.CursorClosedError: (StoreClosed, ""),
    apsw.EmptyError: (StoreError, _INTERNAL),
    apsw.ExecTraceAbort: (StoreError, _INTERNAL),
    apsw.ExecutionCompleteError: (StoreError, _INTERNAL),
    apsw.ExtensionLoadingError: (StoreError, _INTERNAL),
    apsw.ForkingViolationError: (StoreError, _INTERNAL),
    apsw.FormatError: (StoreCorrupt, _CORRUPT),
    apsw.FullError: (StoreFull, _FULL),
    apsw.IOError: (StoreUnavailable, _FAILED),
    apsw.IncompleteExecutionError: (StoreError, _INTERNAL),
    apsw.InternalError: (StoreError, _INTERNAL),
    apsw.InterruptError: (StoreError, _INTERNAL),
    apsw.InvalidContextError: (StoreError, _INTERNAL),
    apsw.LockedError: (StoreBusy, _BUSY),
    apsw.MismatchError: (StoreCorrupt, _CORRUPT),
    apsw.MisuseError: (StoreError, _INTERNAL),
    apsw.NoFTS5Error: (StoreError, _INTERNAL),
    apsw.NoLFSError: (StoreUnavailable, _UNAVAILABLE),
    apsw.NoMemError: (StoreUnavailable, "not enough memory for {path} ({cause}). Free some"),
    apsw.NotADBError: (NotAStore, _NOT_A_STORE),
    apsw.NotFoundError: (StoreError, _INTERNAL),
    apsw.PermissionsError: (StoreReadOnly, _READ_ONLY),
    apsw.ProtocolError: (StoreBusy, _BUSY),
    apsw.RangeError: (StoreError, _INTERNAL),
    apsw.ReadOnlyError: (StoreReadOnly, _READ_ONLY),
    apsw.SQLError: (StoreCorrupt, _CORRUPT),
    apsw.SchemaChangeError: (StoreBusy, _BUSY),
    apsw.ThreadingViolationError: (StoreError, _INTERNAL),
    apsw.TooBigError: (InvalidInput, _TOO_BIG),
    apsw.VFSFileClosedError: (StoreError, _INTERNAL),
    apsw.VFSNotImplementedError: (StoreError, _INTERNAL),
}
"""Our class and message for each of the driver's. A test fails when the driver grows one.

Our schema is checked when the store opens, so a constraint or a statement that
fails later means that the file is no longer what it was.
"""


DRIVER_ERRORS = (apsw.Error, UnicodeDecodeError)
"""What the driver raises; the second for a text whose bytes are damaged."""


def translated(error: Exception, path: str) -> AmberfileError:
    """Our error for one of `DRIVER_ERRORS`, about the store at `path`."""
    if isinstance(error, UnicodeDecodeError):
        return StoreCorrupt(_CORRUPT.format(path=path, cause=error.reason))
    kind, message = next(
        (KINDS[known] for known in type(error).__mro__ if known in KINDS),
        (StoreError, _INTERNAL),
    )
    if kind is StoreClosed:
        return StoreClosed(path)
    return kind(message.format(path=path, cause=str(error) or type(error).__name__))


def remedy(path: str = "FILE") -> str:
    """What to do about damage, for the end of a message."""
    return f"Look closer: amberfile doctor. {_REMEDY.format(path=path)}"


class Mapped:
    """A context in which the driver's errors become ours. Reusable, also at the same time.

    (A class, not a generator: it stands around every read.)
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, DRIVER_ERRORS):
            raise translated(error, self._path) from error
