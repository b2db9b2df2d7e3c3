"""The values that everything else passes around: frozen, plain, without I/O.

Two kinds of thing are kept: a `Message` is what was said in a session, an
`Item` is what is remembered. Both belong to exactly one `Scope`. Times are
aware UTC datetimes here and whole microseconds since 1970 inside stores.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

DEFAULT = "default"

MESSAGE = "message"
"""The kind under which messages stand beside items in `kinds=`."""


def micros(moment: datetime) -> int:
    """Microseconds from 1970 to `moment`; exact, negative before 1970."""
    return (moment - EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The aware UTC datetime that `micros` came from."""
    return EPOCH + timedelta(0, 0, micros)


@dataclass(frozen=True)
class Scope:
    """Whose memory it is. Every row has exactly one; nothing crosses it.

    `space` separates whole memories in one store; `user` and `agent` name the
    owner inside it. Compared exactly: `"A"`, `"a"` and `"a "` are three users.
    """

    space: str = DEFAULT
    user: str = DEFAULT
    agent: str = DEFAULT

    def __str__(self) -> str:
        return f"{self.space}/{self.user}/{self.agent}"


@dataclass(frozen=True)
class Source:
    """Where an item came from, and how far it is to be trusted.

    Args:
        kind: the class of the source: "user", "assistant", "tool", "import", …
        ref: an address within it, such as a message id, a file or a URL.
        trust: 0 (hostile) to 1 (as good as the user's own word).
    """

    kind: str = "user"
    ref: str | None = None
    trust: float = 1.0


ItemState: TypeAlias = Literal["current", "retracted"]


@dataclass(frozen=True)
class Item:
    """What is remembered: one version of it, as it stood when it was read.

    `updated_at` is when this version was written, `created_at` when the first
    was. `valid_from` and `valid_to` say when the statement holds in the world;
    neither hides it. After `expires_at` it is no longer found.
    """

    id: str
    scope: Scope
    kind: str
    text: str
    created_at: datetime
    updated_at: datetime
    key: str | None = None
    topics: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: Source = Source()
    importance: float = 0.5
    derived_from: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expires_at: datetime | None = None
    state: ItemState = "current"
    version: int = 1
    rev: int = 0


@dataclass(frozen=True)
class Parts:
    """A framework's own form of a message, kept exactly and never looked into.

    Args:
        format: who can read it, such as "openai" or "pydantic-ai".
        version: of that format, so that a later reader knows what it holds.
        data: any JSON value.
    """

    format: str
    version: int
    data: Any


@dataclass(frozen=True)
class Message:
    """What was said in a session. Never edited once it is stored.

    `seq` counts from 1 in its session without gaps, given inside the write;
    it goes on after `clear`. A message outside a turn has no `turn` and is
    done. `content` may be absent, as in a bare tool call.
    """

    id: str
    scope: Scope
    session: str
    role: str
    content: str | None
    created_at: datetime
    name: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] | None = None
    tool_call_id: str | None = None
    parts: Parts | None = None
    turn: str | None = None
    seq: int = 0
    rev: int = 0

    @property
    def text(self) -> str:
        """The content, "" when there is none."""
        return self.content or ""

    @property
    def kind(self) -> str:
        return MESSAGE


Entry: TypeAlias = Item | Message


@dataclass(frozen=True)
class Version:
    """One state in an item's history, oldest first in `Memory.history`.

    `change` is "created", "updated", "retracted" or "restored"; `reason` is
    what `retract` was given.
    """

    item: Item
    change: str
    reason: str = ""

    @property
    def number(self) -> int:
        return self.item.version


TurnState: TypeAlias = Literal["open", "done", "failed"]


@dataclass(frozen=True)
class Turn:
    """One exchange of a session. An open turn belongs to its writer until `lease_until`."""

    id: str
    session: str
    state: TurnState
    lease_until: datetime
    opened_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True)
class SessionInfo:
    """A session as a listing shows it; `messages` counts those still stored."""

    id: str
    scope: Scope
    title: str
    messages: int
    last_seq: int
    created_at: datetime
    updated_at: datetime


JobState: TypeAlias = Literal["queued", "claimed", "failed"]


@dataclass(frozen=True)
class Job:
    """Work that must not be lost. A finished job is gone.

    `attempt` counts the claims and fences them: only the latest one may finish
    the job. A claimed job whose `lease_until` has passed may be claimed again.
    """

    id: str
    kind: str
    payload: Mapping[str, Any]
    not_before: datetime
    state: JobState = "queued"
    attempt: int = 0
    lease_until: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class ImportInfo:
    """What is known of an import: how many `entries` it wrote, and in which batches.

    `at` is the time of its first write; `revs` go up, and there is one at least.
    """

    id: str
    scope: Scope
    source: str
    format: str
    entries: int
    at: datetime
    revs: tuple[int, ...]


class Reason(NamedTuple):
    """One word's part in a hit's score.

    `place` is "text", "key", "topics", "name", "date", "before" or "after"
    (the neighbouring messages of the session).
    """

    term: str
    place: str
    added: float


@dataclass(frozen=True)
class Hit:
    """One result of `recall`. `why` adds up to `score`."""

    entry: Entry
    score: float
    why: tuple[Reason, ...] = ()

    @property
    def text(self) -> str:
        return self.entry.text

    @property
    def id(self) -> str:
        return self.entry.id


@dataclass(frozen=True)
class Page(Sequence[T], Generic[T]):
    """Part of a listing. `cursor` asks for the rest; None when nothing is left."""

    items: tuple[T, ...]
    cursor: str | None = None

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Filter:
    """What to look for; every condition that is given must hold.

    Args:
        kinds: one of these; "message" is the messages. None: any.
        key: exactly this key.
        topics: all of these.
        sessions: messages of one of these. An item has no session.
        where: each name stands in the metadata with an equal JSON value.
            Messages have no metadata.
        since: updated (an item) or said (a message) at this time or later.
        until: updated or said before this time.
        alive_at: leaves out what has expired by then.
    """

    kinds: Collection[str] | None = None
    key: str | None = None
    topics: Collection[str] = ()
    sessions: Collection[str] | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    alive_at: datetime | None = None

    def matches(self, entry: Entry) -> bool:
        """Whether `entry` meets every condition."""
        if self.kinds is not None and entry.kind not in self.kinds:
            return False
        if isinstance(entry, Message):
            return self._fits_message(entry) and self._fits_time(entry.created_at)
        return self._fits_item(entry) and self._fits_time(entry.updated_at)

    def _fits_time(self, time: datetime) -> bool:
        return (self.since is None or time >= self.since) and (
            self.until is None or time < self.until
        )

    def _fits_message(self, message: Message) -> bool:
        if self.key is not None or self.topics or self.where:
            return False
        return self.sessions is None or message.session in self.sessions

    def _fits_item(self, item: Item) -> bool:
        if self.sessions is not None or (self.key is not None and item.key != self.key):
            return False
        if not set(self.topics) <= set(item.topics):
            return False
        if any(
            name not in item.metadata or not same_json(item.metadata[name], value)
            for name, value in self.where.items()
        ):
            return False
        expires = item.expires_at
        return self.alive_at is None or expires is None or expires > self.alive_at


ALL = Filter()


def same_json(one: Any, other: Any) -> bool:
    """Equality of JSON values: unlike in Python, `True` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)
