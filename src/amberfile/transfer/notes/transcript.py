"""A conversation as Markdown to read. What was said stands in quotes, so it forges no speaker."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from amberfile.plain import json_text, printable
from amberfile.transfer.notes.front import written
from amberfile.transfer.own import records
from amberfile.types import Message, SessionInfo

KIND = "conversation"

_LINE = re.compile(r"\r\n|\r|\n")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def of(session: SessionInfo, messages: Sequence[Message]) -> str:
    """One file: front matter, then each message under its speaker and time."""
    title = printable(session.title or session.id)
    front = {
        "type": KIND,
        "title": title,
        "timestamp": session.updated_at.isoformat(),
        records.MARK: records.FORMAT,
        "session": printable(session.id),
    }
    lines = ["", f"# {_plain(title)}", ""]
    for message in messages:
        lines += _of_message(message)
    return written(front, "\n".join(lines))


def _of_message(message: Message) -> Iterator[str]:
    name = f" ({message.name})" if message.name else ""
    said = message.created_at.isoformat(sep=" ", timespec="seconds")
    yield f"## {_plain(printable(message.role + name))}, {said}"
    yield ""
    for line in _LINE.split(message.text) if message.text else ():
        yield f"> {'	'.join(printable(piece) for piece in line.split('	'))}".rstrip(" ")
    for call in message.tool_calls or ():
        yield f">     {printable(json_text(call))}"
    yield ""


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
