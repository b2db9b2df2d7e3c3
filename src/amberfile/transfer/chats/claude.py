"""Claude's export: `conversations.json`, `projects.json`, `memories.json`, or a file for each.

A conversation becomes a session; newer exports tell which message each one
answers, so an edited question begins a branch. Its summary, what Claude
remembers, and a project's instructions and documents become items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer.chats import tree
from amberfile.transfer.fields import name_in, named, text_in, time_in, told_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.originals import kept
from amberfile.transfer.remembered import remember
from amberfile.transfer.source import Source, derived_id

FORMAT = "claude"

_ROLES = {"human": "user"}
_MEMORIES = ("conversations_memory", "project_memories")
_PROJECT = ("prompt_template", "docs")
_TIMES = ("created_at", "updated_at")
_AGAIN = "Export again, or take it out."


def _fits(source: Source) -> bool:
    first = source.first
    if not isinstance(first, dict):
        return False
    if isinstance(first.get("chat_messages"), list) or any(name in first for name in _MEMORIES):
        return True
    return {"uuid", "name"} <= first.keys() and any(name in first for name in _PROJECT)


def _take(replay: Replay, source: Source) -> None:
    for number, (line, value) in enumerate(source.values(), start=1):
        with source.at(line):
            about = _object("this", value)
            if "chat_messages" in about:
                talk = _conversation(about, f"{source.stem}-{number}")
                tree.write(replay, talk)
                _take_summary(replay, about, talk.session, source.name)
            elif any(field in about for field in _MEMORIES):
                _take_memories(replay, about, source.name)
            elif any(field in about for field in _PROJECT):
                _take_project(replay, about, source.name)
            else:
                raise InvalidInput(f"neither a conversation, a project nor memories. {_AGAIN}")


def _conversation(about: Mapping[str, Any], otherwise: str) -> tree.Tree[int]:
    """The tree of one conversation, by the places in its list; `otherwise` is its name."""
    messages = _objects("chat_messages", about)
    places = {named(message.get("uuid")) or "": place for place, message in enumerate(messages)}
    tip = about.get("current_leaf_message_uuid")
    return tree.Tree(
        session=name_in(about, ("uuid",)) or otherwise,
        title=text_in(about, ("name",)) or "",
        parents=_parents(messages, places),
        said={place: _said(message) for place, message in enumerate(messages)},
        tip=places.get(named(tip) or "-"),
        time=time_in(about, _TIMES),
    )


def _parents(
    messages: Sequence[Mapping[str, Any]], places: Mapping[str, int]
) -> dict[int, int | None]:
    """What each message answers; the one before it where the export does not tell."""
    told = [named(message.get("parent_message_uuid")) or "-" for message in messages]
    if any(parent in places for parent in told):
        return {place: places.get(parent) for place, parent in enumerate(told)}
    return {place: place - 1 for place in range(len(messages))}


def _said(message: Mapping[str, Any]) -> Said:
    sender = text_in(message, ("sender",))
    if sender is None:
        raise InvalidInput(f"a message has no sender. {_AGAIN}")
    said = Said(
        role=_ROLES.get(sender, sender),
        content=_text(message),
        created_at=time_in(message, _TIMES),
        id=named(message.get("uuid")),
    )
    return replace(said, parts=kept(FORMAT, message, said))


def _text(message: Mapping[str, Any]) -> str | None:
    """The texts of its blocks; where it has none its text, or what its attachments hold.

    Beside blocks the text is another program's view of them: it says which of
    them that program cannot show.
    """
    blocks = [block for block in _list("content", message) if block is not None]
    text = told_in(blocks) if blocks else text_in(message, ("text",))
    if text:
        return text
    held = [text_in(one, ("extracted_content",)) for one in _objects("attachments", message)]
    return "\n".join(filter(None, held)) or None


def _take_summary(replay: Replay, about: Mapping[str, Any], session: str, origin: str) -> None:
    if summary := text_in(about, ("summary",)):
        remember(
            replay,
            summary,
            id=derived_id(FORMAT, session, "summary", summary),
            origin=origin,
            kind="summary",
            metadata={"session": session},
            created_at=time_in(about, tuple(reversed(_TIMES))),
        )


def _take_memories(replay: Replay, about: Mapping[str, Any], origin: str) -> None:
    """What Claude remembers of all conversations, and of those in each project."""
    rest = {name: value for name, value in about.items() if name not in _MEMORIES}
    projects = about.get("project_memories") or {}
    told: list[tuple[str, Any]] = [("", about.get("conversations_memory"))]
    told += _object("project_memories", projects).items()
    for project, text in told:
        if isinstance(text, str) and text:
            remember(
                replay,
                text,
                id=derived_id(FORMAT, "memory", project, text),
                origin=origin,
                metadata={"project": project} if project else rest,
                created_at=time_in(about, _TIMES),
            )


def _take_project(replay: Replay, about: Mapping[str, Any], origin: str) -> None:
    """A project's description, its instructions and its documents, under its name."""
    project = name_in(about, ("uuid",)) or origin
    name = name_in(about, ("name",))
    topics = [name] if name else []
    for field in ("description", "prompt_template"):
        if text := text_in(about, (field,)):
            remember(
                replay,
                text,
                id=derived_id(FORMAT, project, field, text),
                origin=origin,
                topics=topics,
                metadata={"project": project, "field": field},
                created_at=time_in(about, _TIMES),
            )
    for document in _objects("docs", about):
        rest = {one: document[one] for one in document if one not in ("uuid", "content")}
        if text := text_in(document, ("content",)):
            remember(
                replay,
                text,
                id=name_in(document, ("uuid",)) or derived_id(FORMAT, project, text),
                origin=origin,
                topics=topics,
                metadata=rest | {"project": project},
                created_at=time_in(document, _TIMES) or time_in(about, _TIMES),
            )


def _objects(what: str, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_object(f"one of {what}", one) for one in _list(what, record)]


def _object(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is no object. {_AGAIN}")
    return value


def _list(what: str, record: Mapping[str, Any]) -> list[Any]:
    """The list under that name; empty if there is none."""
    value = record.get(what)
    if not isinstance(value, list | None):
        raise InvalidInput(f"{what} is no list. {_AGAIN}")
    return value or []


IMPORTER = Importer(FORMAT, "Claude's export: its json files, or its zip file", _fits, _take)
