"""Short ways to say what a test is about, and a view of everything that a store shows.

A builder fills in what a test does not name: the scope is ADA, the clock
stands at NOW, a message's id is its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from amberfile.changes import (
    HANDLE_BITS,
    PART_MASK,
    Append,
    Batch,
    Change,
    Claim,
    ClearSession,
    CloseTurn,
    DropImport,
    Enqueue,
    Finish,
    Forget,
    MarkImport,
    OpenTurn,
    Put,
    RenameSession,
    Restore,
    Retract,
    Terms,
    pack_weight,
)
from amberfile.stores.base import Changed, Found, Posting, Store, is_message
from amberfile.types import ALL, Entry, ImportInfo, Item, Job, Message, Scope

ADA = Scope(user="ada")
BOB = Scope(user="bob")

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

MANY = 1_000_000
"""A limit above everything that a test writes."""


def terms(text: str, head: str = "") -> Terms:
    """The words between white space: each line of `text` is a passage."""
    passages = [line.split() for line in text.split("\n") if line.strip()]
    postings = [
        (term, part, pack_weight(frequency, len(words)))
        for part, words in enumerate([head.split(), *passages])
        for term, frequency in sorted(Counter(words).items())
    ]
    return Terms(postings, len(head.split()), len(passages), sum(map(len, passages)))


def terms_of(entry: Entry) -> Terms:
    """Of an item the key and topics stand in the head, of a message the role."""
    if isinstance(entry, Message):
        return terms(entry.text, entry.role)
    return terms(entry.text, " ".join([entry.key or "", *entry.topics]))


_NOTE: dict[str, Any] = {"scope": ADA, "kind": "note", "created_at": NOW, "updated_at": NOW}
_SAID: dict[str, Any] = {"scope": ADA, "session": "s", "role": "user", "created_at": NOW}


def item(id: str = "a", text: str = "", **more: Any) -> Item:
    """A note, unless `more` says otherwise."""
    return Item(**_NOTE | {"id": id, "text": text} | more)


def put(id: str = "a", text: str = "", *, if_version: int | None = None, **more: Any) -> Put:
    written = item(id, text, **more)
    return Put(written, terms_of(written), if_version)


def message(content: str | None = "hello", **more: Any) -> Message:
    return Message(**_SAID | {"id": content, "content": content} | more)


def append(*messages: Message, session: str = "s", turn: str | None = None) -> Append:
    return Append(session, messages, tuple(map(terms_of, messages)), turn)


def say(*contents: str, session: str = "s", turn: str | None = None) -> Append:
    """Messages of these words, which are their ids too."""
    return append(*map(message, contents), session=session, turn=turn)


def restore(store: Store, id: str, scope: Scope = ADA) -> Restore:
    """Of the item as it stands hidden; of an absent one it says nothing."""
    hidden = next(iter(store.get(scope, [id])), item(id))
    return Restore(id, terms_of(hidden), hidden.version)


def open_turn(turn: str = "t", session: str = "s", lease: timedelta = HOUR) -> OpenTurn:
    """A lease counts from NOW."""
    return OpenTurn(session, turn, NOW + lease)


def enqueue(id: str = "job", kind: str = "work", **more: Any) -> Enqueue:
    told: dict[str, Any] = {"payload": {}, "not_before": NOW} | more
    return Enqueue(Job(id=id, kind=kind, **told))


def mark(id: str = "import", entries: int = 1) -> MarkImport:
    return MarkImport(id, "chat.json", "openai", entries)


def batch(
    *changes: Change,
    scope: Scope = ADA,
    at: datetime = NOW,
    op_id: str | None = None,
    digest: bytes = b"",
) -> Batch:
    return Batch(scope, changes, at, op_id, digest)


FURNITURE = (
    put("kept", "red words", key="k", kind="fact", metadata={"x": 1}),
    put("kept", "red words again", key="k", kind="fact", topics=("t",)),
    put("hidden", "blue words", key="h"),
    Retract("hidden", "because"),
    put("gone", "green words"),
    Forget(("gone",)),
    open_turn("t"),
    say("hello", "world", turn="t"),
    say("elsewhere", "away", session="other"),
    Forget(("away",)),
    RenameSession("other", "title"),
    enqueue("claimed"),
    Claim(("work",), NOW + HOUR),
    enqueue("queued"),
    put("lent", "brown words"),
    say("lent words"),
    Forget(("lent", "lent words"), may_return=True),
    mark("import", 3),
)
"""Changes that leave something of every sort in a scope."""

EVERY_CHANGE: Mapping[str, Change] = {
    "put": put("new", "new words", key="new"),
    "put again": put("kept", "other words", key="k", kind="fact"),
    "put over the hidden": put("hidden", "blue again", key="h"),
    "put with another key": put("kept", "red words", key="other"),
    "retract": Retract("kept", "reason"),
    "restore": Restore("hidden", terms("blue words", "h"), 2),
    "forget an item": Forget(("kept",)),
    "forget what is hidden": Forget(("hidden",)),
    "forget a message": Forget(("hello",)),
    "forget by key": Forget(key="k"),
    "forget what may return": Forget(("kept",), may_return=True),
    "forget what an import wrote": Forget(("kept", "hello"), written_by="import"),
    "put what was forgotten and may return": put("lent", "brown words"),
    "append what was forgotten and may return": say("lent words"),
    "append": say("more words"),
    "append in a turn": say("more words", turn="t"),
    "append to a new session": say("words elsewhere", session="new"),
    "open a turn": open_turn("u", session="other"),
    "close a turn": CloseTurn("s", "t"),
    "clear a session": ClearSession("s"),
    "drop a session": ClearSession("s", drop=True),
    "rename a session": RenameSession("s", "new title"),
    "enqueue": enqueue("new"),
    "claim": Claim(("work",), NOW + HOUR),
    "finish": Finish("claimed", 1),
    "retry": Finish("claimed", 1, "retry", error="again"),
    "fail": Finish("claimed", 1, "failed", error="never"),
    "begin an import": mark("new"),
    "go on with an import": mark("import", 2),
    "drop the record of an import": DropImport("import"),
}
"""What each change does to FURNITURE; alone, each of them succeeds and can be seen."""


def found(store: Store, scope: Scope = ADA, *, kinds: tuple[str, ...] | None = None) -> list[Found]:
    """Everything current in a scope, newest first, or what is of these kinds."""
    everything = store.find([scope], ALL, limit=MANY, messages=True)
    return [one for one in everything if kinds is None or one.entry.kind in kinds]


def ids(entries: Sequence[Entry] | Sequence[Found] | Sequence[ImportInfo]) -> list[str]:
    return [one.entry.id if isinstance(one, Found) else one.id for one in entries]


def places(store: Store, term: str, scope: Scope = ADA) -> list[tuple[str, int, int]]:
    """Where a term occurs, as (id, part, weight)."""
    names = {one.handle: one.entry.id for one in found(store, scope)}
    return _named(store.postings([scope], [term]).get(term, []), names)


def by_rev(changes: Sequence[Changed]) -> list[Changed]:
    """In one order: the contract leaves that of one rev's changes open."""
    return sorted(changes, key=lambda change: (change.rev, change.kind, change.id))


def exact(value: Any) -> Any:
    """A value as nested dicts and lists in which no two different values are equal.

    Python's `==` takes 1, 1.0 and True for one; here a number stands with its
    type. A mapping's order is not part of it.
    """
    if is_dataclass(value):
        return {each.name: exact(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {exact(name): exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [exact(inner) for inner in value]
    if isinstance(value, bool | int | float):
        return type(value).__name__, value
    return value


def view(store: Store, scopes: Sequence[Scope]) -> dict[str, Any]:
    """Everything that can be read, without handles; equal views are equal stores."""
    return {
        "rev": store.info().rev,
        "scopes": exact(store.scopes()),
        "together": _found_by_all(store, scopes),
        "apart": [view_of(store, scope) for scope in scopes],
    }


def view_of(store: Store, scope: Scope) -> dict[str, Any]:
    """Everything that can be read in one scope, without handles."""
    changed = store.changes([scope], 0, limit=MANY)
    known = sorted({change.id for change in changed})
    sessions = [session.id for session in store.sessions(scope)]
    seen: dict[str, Any] = {
        "found": _found_by_all(store, [scope]),
        "changes": by_rev(changed),
        "items": store.get(scope, known),
        "history": {id: store.history(scope, id) for id in known},
        "known_messages": store.known_messages(scope, known),
        "sessions": store.sessions(scope),
        "messages": {id: store.messages(scope, id) for id in sessions},
        "turns": {id: store.turns(scope, id) for id in sessions},
        "neighbours": _neighbours(store, scope),
        "jobs": store.jobs(scope),
        "imports": store.imports(scope),
        "forgotten": sorted(store.forgotten(scope, known)),
        "ids": store.ids(scope, "", limit=MANY),
        "keyed": _keyed(store, scope, known),
    }
    return {name: exact(value) for name, value in seen.items()}


def _found_by_all(store: Store, scopes: Sequence[Scope]) -> dict[str, Any]:
    """What is searched over several scopes at once."""
    entries = store.find(scopes, ALL, limit=MANY, messages=True)
    names = {one.handle: f"{one.entry.id} of {one.entry.scope}" for one in entries}
    words = store.vocabulary(scopes, "", prefix=True, limit=MANY)
    return {
        "entries": exact([found.entry for found in entries]),
        "items": exact([found.entry for found in store.find(scopes, ALL, limit=MANY)]),
        "by handle": exact([one.entry for one in store.entries(scopes, [*names])]),
        "vocabulary": words,
        "stats": list(store.stats(scopes)),
        "tally": [(one.kind, str(one.day), one.entries) for one in store.tally(scopes)],
        "postings": {
            term: _named(postings, names)
            for term, postings in store.postings(scopes, words).items()
        },
    }


def _keyed(store: Store, scope: Scope, known: Sequence[str]) -> list[tuple[str, str, str]]:
    """(kind, key, id) of every key that a version of an item had."""
    versions = [version.item for id in known for version in store.history(scope, id)]
    keys = [(item.kind, item.key) for item in versions if item.key is not None]
    return sorted((*name, id) for name, id in store.keyed(scope, keys).items())


def _named(postings: Sequence[Posting], names: Mapping[int, str]) -> list[tuple[str, int, int]]:
    """Each posting as (name of its entry, part, weight)."""
    return [(names[place >> HANDLE_BITS], place & PART_MASK, weight) for place, weight in postings]


def _neighbours(store: Store, scope: Scope) -> dict[str, list[tuple[int, str]]]:
    said = {one.handle: one.entry.id for one in found(store, scope) if is_message(one.handle)}
    near = store.near([scope], [*said], before=2, after=2)
    return {
        said[handle]: sorted((one.offset, one.message.id) for one in neighbours)
        for handle, neighbours in near.items()
    }
