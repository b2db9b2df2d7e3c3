"""Conversations in a file, whatever their messages look like: sessions, ids and times.

A file holds one conversation, bare messages that are one together, or several
conversations. What has no id is called by the file, with a number where there
are several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer.fields import name_in, text_in, time_in
from amberfile.transfer.source import Source, derived_id

_SESSIONS = ("session", "session_id", "conversation_id", "thread_id", "id")
_TITLES = ("title", "name")


class Form(NamedTuple):
    """How one format has its conversations.

    Args:
        is_message: whether a JSON value is a message.
        messages: those of a JSON object; None if it is no conversation.
        said: the message, `created_at` None where it tells no time; None if
            the source itself hides it.
        expected: what a file must hold, for an error.
    """

    is_message: Callable[[Any], bool]
    messages: Callable[[Mapping[str, Any]], Sequence[Any] | None]
    said: Callable[[Mapping[str, Any]], Said | None]
    expected: str


def begins(form: Form, value: Any) -> bool:
    """Whether `value`, the first of a file, is a message or a conversation of this form."""
    try:
        return any(talk.messages for talk in _talks(form, value))
    except InvalidInput:
        return False


def take(form: Form, replay: Replay, source: Source) -> None:
    """Import every conversation.

    A message without a time has that of the one before it in its session, else
    the first that its conversation tells.
    """
    logs: dict[str, _Log] = {}
    for line, talk in _named_talks(form, source):
        with source.at(line):
            if talk.title:
                replay.title(talk.session, talk.title)
            log = logs.setdefault(talk.session, _Log())
            said = [one for one in map(form.said, talk.messages) if one is not None]
            replay.hide(len(talk.messages) - len(said))
            if log.time is None:
                log.time = _first_time(said) or talk.time
            if log.time is None and talk.is_part and not log.position:
                log.time = _first_time(_bare(form, source))
            for one in said:
                _append(replay, source, talk.session, log, one)


@dataclass(frozen=True)
class _Talk:
    session: str
    messages: Sequence[Any]
    title: str = ""
    time: datetime | None = None
    is_part: bool = False
    """Whether it is one bare message, of the conversation that the file is."""


@dataclass(slots=True)
class _Log:
    """What was read of one session: how many messages, and the time of the last."""

    position: int = 0
    time: datetime | None = None


def _append(replay: Replay, source: Source, session: str, log: _Log, said: Said) -> None:
    log.position += 1
    log.time = said.created_at or log.time
    made = derived_id(source.name, session, log.position, said.role, said.content)
    own = said.id or made
    told = replace(said, id=own, created_at=log.time)
    replay.message(session, told, other_id=made if own != made else "")


def _first_time(said: Iterator[Said] | Sequence[Said]) -> datetime | None:
    return next((one.created_at for one in said if one.created_at), None)


def _bare(form: Form, source: Source) -> Iterator[Said]:
    """The bare messages of a file, as far as it can be read; nobody is told of the reading."""
    with suppress(InvalidInput):
        for _, value in replace(source, read=lambda _: None).values():
            said = form.said(value) if form.is_message(value) else None
            if said is not None:
                yield said


def _named_talks(form: Form, source: Source) -> Iterator[tuple[int, _Talk]]:
    """Each conversation and its line, under the name of its session."""
    values = source.values()
    first = list(islice(values, 2))
    several = len(first) > 1
    unnamed = 0
    for line, value in chain(first, values):
        with source.at(line):
            found = list(_talks(form, value))
        for talk in found:
            if talk.is_part:
                yield line, replace(talk, session=source.stem)
            elif talk.session:
                yield line, talk
            else:
                unnamed += 1
                number = f"-{unnamed}" if several or len(found) > 1 else ""
                yield line, replace(talk, session=source.stem + number)


def _talks(form: Form, value: Any) -> Iterator[_Talk]:
    """The conversations in one JSON value; those without an id have the session ""."""
    if form.is_message(value):
        yield _Talk("", [value], is_part=True)
    elif isinstance(value, list) and not all(map(form.is_message, value)):
        for inner in value:
            yield _talk(form, inner)
    elif not isinstance(value, list) or value:
        yield _talk(form, value)


def _talk(form: Form, value: Any) -> _Talk:
    """One conversation: a list of messages, or an object that has one."""
    about: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    messages = value if isinstance(value, list) else form.messages(about)
    if not isinstance(messages, list):
        raise InvalidInput(f"this is no conversation. {form.expected}")
    for number, message in enumerate(messages, start=1):
        if not form.is_message(message):
            raise InvalidInput(f"message {number} is none. {form.expected}")
    title = text_in(about, _TITLES) or ""
    return _Talk(name_in(about, _SESSIONS) or "", messages, title, time_in(about))
