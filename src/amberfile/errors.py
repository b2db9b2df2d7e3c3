"""Every error that amberfile raises, and nothing else.

    AmberfileError
    ├── InvalidInput (ValueError)      the call was wrong; nothing was written
    │   └── ScopeError                 a bound scope bound again, or a read outside it
    ├── NotFound (LookupError)         an id, key, session or file that must exist does not
    ├── Ambiguous (LookupError)        a prefix that fits several
    ├── Conflict                       somebody else was first; nothing was written
    │   └── OpIdReused                 one op_id, two different calls
    ├── Unsupported                    this store cannot do that, and says so
    ├── MissingExtra (ImportError)     an optional package is not installed
    └── StoreError                     the store itself
        ├── StoreClosed
        ├── StoreBusy                  retryable: others kept it locked
        ├── StoreUnavailable           it cannot be reached or opened
        │   ├── StoreReadOnly
        │   └── StoreFull
        ├── StoreCorrupt               what was read is not what was written
        ├── NotAStore                  the file belongs to another program
        └── SchemaTooNew               a newer amberfile wrote it

A message says what happened, with the values, and the next step. `retryable`
is true where the same call may succeed later without a change.
"""

from __future__ import annotations

from collections.abc import Sequence


class AmberfileError(Exception):
    """The base of every error that amberfile raises."""

    retryable = False


class InvalidInput(AmberfileError, ValueError):
    """A value that no store accepts, refused before anything is written."""


class ScopeError(InvalidInput):
    """A scope that is already bound, may not be read, or has not been named."""


class NotFound(AmberfileError, LookupError):
    """What the call needs does not exist in this scope."""


class Ambiguous(AmberfileError, LookupError):
    """A prefix that fits several; `candidates` lists them."""

    def __init__(self, what: str, prefix: str, candidates: Sequence[str]) -> None:
        shown = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
        super().__init__(
            f"{len(candidates)} {many} begin with {prefix!r}: {shown}. Give more characters"
        )
        self.candidates = tuple(candidates)


class Conflict(AmberfileError):
    """Somebody else was first. Read again, decide, and repeat the call."""


class OpIdReused(Conflict):
    """An op_id names one call; it was given with a different one."""

    def __init__(self, op_id: str) -> None:
        super().__init__(
            f"op_id {op_id!r} was used for a different call in the last 24 hours. "
            "Repeat exactly the first call, or use a new op_id."
        )


class Unsupported(AmberfileError):
    """This store does not have that capability."""

    def __init__(self, store: str, capability: str) -> None:
        super().__init__(
            f"the {store} store has no {capability!r}. "
            "store.capabilities says what it has; sqlite: has the most."
        )


class MissingExtra(AmberfileError, ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package!r}, which is not installed. "
            f"Install it with: pip install 'amberfile[{extra}]'"
        )


class StoreError(AmberfileError):
    """The store could not do what it should; the message says why."""


class StoreClosed(StoreError):
    """The store was closed."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is closed. Open it again: amberfile.open(…)")


class StoreBusy(StoreError):
    """Others kept the store locked for the whole time that we wait."""

    retryable = True


class StoreUnavailable(StoreError):
    """The store cannot be opened or reached."""


class StoreReadOnly(StoreUnavailable):
    """It can be read but not written."""


class StoreFull(StoreUnavailable):
    """No room is left where the store lives."""

    retryable = True


class StoreCorrupt(StoreError):
    """What was read is not what was written. Nothing more is written to it."""


class NotAStore(StoreError):
    """The file was written by another program."""


class SchemaTooNew(StoreError):
    """A newer release wrote the store; it is left untouched."""

    def __init__(self, where: str, *, found: int, known: int) -> None:
        super().__init__(
            f"{where} has schema {found}; this release knows up to {known}. "
            "Nothing was changed. Upgrade: pip install --upgrade amberfile"
        )
        self.found, self.known = found, known
