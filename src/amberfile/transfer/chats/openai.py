"""Conversations as the OpenAI API has them: lists of messages with a role and a content.

What of a message has no field here is kept in its `parts`, with the rest of
the original, so that the export gives it back exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Any, BinaryIO

from amberfile.checks import MAX_NAME
from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.memory import Memory
from amberfile.plain import json_text
from amberfile.replay import Replay
from amberfile.session import Session
from amberfile.transfer import originals
from amberfile.transfer.fields import time_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.source import LINES, Source, derived_id
from amberfile.types import Message, SessionInfo, same_json

FORMAT = "openai"

SUFFIXES = (".json", *LINES)

_TIMES = ("created_at", "timestamp", "time", "date", "create_time")
_SESSIONS = ("session", "session_id")
_CONVERSATIONS = (*_SESSIONS, "conversation_id", "id")
_TITLES = ("title", "name")
_RESPONSES = re.compile(r"message|reasoning|item_reference|[a-z_]{1,50}_call(_output)?")
_EXPECTED = (
    'Give a list of messages such as {"role": "user", "content": "Hello"}, '
    'or {"messages": [...]}, or one of these a line.'
)


def _take(replay: Replay, source: Source) -> None:
    """Import a file of conversations, or of bare messages one a line."""
    logs: dict[str, _Log] = {}
    for line, talk in _talks(source):
        if talk.title:
            with source.at(line):
                replay.title(talk.session, talk.title)
        for original in talk.messages:
            with source.at(line):
                session = _name(original, _SESSIONS) or talk.session
                log = logs.setdefault(session, _Log(source.name, session))
                said, other_id = log.next(original)
                replay.message(session, said, other_id=other_id)


def export_openai(memory: Memory, out: BinaryIO) -> int:
    """Write the sessions of the memory's own scope, one a line, the earliest begun first.

    Gives the number of messages. Items have no place in this format.
    """
    begun = sorted(memory.sessions(), key=lambda info: (info.created_at, info.id))
    return sum(_write(info, memory.session(info.id), out) for info in begun)


def export_session(session: Session, out: BinaryIO) -> int:
    """Write this one on a line, as `export_openai` does. `NotFound` if it has not begun."""
    return _write(session.info(), session, out)


def _write(info: SessionInfo, session: Session, out: BinaryIO) -> int:
    """Nothing of a session without messages; gives their number."""
    messages = [original_of(one) for one in session.messages()]
    if messages:
        talk = {"id": info.id, "title": info.title, "messages": messages}
        line = json_text({name: value for name, value in talk.items() if value != ""})
        out.write(line.encode("utf-8", "backslashreplace") + b"\n")
    return len(messages)


def original_of(message: Message | Said) -> Any:
    """The message as it came in, or as its fields tell it."""
    if message.parts is not None and message.parts.format == FORMAT:
        return originals.original(message.parts, message)
    fields = {
        "role": message.role,
        "name": message.name,
        "content": message.content,
        "tool_calls": None if message.tool_calls is None else list(message.tool_calls),
        "tool_call_id": message.tool_call_id,
        "created_at": message.created_at and message.created_at.isoformat(),
    }
    return {name: value for name, value in fields.items() if value is not None or name == "content"}


@dataclass(frozen=True)
class _Talk:
    session: str
    title: str
    messages: Sequence[Mapping[str, Any]]
    is_part: bool = False
    """Whether it is one bare message, of the conversation that the file is."""


class _Log:
    """What was read of one session: each message's place in it, and its time."""

    def __init__(self, source: str, session: str) -> None:
        self._source, self._session = source, session
        self._position = 0
        self._time: datetime | None = None

    def next(self, original: Mapping[str, Any]) -> tuple[Said, str]:
        """The next message and, where it has an id of its own, the one that we would give it."""
        self._position += 1
        said = said_of(original)
        self._time = said.created_at or self._time
        made = derived_id(self._source, self._session, self._position, said.role, said.content)
        said = replace(said, created_at=self._time, id=said.id or made)
        return said, made if said.id != made else ""


def said_of(original: Mapping[str, Any]) -> Said:
    """The message; `created_at` is None where no time can be read."""
    calls = original.get("tool_calls")
    said = Said(
        role=_role(original),
        content=_content(original.get("content")),
        name=_named(original.get("name")),
        tool_calls=calls if _are_objects(calls) else None,
        tool_call_id=_named(original.get("tool_call_id")),
        created_at=time_in(original, _TIMES),
        id=_name(original, ("id",)),
    )
    if same_json(original, original_of(said)):
        return said
    return replace(said, parts=originals.kept(FORMAT, original, said))


def _talks(source: Source) -> Iterator[tuple[int, _Talk]]:
    """Each conversation and its line. Bare messages are parts of the file's own."""
    values = source.values()
    first = list(islice(values, 2))
    several = len(first) > 1
    unnamed = 0
    for line, value in chain(first, values):
        with source.at(line):
            found = list(_conversations(value))
        for talk in found:
            if talk.is_part:
                yield line, _Talk(source.stem, "", talk.messages)
            elif talk.session:
                yield line, talk
            else:
                unnamed += 1
                number = f"-{unnamed}" if several or len(found) > 1 else ""
                yield line, replace(talk, session=source.stem + number)


def _conversations(value: Any) -> Iterator[_Talk]:
    """The conversations in one JSON value; those without an id have the session ""."""
    if _is_message(value):
        yield _Talk("", "", [value], is_part=True)
    elif isinstance(value, Mapping) and isinstance(value.get("messages"), list):
        messages = value["messages"]
        for number, message in enumerate(messages, start=1):
            if not _is_message(message):
                raise InvalidInput(f"message {number} has no role. {_EXPECTED}")
        yield _Talk(_name(value, _CONVERSATIONS) or "", _title(value), messages)
    elif isinstance(value, list) and all(map(_is_message, value)):
        yield from [_Talk("", "", value)] if value else []
    elif isinstance(value, list) and all(map(_is_conversation, value)):
        for inner in value:
            yield from _conversations(inner)
    else:
        raise InvalidInput(f"this is no conversation. {_EXPECTED}")


def _fits(first: Any, depth: int = 0) -> bool:
    """Whether the first value of a file is a message of either interface, or holds them."""
    if isinstance(first, Mapping) and isinstance(first.get("messages"), list):
        first = first["messages"]
    if isinstance(first, list):
        return depth < 3 and all(_fits(inner, depth + 1) for inner in first[:3])
    if not isinstance(first, Mapping):
        return False
    kind = first.get("type")
    is_part = isinstance(kind, str) and bool(_RESPONSES.fullmatch(kind))
    return isinstance(first.get("role"), str) or is_part


def _is_message(value: Any) -> bool:
    """A message has a role; what the Responses API adds has a type in its place."""
    if not isinstance(value, Mapping) or "messages" in value:
        return False
    return any(isinstance(value.get(field), str) for field in ("role", "type"))


def _is_conversation(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_message, value))
    return isinstance(value, Mapping) and isinstance(value.get("messages"), list)


def _role(original: Mapping[str, Any]) -> str:
    role = original.get("role")
    return role if isinstance(role, str) else original["type"]


def _content(value: Any) -> str | None:
    """The text, or the texts of the parts, one a line."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    texts = [part["text"] for part in value if isinstance(part, dict) and _is_text(part)]
    return "\n".join(texts) if texts else None


def _is_text(part: Mapping[str, Any]) -> bool:
    return "text" in str(part.get("type", "text")) and isinstance(part.get("text"), str)


def _named(value: Any) -> str | None:
    fits = isinstance(value, str) and 0 < len(value) <= MAX_NAME
    return value if fits else None


def _name(value: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first id under one of `keys`; a number becomes a string."""
    for key in keys:
        found = value.get(key)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if name := _named(found):
            return name
    return None


def _title(value: Mapping[str, Any]) -> str:
    return next((value[key] for key in _TITLES if isinstance(value.get(key), str)), "")


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


IMPORTER = Importer(
    "openai",
    "conversations as the OpenAI API has them",
    lambda source: _fits(source.first),
    _take,
)
