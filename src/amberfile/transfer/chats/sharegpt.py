"""ShareGPT's conversations, as data sets for training have them: who it is from, and a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from amberfile.drafts import Said
from amberfile.transfer.chats import talks
from amberfile.transfer.chats.talks import Form
from amberfile.transfer.fields import name_in, named, time_in, told_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.originals import kept

FORMAT = "sharegpt"

_LISTS = ("conversations", "conversation", "messages", "items")
_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
_PLAIN = {"human", "gpt", "system", "tool", "function_call"}
_EXPECTED = (
    'Give conversations such as {"id": "1", "conversations": [{"from": "human", "value": "Hi"}]}, '
    "in a list or one a line."
)


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("from"), str) and "value" in value


def _messages(value: Mapping[str, Any]) -> Sequence[Any] | None:
    """Those under the first name that has a list; an instruction beside them goes first."""
    found = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
    system = value.get("system")
    if not found or not isinstance(system, str) or not system:
        return found
    instruction = {"from": "system", "value": system}
    return found if found[0] == instruction else [instruction, *found]


def _said(original: Mapping[str, Any]) -> Said:
    speaker, value = original["from"], original["value"]
    plain = speaker in _PLAIN and (value is None or isinstance(value, str)) and len(original) == 2
    said = Said(
        role=_ROLES.get(speaker, speaker),
        content=told_in(value),
        name=named(original.get("name")),
        tool_call_id=named(original.get("tool_call_id")),
        created_at=time_in(original),
        id=name_in(original, ("id",)),
    )
    return said if plain else replace(said, parts=kept(FORMAT, original, said))


FORM = Form(_is_message, _messages, _said, _EXPECTED)

IMPORTER = Importer(
    FORMAT,
    "conversations of ShareGPT and the data sets like it",
    lambda source: talks.begins(FORM, source.first),
    lambda replay, source: talks.take(FORM, replay, source),
)
