"""What programs read: the values behind `--json`, as plain JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeAlias

from amberfile.types import Entry, Hit, Item, Message, SessionInfo, Version

Data: TypeAlias = dict[str, Any]


def entry(one: Entry) -> Data:
    """What a listing tells of an entry."""
    told: Data = {"id": one.id, "kind": one.kind, "text": one.text}
    if isinstance(one, Item):
        return told | {
            "key": one.key,
            "topics": list(one.topics),
            "created_at": one.created_at.isoformat(),
            "updated_at": one.updated_at.isoformat(),
            "version": one.version,
        }
    return told | {
        "session": one.session,
        "seq": one.seq,
        "role": one.role,
        "name": one.name,
        "created_at": one.created_at.isoformat(),
    }


def whole(one: Entry) -> Data:
    """Everything of an entry."""
    return entry(one) | (_more_of_item(one) if isinstance(one, Item) else _more_of_message(one))


def hit(one: Hit) -> Data:
    reasons = [reason._asdict() | {"added": round(reason.added, 6)} for reason in one.why]
    return entry(one.entry) | {"score": round(one.score, 6), "why": reasons}


def version(one: Version) -> Data:
    return whole(one.item) | {"change": one.change, "reason": one.reason}


def session(one: SessionInfo) -> Data:
    return {
        "id": one.id,
        "title": one.title,
        "messages": one.messages,
        "last_seq": one.last_seq,
        "created_at": one.created_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
    }


def _more_of_item(item: Item) -> Data:
    return {
        "scope": asdict(item.scope),
        "state": item.state,
        "metadata": dict(item.metadata),
        "source": asdict(item.source),
        "importance": item.importance,
        "derived_from": list(item.derived_from),
        "valid_from": _time(item.valid_from),
        "valid_to": _time(item.valid_to),
        "expires_at": _time(item.expires_at),
    }


def _more_of_message(message: Message) -> Data:
    calls = message.tool_calls
    return {
        "scope": asdict(message.scope),
        "turn": message.turn,
        "tool_calls": None if calls is None else list(calls),
        "tool_call_id": message.tool_call_id,
        "parts": None if message.parts is None else vars(message.parts),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
