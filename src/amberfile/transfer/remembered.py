"""One memory of another program, as an item: with one version, or with its earlier texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from amberfile.replay import Replay
from amberfile.transfer.source import derived_id
from amberfile.types import Item, Scope, Source, Version


class Earlier(NamedTuple):
    """A text that a memory had before, and since when."""

    text: str
    at: datetime


def remember(
    replay: Replay,
    text: str,
    *,
    id: str,
    origin: str,
    kind: str = "note",
    key: str | None = None,
    topics: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
    expires_at: datetime | None = None,
    earlier: Sequence[Earlier] = (),
) -> None:
    """Bring it in.

    Args:
        id: the same for the same memory, whenever it is imported.
        origin: the file that it stands in, as a reader would look for it.
        created_at, updated_at: None: as the other says; both None: now.
        earlier: oldest first.
    """
    created = created_at or updated_at or replay.now()
    item = Item(
        id=id,
        scope=Scope(),  # whose it will be is the replay's to say
        kind=kind,
        text=text,
        created_at=created,
        updated_at=updated_at or created,
        key=key,
        topics=tuple(topics),
        metadata={} if metadata is None else metadata,
        source=Source("import", origin),
        expires_at=expires_at,
    )
    before = [replace(item, text=one.text, updated_at=one.at) for one in earlier]
    first, *rest = *before, item
    replay.item([Version(first, "created"), *(Version(one, "updated") for one in rest)])


def relate(
    replay: Replay,
    subject: str,
    relation: str,
    target: str,
    *,
    origin: str,
    metadata: Mapping[str, Any],
    created_at: datetime | None = None,
) -> None:
    """Bring in that two things are related, as the sentence that says so."""
    text = f"{subject} {relation.replace('_', ' ')} {target}"
    id = derived_id("relation", subject, relation, target)
    remember(
        replay,
        text,
        id=id,
        origin=origin,
        kind="relation",
        metadata=metadata,
        created_at=created_at,
    )
