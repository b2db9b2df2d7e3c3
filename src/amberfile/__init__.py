"""Persistent memory for AI agents, kept in one SQLite file.

>>> import amberfile
>>> memory = amberfile.open("ram:")
>>> item = memory.remember("Deploys go out on Friday", key="deploy_window")
>>> memory.recall("when do we deploy?")[0].text
'Deploys go out on Friday'
"""

TYPE_CHECKING = False  # what type checkers take for true; `typing` itself costs 10 ms
if TYPE_CHECKING:
    from amberfile.drafts import Draft, Said
    from amberfile.errors import (
        AmberfileError,
        Ambiguous,
        Conflict,
        InvalidInput,
        MissingExtra,
        NotAStore,
        NotFound,
        OpIdReused,
        SchemaTooNew,
        ScopeError,
        StoreBusy,
        StoreClosed,
        StoreCorrupt,
        StoreError,
        StoreFull,
        StoreReadOnly,
        StoreUnavailable,
        Unsupported,
    )
    from amberfile.memory import Memory, open
    from amberfile.session import Session
    from amberfile.types import (
        ALL,
        Filter,
        Hit,
        Item,
        Message,
        Page,
        Parts,
        Reason,
        Scope,
        SessionInfo,
        Source,
        Version,
    )

__version__ = "0.1.0"

_HOMES = {
    "drafts": "Draft Said",
    "errors": """
        AmberfileError Ambiguous Conflict InvalidInput MissingExtra NotAStore NotFound
        OpIdReused SchemaTooNew ScopeError StoreBusy StoreClosed StoreCorrupt StoreError
        StoreFull StoreReadOnly StoreUnavailable Unsupported
    """,
    "memory": "Memory open",
    "session": "Session",
    "types": """
        ALL Filter Hit Item Message Page Parts Reason Scope SessionInfo Source Version
    """,
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "ALL",
    "AmberfileError",
    "Ambiguous",
    "Conflict",
    "Draft",
    "Filter",
    "Hit",
    "InvalidInput",
    "Item",
    "Memory",
    "Message",
    "MissingExtra",
    "NotAStore",
    "NotFound",
    "OpIdReused",
    "Page",
    "Parts",
    "Reason",
    "Said",
    "SchemaTooNew",
    "Scope",
    "ScopeError",
    "Session",
    "SessionInfo",
    "Source",
    "StoreBusy",
    "StoreClosed",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoreUnavailable",
    "Unsupported",
    "Version",
    "open",
]


def __getattr__(name: str) -> object:
    """Load a name's module at its first use: `import amberfile` alone costs a millisecond."""
    if name not in _HOME:
        raise AttributeError(f"module 'amberfile' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"amberfile.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
