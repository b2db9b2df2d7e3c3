"""The suite of the `Store` contract: subclass `StoreConformance` and override `store`."""

from __future__ import annotations

from amberfile.testing.finding import ChangesContract, FindContract, TermsContract
from amberfile.testing.hooks import needs, only_if
from amberfile.testing.hostile import HostileContract
from amberfile.testing.imports import (
    IfEmptyContract,
    ImportContract,
    ReturnContract,
    WrittenByContract,
)
from amberfile.testing.isolation import IsolationContract
from amberfile.testing.items import (
    ItemContract,
    KeyContract,
    LettingGoContract,
    VersionContract,
)
from amberfile.testing.jobs import JobContract
from amberfile.testing.names import IdsContract, KeyedContract, TallyContract
from amberfile.testing.reindexing import ReindexContract
from amberfile.testing.sessions import (
    ListingContract,
    NeighbourContract,
    SessionContract,
    TurnContract,
)
from amberfile.testing.sharing import (
    InstanceContract,
    LifeContract,
    RestartContract,
    ThreadContract,
)
from amberfile.testing.wholeness import RetryContract, WholenessContract

__all__ = ["StoreConformance", "needs", "only_if"]


class StoreConformance(
    ItemContract,
    KeyContract,
    VersionContract,
    LettingGoContract,
    FindContract,
    TermsContract,
    ChangesContract,
    IdsContract,
    KeyedContract,
    TallyContract,
    SessionContract,
    NeighbourContract,
    ListingContract,
    TurnContract,
    JobContract,
    ImportContract,
    WrittenByContract,
    ReturnContract,
    IfEmptyContract,
    IsolationContract,
    ReindexContract,
    WholenessContract,
    RetryContract,
    ThreadContract,
    InstanceContract,
    RestartContract,
    LifeContract,
    HostileContract,
):
    """Whether a store keeps the contract. The hooks are in `amberfile.testing.hooks`.

    What `store.capabilities` declares must work; a method of what it does not
    declare must raise `Unsupported`.
    """
