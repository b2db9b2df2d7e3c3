"""Our own format, without loss: a header, then one entry or title a line.

    {"amberfile": 1, "scope": {…}}
    {"type": "item", "id": …, "text": …, "versions": […]}     with its earlier versions
    {"type": "message", "id": …, "session": …, "role": …, "content": …}
    {"type": "session", "id": …, "title": …}                   at the end
    {"type": "escaped", "data": …}                             a line that UTF-8 cannot hold

Lines stand in the order in which the entries were written last. A field that
is absent has no value. What it leaves out: turns, and what was forgotten.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from amberfile.drafts import Draft, Said
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.replay import Replay, Versions, recorded
from amberfile.transfer.plain import json_text
from amberfile.transfer.source import Source
from amberfile.types import EPOCH, Item, Message, Parts, Scope, Version
from amberfile.types import Source as Origin

MARK = "amberfile"
FORMAT = 1

_DRAFTED = [field.name for field in fields(Draft) if field.name != "id"]
_NAMES = [*_DRAFTED, "updated_at", "state", "version"]
_TIMES = {"created_at", "updated_at", "valid_from", "valid_to", "expires_at"}
_CHANGES = ("created", "updated", "retracted", "restored")
_SCOPE = Scope()  # where it is written is the importer's to say


def export_jsonl(memory: Memory, out: BinaryIO) -> int:
    """Write everything in the memory's own scope; gives the number of entries."""
    out.write(_line({MARK: FORMAT, "scope": vars(memory.scope)}))
    count = 0
    for entry in recorded(memory):
        record = _of_message(entry) if isinstance(entry, Message) else _of_item(entry)
        out.write(_line(record))
        count += 1
    for session in sorted(memory.sessions(), key=lambda info: info.id):
        if session.title and session.messages:
            out.write(_line({"type": "session", "id": session.id, "title": session.title}))
    return count


def is_ours(source: Source) -> bool:
    """Whether the file begins with our header."""
    first = source.first_line()
    return isinstance(first, dict) and MARK in first


def take(replay: Replay, source: Source) -> None:
    """Import a file that `export_jsonl` wrote."""
    values = source.values()
    for line, header in islice(values, 1):
        if header[MARK] != FORMAT:
            raise source.damaged(
                line,
                f"format {header[MARK]!r}; this release reads {FORMAT}. "
                "Upgrade: pip install --upgrade amberfile",
            )
    for line, record in values:
        with source.at(line):
            _take(replay, _opened(record))


def _take(replay: Replay, record: Any) -> None:
    match record:
        case {"type": "message"}:
            _take_message(replay, record)
        case {"type": "item", "id": str(id), "versions": list(earlier)}:
            replay.item([_version(id, one) for one in (*earlier, record)])
        case {"type": "item", "id": str(id)}:
            replay.item([_version(id, record)])
        case {"type": "session", "id": id, "title": title}:
            replay.title(id, title)
        case _:
            raise InvalidInput(
                "neither an item, a message nor a session. Export again, or remove the line."
            )


def _line(record: Mapping[str, Any]) -> bytes:
    text = json_text(record)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        data = b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
        return json_text({"type": "escaped", "data": data}).encode() + b"\n"


def _opened(record: Any) -> Any:
    """The record itself, or the one that is escaped in it."""
    match record:
        case {"type": "escaped", "data": str(data)}:
            try:
                return json.loads(b64decode(data, validate=True).decode("utf-8", "surrogatepass"))
            except (ValueError, RecursionError):
                raise InvalidInput("damaged data. Export again, or remove the line.") from None
    return record


def _of_message(message: Message) -> dict[str, Any]:
    record = {
        "type": "message",
        "id": message.id,
        "session": message.session,
        "role": message.role,
        "name": message.name,
        "content": message.content,
        "tool_calls": None if message.tool_calls is None else list(message.tool_calls),
        "tool_call_id": message.tool_call_id,
        "parts": message.parts and vars(message.parts),
        "created_at": message.created_at.isoformat(),
    }
    return {name: value for name, value in record.items() if value is not None}


def _take_message(replay: Replay, record: Mapping[str, Any]) -> None:
    parts = record.get("parts")
    said = Said(
        role=_needed(record, "role"),
        content=record.get("content"),
        name=record.get("name"),
        tool_calls=record.get("tool_calls"),
        tool_call_id=record.get("tool_call_id"),
        parts=None if parts is None else Parts(*(_needed(parts, name) for name in _PARTS)),
        created_at=_time(record, "created_at"),
        id=_needed(record, "id"),
    )
    replay.message(_needed(record, "session"), said)


_PARTS = [field.name for field in fields(Parts)]


def _of_item(versions: Versions) -> dict[str, Any]:
    *earlier, last = [_of_version(version) for version in versions]
    record = {"type": "item", "id": versions[-1].item.id, **last}
    return record | ({"versions": earlier} if earlier else {})


def _of_version(version: Version) -> dict[str, Any]:
    item = version.item
    record = {name: getattr(item, name) for name in _NAMES}
    record |= {name: record[name] and record[name].isoformat() for name in _TIMES}
    record |= {"source": _without_nothing(vars(item.source)), "change": version.change}
    record |= {"topics": list(item.topics), "derived_from": list(item.derived_from)}
    return {"text": item.text} | _without_nothing(record | {"reason": version.reason})


def _without_nothing(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (None, "", [], {})}


def _version(id: str, record: Any) -> Version:
    change = _needed(record, "change")
    if change not in _CHANGES:
        raise InvalidInput(f"change={change!r} is unknown; known: {', '.join(_CHANGES)}.")
    given = {name: record[name] for name in _DRAFTED if name in record}
    given |= {name: _time(record, name) for name in _TIMES}
    given |= {"source": _origin(record.get("source", {}))}
    item = Item(id=id, scope=_SCOPE, **{"text": _needed(record, "text"), "kind": None} | given)
    return Version(item, change, record.get("reason", ""))


def _origin(record: Any) -> Origin:
    if not isinstance(record, Mapping):
        raise InvalidInput(f"source={record!r} is no object. Export again, or remove the line.")
    return Origin(**{name: record[name] for name in ("kind", "ref", "trust") if name in record})


def _needed(record: Any, name: str) -> Any:
    if not isinstance(record, Mapping) or name not in record:
        raise InvalidInput(f"{name!r} is missing. Export again, or remove the line.")
    return record[name]


def _time(record: Mapping[str, Any], name: str) -> Any:
    """A time in ISO 8601; None if there is none."""
    value = record.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name}={value!r} is no time. Write {EPOCH.isoformat()}.") from None
