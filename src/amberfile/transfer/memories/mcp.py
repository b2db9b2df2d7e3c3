"""The knowledge graph of MCP's memory server: entities with observations, and relations.

An observation is an item, and so is a relation. Their ids come from what they
say, not from where they stand: the server writes its whole file again each
time, and of a grown one only what is new comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amberfile.errors import InvalidInput
from amberfile.replay import Replay
from amberfile.transfer.fields import named, text_in, time_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.remembered import relate, remember
from amberfile.transfer.source import Source, derived_id

_NAMES = ("name", "entityName", "id")
_TYPES = ("entityType", "entity_type")
_FROM = ("from", "from_id", "fromId")
_TO = ("to", "to_id", "toId")
_RELATIONS = ("relationType", "relation_type")
_TOLD = {"type", "observations", *_NAMES[:2], *_TYPES}
_RELATED = {"type", *_FROM, *_TO, *_RELATIONS}
_EXPECTED = (
    'Give lines such as {"type": "entity", "name": "Ada", "entityType": "person", '
    '"observations": ["likes tea"]}, or {"entities": [...], "relations": [...]}.'
)


def _fits(source: Source) -> bool:
    match source.first:
        case {"type": "entity", "observations": list()} as first:
            return bool(text_in(first, _NAMES))
        case {"type": "relation"} as first:
            return bool(text_in(first, _FROM) and text_in(first, _TO))
        case {"entities": list(), "relations": list()}:
            return True
        case {"entities": [{"observations": list()}, *_]}:
            return True
    return False


def _take(replay: Replay, source: Source) -> None:
    for line, value in source.values():
        with source.at(line):
            for kind, record in _records(value):
                if kind == "entity":
                    _take_entity(replay, source, record)
                elif kind == "relation":
                    _take_relation(replay, source, record)
                else:
                    replay.hide()  # what a server notes for itself


def _records(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each entity and relation in one JSON value, with what it is."""
    match value:
        case {"type": str(kind)}:
            yield kind, value
        case {"entities": list()} | {"relations": list()}:
            for kind, name in (("entity", "entities"), ("relation", "relations")):
                records = value.get(name, [])
                if not isinstance(records, list) or not all(map(_is_object, records)):
                    raise InvalidInput(f"{name} is no list of objects. {_EXPECTED}")
                yield from ((kind, record) for record in records)
        case _:
            raise InvalidInput(f"neither an entity nor a relation. {_EXPECTED}")


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _take_entity(replay: Replay, source: Source, record: Mapping[str, Any]) -> None:
    name, type = text_in(record, _NAMES), text_in(record, _TYPES)
    observations = record.get("observations", [])
    if not name or not isinstance(observations, list):
        raise InvalidInput(f"an entity has no name, or no list of observations. {_EXPECTED}")
    about = {key: value for key, value in record.items() if key not in _TOLD}
    about |= {"entity": name} | ({} if type is None else {"entityType": type})
    topics = [topic for topic in (named(type), named(name)) if topic]
    for observation in observations or [None]:
        text = _observed(observation)
        told = type if text is None else text
        remember(
            replay,
            f"{name}: {told}" if told else name,
            id=derived_id("mcp", name, text),
            origin=source.name,
            topics=topics,
            metadata=about if observation is None else about | {"observation": observation},
            created_at=time_in(observation) or time_in(record),
        )


def _observed(observation: Any) -> str | None:
    """Its text; some servers keep it in an object, with a time."""
    if observation is None or isinstance(observation, str):
        return observation
    text = None
    if isinstance(observation, Mapping):
        text = text_in(observation, ("content", "text", "observation"))
    if text is None:
        raise InvalidInput(f"an observation has no text. {_EXPECTED}")
    return text


def _take_relation(replay: Replay, source: Source, record: Mapping[str, Any]) -> None:
    subject, target = text_in(record, _FROM), text_in(record, _TO)
    relation = text_in(record, _RELATIONS)
    if not subject or not target or not relation:
        raise InvalidInput(f"a relation has no from, no to or no relationType. {_EXPECTED}")
    told = {"from": subject, "to": target, "relationType": relation}
    about = {key: value for key, value in record.items() if key not in _RELATED}
    relate(
        replay,
        subject,
        relation,
        target,
        origin=source.name,
        metadata=about | told,
        created_at=time_in(record),
    )


IMPORTER = Importer("mcp", "the file of MCP's memory server", _fits, _take)
