"""mem0's memories, as its calls give them and its exports hold them, with their history.

A user's, agent's and run's id, the hash, the score and whatever else has no
field here goes to the metadata, beside the memory's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer import times
from amberfile.transfer.fields import name_in, named, text_in, time_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.remembered import Earlier, relate, remember
from amberfile.transfer.source import Source, derived_id

Record: TypeAlias = Mapping[str, Any]

Histories: TypeAlias = dict[str, list[Record]]
"""The changes of each memory, by its id."""

_TEXTS = ("memory", "text", "content")
_IDS = ("id", "memory_id")
_OWNERS = ("user_id", "agent_id", "run_id")
_LISTS = ("results", "memories", "history", "relations")
_UNIQUE = 16
"""Characters from which an id is taken for one that no other file has."""

_EXPECTED = 'Give a list of memories such as {"id": "…", "memory": "Likes tea"}.'


def _fits(source: Source) -> bool:
    value = source.first
    if isinstance(value, Mapping) and not _is_memory(value):
        inner = next((value[name] for name in _LISTS[:3] if isinstance(value.get(name), list)), ())
        value = inner[0] if inner else value
        if inner == []:
            return True
    return isinstance(value, Mapping) and (_is_memory(value) or _is_change(value))


def _take(replay: Replay, source: Source) -> None:
    histories, taken = _histories(source), _Taken(source)
    for line, record in _records(source):
        with source.at(line):
            if _is_change(record):
                continue
            if _is_relation(record):
                _take_relation(replay, source, record)
            else:
                changes = histories.pop(name_in(record, _IDS) or "", [])
                _take_memory(replay, taken, record, changes)
    for id, changes in histories.items():
        _take_history(replay, taken, id, changes)


class _Taken:
    """The ids that a file has given so far, each with a digest of its text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._texts: dict[str, int] = {}

    def id(self, record: Record, text: str) -> str:
        """The memory's own, or one made from what it says; another for another text."""
        own, file = name_in(record, _IDS), self.source.name
        if own is None:
            id = derived_id("mem0", file, *(named(record.get(owner)) for owner in _OWNERS), text)
        else:
            id = own if len(own) >= _UNIQUE else derived_id("mem0", file, own)
        if self._texts.setdefault(id, hash(text)) != hash(text):
            return derived_id("mem0", file, id, text)
        return id


def _take_memory(replay: Replay, taken: _Taken, record: Record, changes: list[Record]) -> None:
    text, expires_at = text_in(record, _TEXTS), times.read(record.get("expiration_date"))
    over = expires_at is not None and expires_at <= replay.now()
    if over or (text is None and record.get("event") == "DELETE"):
        replay.hide()
        return
    if text is None:
        raise InvalidInput(f"a memory has no text. {_EXPECTED}")
    earlier = _earlier(replay, changes)
    topics, told = _topics(record), _told(record)
    created_at = time_in(record, ("created_at",)) or (earlier[0].at if earlier else None)
    remember(
        replay,
        text,
        id=taken.id(record, text),
        origin=taken.source.name,
        topics=topics,
        metadata=_metadata(record, told),
        created_at=created_at,
        updated_at=time_in(record, ("updated_at",)) or (earlier[-1].at if earlier else None),
        expires_at=expires_at,
        earlier=earlier[:-1] if earlier and earlier[-1].text == text else earlier,
    )


def _take_history(replay: Replay, taken: _Taken, id: str, changes: list[Record]) -> None:
    """A memory of which the file has nothing but its changes; hidden if the last one deleted it."""
    earlier = _earlier(replay, changes)
    if not earlier or _is_end(changes[-1]):
        replay.hide()
        return
    about = {key: value for key, value in changes[-1].items() if key in ("actor_id", "role")}
    last: Record = {"id": id, "memory": earlier[-1].text, **about}
    _take_memory(replay, taken, last, changes)


def _histories(source: Source) -> Histories:
    """The changes in the file, as far as it can be read: they may stand after their memory."""
    found: Histories = {}
    with suppress(InvalidInput):
        for _, record in _records(replace(source, read=lambda _: None)):
            if _is_change(record) and (id := named(record.get("memory_id"))):
                found.setdefault(id, []).append(record)
    return {id: _in_order(changes) for id, changes in found.items()}


def _in_order(changes: list[Record]) -> list[Record]:
    """By their times, if all have one."""
    at = [_changed_at(change) for change in changes]
    known = [time for time in at if time is not None]
    if len(known) < len(changes):
        return changes
    return [changes[place] for place in sorted(range(len(changes)), key=known.__getitem__)]


def _earlier(replay: Replay, changes: list[Record]) -> list[Earlier]:
    """The texts that the changes tell, each once where it stands several times in a row."""
    found: list[Earlier] = []
    for change in changes:
        at = _changed_at(change) or (found[-1].at if found else replay.now())
        told = [(text_in(change, ("new_memory",)), at)]
        if not found:
            begun = time_in(change, ("created_at",)) or at
            told.insert(0, (text_in(change, ("old_memory",)), begun))
        for text, since in [] if _is_end(change) else told:
            if text and (not found or found[-1].text != text):
                found.append(Earlier(text, since))
    return found


def _changed_at(change: Record) -> datetime | None:
    return time_in(change, ("updated_at", "created_at"))


def _is_end(change: Record) -> bool:
    return bool(change["event"] == "DELETE")


def _records(source: Source) -> Iterator[tuple[int, Record]]:
    for line, value in source.values():
        with source.at(line):
            found = _opened(value)
        for record in found:
            yield line, record


def _opened(value: Any) -> list[Record]:
    """The memories, changes and relations in one JSON value."""
    found = [value]
    if isinstance(value, Mapping) and not _is_memory(value):
        lists = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
        found = [record for records in lists for record in records] if lists else found
    if not all(isinstance(record, Mapping) for record in found):
        raise InvalidInput(f"this is no memory. {_EXPECTED}")
    return found


def _is_memory(value: Any) -> bool:
    """Whether it has a memory's text, and what only mem0 puts beside it."""
    if not isinstance(value, Mapping) or "messages" in value:
        return False
    if isinstance(value.get("memory"), str):
        return True
    owned = "role" not in value and any(owner in value for owner in _OWNERS)
    return text_in(value, _TEXTS) is not None and "id" in value and ("hash" in value or owned)


def _is_change(value: Record) -> bool:
    told = "new_memory" in value or "old_memory" in value
    return told and "memory_id" in value and isinstance(value.get("event"), str)


def _is_relation(value: Record) -> bool:
    return "relationship" in value and "source" in value and text_in(value, _TEXTS) is None


def _take_relation(replay: Replay, source: Source, record: Record) -> None:
    subject, relation = text_in(record, ("source",)), text_in(record, ("relationship",))
    target = text_in(record, ("target", "destination"))
    if not subject or not relation or not target:
        raise InvalidInput(f"a relation has no source, relationship or target. {_EXPECTED}")
    relate(replay, subject, relation, target, origin=source.name, metadata=record)


def _topics(record: Record) -> list[str]:
    """The categories; none if one of them is no name."""
    given = record.get("categories")
    found = [given] if isinstance(given, str) else given
    fits = isinstance(found, list) and all(isinstance(one, str) and named(one) for one in found)
    return list(found) if fits and found else []


def _told(record: Record) -> set[str]:
    """The names of the fields that have a field here."""
    read = {name for name in ("created_at", "updated_at") if time_in(record, (name,))}
    read |= {"expiration_date"} if times.read(record.get("expiration_date")) else set()
    read |= {"categories"} if _topics(record) else set()
    text = next((name for name in _TEXTS if isinstance(record.get(name), str)), "memory")
    return read | {"id", "metadata", text}


def _metadata(record: Record, told: set[str]) -> dict[str, Any]:
    """The memory's own and the other fields; what both have stays under "metadata"."""
    rest = {key: value for key, value in record.items() if key not in told and value is not None}
    own = record.get("metadata")
    if not isinstance(own, Mapping):
        return rest if own is None else rest | {"metadata": own}
    both = {key: value for key, value in own.items() if key in rest or key == "metadata"}
    return {**own, **rest} | ({"metadata": both} if both else {})


IMPORTER = Importer("mem0", "memories of mem0, with their history", _fits, _take)
