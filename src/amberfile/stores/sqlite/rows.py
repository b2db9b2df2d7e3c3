"""Values to rows and back, each row with a checksum.

SQLite finds damage to its pages, not to what stands in them: a row whose
checksum differs is `StoreCorrupt`, never a missing or a different memory. The
checksum is a CRC that begins with the number of the row's scope, so a row read
as another owner's differs as well, whichever way it was reached. (In the first
files it begins with 0, and tells nothing of the scope.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

from amberfile.errors import StoreCorrupt
from amberfile.stores.sqlite.errors import remedy
from amberfile.types import (
    Item,
    Job,
    Message,
    Parts,
    Scope,
    SessionInfo,
    Source,
    Turn,
    Version,
    micros,
    moment,
)

Value: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = tuple[Any, ...]

ITEM_COLUMNS = (
    "id, version, state, kind, key, text, topics, metadata, source, source_ref, trust,"
    " importance, derived_from, hash, created_at, updated_at, valid_from, valid_to,"
    " expires_at, change, reason, rev, sum"
)
MESSAGE_COLUMNS = (
    "seq, id, role, content, name, tool_calls, tool_call_id, parts, turn, created_at, rev, sum"
)
SESSION_COLUMNS = "name, title, messages, last_seq, created_at, updated_at, rev, sum"
TURN_COLUMNS = "id, state, lease_until, opened_at, closed_at"
JOB_COLUMNS = "id, kind, payload, not_before, state, attempt, lease_until, error"


def bound(text: str | None) -> str | bytes | None:
    """`text` as SQLite takes it: lone surrogates, which UTF-8 refuses, make it a BLOB."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def unbound(value: Any) -> Any:
    """The string, or None, that `bound` was given."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def to_json(value: Any) -> str | bytes:
    return bound(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) or ""


def from_json(value: str | bytes) -> Any:
    return json.loads(unbound(value))


def summed_form(row: Row) -> bytes:
    """What the checksum of an item's, version's or session's row is of: the row without it."""
    return repr(row).encode("utf-8", "surrogatepass")


def message_form(row: Row) -> bytes:
    """The same of a message. The shorter form, for most, is a third of the work."""
    seq, id, role, content, *rare, created_at, rev = row
    if rare == [None] * len(rare):
        return (_PLAIN_FORM % (seq, id, role, content, created_at, rev)).encode()
    return (_FORM % row).encode()


def content_hash(text: str) -> bytes:
    from hashlib import blake2b  # it loads OpenSSL, which a reader does not need

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Stamp(NamedTuple):
    """What the store itself says of a version; the rest is as it was given."""

    id: str
    version: int
    state: str
    created_at: datetime
    change: str
    reason: str
    rev: int


def item_row(item: Item, stamp: Stamp, number: int) -> Row:
    """The row of `ITEM_COLUMNS` in the scope of this number."""
    row = (
        bound(stamp.id),
        stamp.version,
        stamp.state,
        bound(item.kind),
        bound(item.key),
        bound(item.text),
        to_json(item.topics) if item.topics else None,
        to_json(item.metadata) if item.metadata else None,
        bound(item.source.kind),
        bound(item.source.ref),
        item.source.trust,
        item.importance,
        to_json(item.derived_from) if item.derived_from else None,
        content_hash(item.text),
        micros(stamp.created_at),
        micros(item.updated_at),
        _micros(item.valid_from),
        _micros(item.valid_to),
        _micros(item.expires_at),
        stamp.change,
        bound(stamp.reason) or None,
        stamp.rev,
    )
    return (*row, crc32(summed_form(row), number))


def to_version(row: Row, scope: Scope, number: int) -> Version:
    """The item's version that a row of `ITEM_COLUMNS` holds.

    Raises:
        StoreCorrupt: the row is not what was written in the scope of this number.
    """
    form = summed_form(row[:-1])
    if row[-1] != crc32(form, number) and row[-1] != crc32(form):
        raise damaged(f"item {unbound(row[0])!r}")
    id, version, state, kind, key, text, topics, metadata, source, ref, trust = row[:11]
    importance, derived, _, created, updated, since, until, expires, change, reason, rev = row[
        11:22
    ]
    item = Item(
        id=unbound(id),
        scope=scope,
        kind=unbound(kind),
        text=unbound(text),
        created_at=moment(created),
        updated_at=moment(updated),
        key=unbound(key),
        topics=tuple(from_json(topics)) if topics else (),
        metadata=from_json(metadata) if metadata else {},
        source=Source(unbound(source), unbound(ref), trust),
        importance=importance,
        derived_from=tuple(from_json(derived)) if derived else (),
        valid_from=_moment(since),
        valid_to=_moment(until),
        expires_at=_moment(expires),
        state=state,
        version=version,
        rev=rev,
    )
    return Version(item, change, unbound(reason) or "")


def to_item(row: Row, scope: Scope, number: int) -> Item:
    return to_version(row, scope, number).item


def message_row(message: Message, number: int, *, seq: int, turn: str | None, rev: int) -> Row:
    """The row of `MESSAGE_COLUMNS` in the scope of this number."""
    parts = message.parts
    calls = message.tool_calls
    row = (
        seq,
        bound(message.id),
        bound(message.role),
        bound(message.content),
        bound(message.name),
        None if calls is None else to_json(calls),
        bound(message.tool_call_id),
        None if parts is None else to_json([parts.format, parts.version, parts.data]),
        bound(turn),
        micros(message.created_at),
        rev,
    )
    return (*row, crc32(message_form(row), number))


def to_messages(rows: Iterable[Row], scope: Scope, number: int, session: str) -> list[Message]:
    """The messages that rows of `MESSAGE_COLUMNS` hold.

    One loop, and fields set all at once: a call a row and a call a field, as a
    frozen dataclass makes them, would double the time that a log takes to read.

    Raises:
        StoreCorrupt: a row is not what was written in the scope of this number.
    """
    found = []
    for row in rows:
        seq, id, role, content, name, calls, call_id, parts, turn, created_at, rev, sum = row
        plain = name is calls is call_id is parts is turn is None
        if plain:
            form = (_PLAIN_FORM % (seq, id, role, content, created_at, rev)).encode()
        else:
            form = message_form(row[:-1])
            name, calls, call_id, parts, turn = map(unbound, (name, calls, call_id, parts, turn))
        if sum != crc32(form, number) and sum != crc32(form):
            raise damaged(f"message {unbound(id)!r}")
        if bytes in (type(id), type(role), type(content)):
            id, role, content = map(unbound, (id, role, content))
        fields = {
            "id": id,
            "scope": scope,
            "session": session,
            "role": role,
            "content": content,
            "created_at": moment(created_at),
            "name": name,
            "tool_calls": None if calls is None else tuple(json.loads(calls)),
            "tool_call_id": call_id,
            "parts": None if parts is None else Parts(*json.loads(parts)),
            "turn": turn,
            "seq": seq,
            "rev": rev,
        }
        message = _new(Message)
        _set(message, "__dict__", fields)
        found.append(message)
    return found


_new = object.__new__
_set = object.__setattr__


_PLAIN_FORM = "%s\0%s\0%s\0%s\0%s\0%s"
_FORM = "\0".join(["%s"] * MESSAGE_COLUMNS.count(","))


def session_row(session: SessionInfo, number: int, rev: int) -> Row:
    """The row of `SESSION_COLUMNS` in the scope of this number."""
    row = (
        bound(session.id),
        bound(session.title),
        session.messages,
        session.last_seq,
        micros(session.created_at),
        micros(session.updated_at),
        rev,
    )
    return (*row, crc32(summed_form(row), number))


def to_session(row: Row, scope: Scope, number: int) -> SessionInfo:
    name, title, messages, last_seq, created_at, updated_at, _, sum = row
    form = summed_form(row[:-1])
    if sum != crc32(form, number) and sum != crc32(form):
        raise damaged(f"session {unbound(name)!r}")
    return SessionInfo(
        id=unbound(name),
        scope=scope,
        title=unbound(title),
        messages=messages,
        last_seq=last_seq,
        created_at=moment(created_at),
        updated_at=moment(updated_at),
    )


def to_turn(row: Row, session: str) -> Turn:
    id, state, lease_until, opened_at, closed_at = row
    return Turn(
        unbound(id), session, state, moment(lease_until), moment(opened_at), _moment(closed_at)
    )


def to_job(row: Row) -> Job:
    id, kind, payload, not_before, state, attempt, lease_until, error = row
    return Job(
        id=unbound(id),
        kind=unbound(kind),
        payload=from_json(payload),
        not_before=moment(not_before),
        state=state,
        attempt=attempt,
        lease_until=_moment(lease_until),
        error=unbound(error),
    )


def damaged(what: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{what} is not what was written: its checksum differs. "
        f"Nothing more is written here. {remedy()}"
    )


def _micros(time: Any) -> int | None:
    return None if time is None else micros(time)


def _moment(time: int | None) -> Any:
    return None if time is None else moment(time)
