"""Our own records: entries as plain values and back. JSONL and YAML write the same ones.

    {"amberfile": 1, "scope": {…}}                             the first
    {"type": "item", "id": …, "text": …, "versions": […]}     with its earlier versions
    {"type": "message", "id": …, "session": …, "role": …, "content": …}
    {"type": "session", "id": …, "title": …}                   at the end
    {"type": "escaped", "data": …}                             one that UTF-8 cannot hold

They stand in the order in which the entries were written last. A field that
is absent has no value. What it leaves out: turns, and what was forgotten.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeAlias

from amberfile.drafts import Draft, Said
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.plain import json_text
from amberfile.replay import Replay, Versions, recorded
from amberfile.transfer.source import Line, Source
from amberfile.types import EPOCH, Item, Message, Parts, Scope, Version
from amberfile.types import Source as Origin

Record: TypeAlias = Mapping[str, Any]

MARK = "amberfile"
FORMAT = 1

DRAFTED = [field.name for field in fields(Draft) if field.name != "id"]
_NAMES = [*DRAFTED, "updated_at", "state", "version"]
TIMES = {"created_at", "updated_at", "valid_from", "valid_to", "expires_at"}
_CHANGES = ("created", "updated", "retracted", "restored")
_PARTS = [field.name for field in fields(Parts)]
_SCOPE = Scope()  # where it is written is the importer's to say
_REMEDY = "Export again, or remove it."


def of_memory(memory: Memory) -> Iterator[Record]:
    """Everything in the memory's own scope, the header first."""
    yield {MARK: FORMAT, "scope": vars(memory.scope)}
    for entry in recorded(memory):
        yield _of_message(entry) if isinstance(entry, Message) else of_item(entry)
    for session in sorted(memory.sessions(), key=lambda info: info.id):
        if session.title and session.messages:
            yield {"type": "session", "id": session.id, "title": session.title}


def is_entry(record: Record) -> bool:
    """Whether it is an item or a message: these are what an export counts."""
    return record.get("type") in ("item", "message")


def encoded(record: Record, written: Callable[[Record], str]) -> bytes:
    """The record in UTF-8, escaped as a whole where that cannot hold it."""
    try:
        return written(record).encode()
    except UnicodeEncodeError:
        return written({"type": "escaped", "data": escaped(record)}).encode()


def escaped(record: Record) -> str:
    """JSON in Base64, which holds lone surrogates too."""
    return b64encode(json_text(record).encode("utf-8", "surrogatepass")).decode("ascii")


def unescaped(data: Any) -> Any:
    """What was `escaped`."""
    try:
        return json.loads(b64decode(data, validate=True).decode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(f"damaged data. {_REMEDY}") from None


def check_header(header: Any) -> None:
    """Refuse what is not of a release that this one can read."""
    match header:
        case {"amberfile": found} if found == FORMAT:
            return
        case {"amberfile": found}:
            raise InvalidInput(
                f"format {found!r}; this release reads {FORMAT}. "
                "Upgrade: pip install --upgrade amberfile"
            )
    raise InvalidInput("no header of an export by amberfile. Name the right format.")


def take_all(replay: Replay, source: Source, values: Iterable[Line]) -> None:
    """Bring in the records of a file: its header, then all others."""
    begun = False
    for line, record in values:
        with source.at(line):
            if begun:
                take(replay, _opened(record))
            else:
                check_header(record)
                begun = True


def take(replay: Replay, record: Any) -> None:
    """Bring in one record."""
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
            raise InvalidInput(f"neither an item, a message nor a session. {_REMEDY}")


def of_item(versions: Versions) -> dict[str, Any]:
    """An item with its history."""
    *earlier, last = [_of_version(version) for version in versions]
    record = {"type": "item", "id": versions[-1].item.id, **last}
    return record | ({"versions": earlier} if earlier else {})


def _opened(record: Any) -> Any:
    """The record itself, or the one that is escaped in it."""
    match record:
        case {"type": "escaped", "data": data}:
            return unescaped(data)
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


def _take_message(replay: Replay, record: Record) -> None:
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


def _of_version(version: Version) -> dict[str, Any]:
    item = version.item
    record = {name: getattr(item, name) for name in _NAMES}
    record |= {name: record[name] and record[name].isoformat() for name in TIMES}
    source = {name: value for name, value in vars(item.source).items() if value is not None}
    record |= {"source": source, "change": version.change}
    record |= {"topics": list(item.topics), "derived_from": list(item.derived_from)}
    return {"text": item.text} | _without_nothing(record | {"reason": version.reason})


def _without_nothing(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (None, "", [], {})}


def _version(id: str, record: Any) -> Version:
    change = _needed(record, "change")
    if change not in _CHANGES:
        raise InvalidInput(f"change={change!r} is unknown; known: {', '.join(_CHANGES)}.")
    given = {name: record[name] for name in DRAFTED if name in record}
    given |= {name: _time(record, name) for name in TIMES}
    given |= {"source": _origin(record.get("source", {}))}
    item = Item(id=id, scope=_SCOPE, **{"text": _needed(record, "text"), "kind": None} | given)
    return Version(item, change, record.get("reason", ""))


def _origin(record: Any) -> Origin:
    if not isinstance(record, Mapping):
        raise InvalidInput(f"source={record!r} is no object. {_REMEDY}")
    return Origin(**{name: record[name] for name in ("kind", "ref", "trust") if name in record})


def _needed(record: Any, name: str) -> Any:
    if not isinstance(record, Mapping) or name not in record:
        raise InvalidInput(f"{name!r} is missing. {_REMEDY}")
    return record[name]


def _time(record: Record, name: str) -> Any:
    """A time in ISO 8601; None if there is none."""
    value = record.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name}={value!r} is no time. Write {EPOCH.isoformat()}.") from None
