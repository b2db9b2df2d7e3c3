"""ChatGPT's export: `conversations.json`, whole or in numbered parts.

A conversation is a tree: an edited question and a repeated answer begin a
branch. What ChatGPT does not show is counted and left out: hidden messages,
empty instructions, and the contexts that it writes for itself. What a model
thought stands in a message without a content, in its `parts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from amberfile.drafts import Said
from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer import times
from amberfile.transfer.chats import tree
from amberfile.transfer.fields import name_in, named, text_in, time_in, told_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.originals import kept
from amberfile.transfer.source import Source

FORMAT = "chatgpt"

_CONTEXTS = ("user_editable_context", "model_editable_context")
_THOUGHTS = ("thoughts", "reasoning_recap")
_TEXTS = ("title", "text", "result")
_TIMES = ("create_time", "update_time")


def _fits(source: Source) -> bool:
    return isinstance(source.first, dict) and isinstance(source.first.get("mapping"), dict)


def _take(replay: Replay, source: Source) -> None:
    for number, (line, value) in enumerate(source.values(), start=1):
        with source.at(line):
            tree.write(replay, _conversation(value, f"{source.stem}-{number}"))


def _conversation(value: Any, otherwise: str) -> tree.Tree[str]:
    """The tree of one conversation; `otherwise` is its name if it has none."""
    about = _object("a conversation", value)
    mapping = _object("a conversation's mapping", about.get("mapping"))
    nodes = {id: _object(f"node {id!r}", node) for id, node in mapping.items()}
    tip = about.get("current_node")
    return tree.Tree(
        session=name_in(about, ("conversation_id", "id")) or otherwise,
        title=text_in(about, ("title",)) or "",
        parents=_parents(nodes),
        said=dict(_messages(nodes)),
        tip=tip if isinstance(tip, str) and tip in nodes else None,
        time=time_in(about, _TIMES),
    )


def _parents(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, str | None]:
    """Each node's own word goes before its parent's list of children."""
    known: dict[str, str | None] = dict.fromkeys(nodes)
    for id, node in nodes.items():
        children = node.get("children")
        for child in children if isinstance(children, list) else []:
            if isinstance(child, str) and child in nodes:
                known[child] = id
    for id, node in nodes.items():
        parent = node.get("parent")
        if isinstance(parent, str) and parent in nodes:
            known[id] = parent
    return known


def _messages(nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Said | None]]:
    for id, node in nodes.items():
        if node.get("message") is not None:
            message = _object(f"the message of node {id!r}", node["message"])
            yield id, _said(message, id)


def _said(message: Mapping[str, Any], node: str) -> Said | None:
    """What the message says; None if ChatGPT hides it."""
    content = _object("a message's content", message.get("content") or {})
    author = _object("a message's author", message.get("author"))
    role = text_in(author, ("role",))
    text = _text(content)
    if role is None:
        raise InvalidInput(f"the message of node {node!r} has no role. {_AGAIN}")
    if _is_hidden(message, content) or (role == "system" and not text):
        return None
    said = Said(
        role=role,
        content=text,
        name=named(author.get("name")),
        created_at=times.read(message.get("create_time")),
        id=named(message.get("id")) or named(node),
    )
    return replace(said, parts=kept(FORMAT, message, said))


def _is_hidden(message: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    about = _object("a message's metadata", message.get("metadata") or {})
    weight = message.get("weight")
    return (
        about.get("is_visually_hidden_from_conversation") is True
        or (isinstance(weight, int | float) and weight == 0)
        or content.get("content_type") in _CONTEXTS
    )


def _text(content: Mapping[str, Any]) -> str | None:
    """What can be read in it, one text a line; None if there is nothing."""
    if content.get("content_type") in _THOUGHTS:
        return None
    parts = content.get("parts")
    if not isinstance(parts, list | None):
        raise InvalidInput(f"a message's parts are no list. {_AGAIN}")
    texts = [content.get(name) for name in _TEXTS]
    told = [text for text in (*texts, told_in(parts)) if text and isinstance(text, str)]
    return "\n".join(told) or None


def _object(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is no object. {_AGAIN}")
    return value


_AGAIN = "Export again, or take the conversation out."

IMPORTER = Importer(FORMAT, "ChatGPT's export: conversations.json, or its zip file", _fits, _take)
