"""LangChain's messages: as `messages_to_dict`, `dumpd` or a message's own fields have them.

Only fields are read. The name of a class in the file is data: nothing is
looked up by it, imported or called. The calls of tools are kept in LangChain's
shape; what has no field here stays in `parts`, with the rest of the original.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from amberfile.drafts import Said
from amberfile.transfer.chats import talks
from amberfile.transfer.chats.talks import Form
from amberfile.transfer.fields import named, objects, time_in, told_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.originals import kept

FORMAT = "langchain"

_ROLES = {"human": "user", "ai": "assistant"}
_PLAIN = {*_ROLES, "system", "tool", "function"}
_TOLD = ("content", "name", "tool_calls", "tool_call_id", "id")
_USUAL = ("status", "success")
_EXPECTED = (
    'Give a list of messages such as {"type": "human", "data": {"content": "Hello"}}, '
    'or {"messages": [...]}, or one of these a line.'
)


def _is_message(value: Any) -> bool:
    return _is_unwritten(value) or _opened(value) is not None


def _messages(value: Mapping[str, Any]) -> Sequence[Any] | None:
    """Those of a history, which may be an object that was dumped itself."""
    match value:
        case {"messages": list(messages)} | {"lc": int(), "kwargs": {"messages": list(messages)}}:
            return messages
    return None


def _opened(value: Any) -> tuple[str, Mapping[str, Any]] | None:
    """The type of a message and its fields; None if it is no message."""
    match value:
        case {"lc": int(), "type": "constructor", "id": [*_, str(name)], "kwargs": dict(fields)}:
            kind = fields.get("type")
            if "messages" not in fields and ("Message" in name or "content" in fields):
                return _type(kind if isinstance(kind, str) else name), fields
        case {"type": str(kind), "data": dict(fields)} if "content" in fields:
            return _type(kind), fields
        case {"type": str(kind), "content": _}:
            marked = "additional_kwargs" in value or "response_metadata" in value
            if marked or _type(kind) in _ROLES:
                return _type(kind), value
    return None


def _is_unwritten(value: Any) -> bool:
    """Whether it stands for what LangChain did not write down: a secret, or an unknown class."""
    match value:
        case {"lc": int(), "type": "secret" | "not_implemented"}:
            return True
    return False


def _type(name: str) -> str:
    """The type that a class or its piece has: "AIMessageChunk" is "ai"."""
    short = name.removesuffix("Chunk").removesuffix("Message")
    return short.lower() if short != name and short else name


def _said(original: Mapping[str, Any]) -> Said | None:
    opened = _opened(original)
    if opened is None or opened[0] == "remove":
        return None
    kind, fields = opened
    said = Said(
        role=_role(kind, fields),
        content=told_in(fields.get("content")),
        name=named(fields.get("name")),
        tool_calls=_calls(fields),
        tool_call_id=named(fields.get("tool_call_id")),
        created_at=_time(fields),
        id=named(fields.get("id")),
    )
    if kind in _PLAIN and _tells_all(said, fields):
        return said
    return replace(said, parts=kept(FORMAT, original, said))


def _tells_all(said: Said, fields: Mapping[str, Any]) -> bool:
    """Whether every other field is empty. It compares by identity, which no depth can hurt."""
    told = {name: getattr(said, name) for name in _TOLD}
    return all(
        not value or value is told.get(name) or name == "type" or (name, value) == _USUAL
        for name, value in fields.items()
    )


def _role(kind: str, fields: Mapping[str, Any]) -> str:
    role = named(fields.get("role")) if kind == "chat" else None
    return role or _ROLES.get(kind, kind)


def _calls(fields: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The calls; where only the provider's own are there, these."""
    more = fields.get("additional_kwargs")
    others = more.get("tool_calls") if isinstance(more, Mapping) else None
    return objects(fields.get("tool_calls")) or objects(others)


def _time(fields: Mapping[str, Any]) -> datetime | None:
    """A provider or an application may have noted one."""
    places = (fields, fields.get("additional_kwargs"), fields.get("response_metadata"))
    return next(filter(None, map(time_in, places)), None)


FORM = Form(_is_message, _messages, _said, _EXPECTED)

IMPORTER = Importer(
    FORMAT,
    "messages as LangChain writes them",
    lambda source: talks.begins(FORM, source.first),
    lambda replay, source: talks.take(FORM, replay, source),
)
