"""Persistent memory for AI agents, kept in one SQLite file.

>>> import amberfile
>>> memory = amberfile.open("ram:")
>>> item = memory.remember("Deploys go out on Friday", key="deploy_window")
>>> memory.recall("when do we deploy?")[0].text
'Deploys go out on Friday'
"""

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
