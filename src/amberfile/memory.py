"""`Memory`: what a user holds. Every call is synchronous; `memory.aio` has the same for asyncio.

A handle writes to one scope and reads an ordered tuple of scopes, its own
first. All handles of one `open` share the store, which opens at its first
use and is closed once for all of them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from amberfile import checks, config, items, search
from amberfile.changes import Forget, Put, Restore, Retract
from amberfile.drafts import UNSET, Draft, Fields, Unset, checked, checked_draft, to_item
from amberfile.errors import Ambiguous, NotFound, ScopeError
from amberfile.recall.shape import item_terms
from amberfile.scopes import Binding
from amberfile.session import Session
from amberfile.shared import Clock, Ids, Shared, batches, doors, retried
from amberfile.stores.base import Info
from amberfile.types import (
    ALL,
    Filter,
    Hit,
    Item,
    Page,
    Scope,
    SessionInfo,
    Source,
    Version,
)

if TYPE_CHECKING:
    from amberfile.aio import AsyncMemory


def open(
    url: str | os.PathLike[str] | None = None,
    *,
    durability: Literal["full", "relaxed"] | None = None,
    require_scope: bool = False,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Memory:
    """A memory on the store that `url` names. The store opens at its first use.

    Args:
        url: a path, "sqlite:///…" or "ram:"; None is the store that the settings name.
        durability: "relaxed" may lose the last moments when the power fails.
            None is "full", or without a url what the settings say.
        require_scope: refuse every read and write until a scope is named.
        clock: the time, as an aware datetime.
        ids: a new id at each call.
    """
    target = config.target(url, durability=durability)
    return Memory(Shared(target, clock, ids), Binding(required=require_scope))


def open_target(target: config.Target) -> Memory:
    """A memory on `target`, as `open` gives it."""
    return Memory(Shared(target, None, None), Binding())


class Memory:
    """What is remembered, in one scope, with the sessions in which it was said.

    Made by `amberfile.open` and `scoped`. Safe to share between threads. As a
    context manager it closes the store at the end.
    """

    def __init__(self, shared: Shared, binding: Binding) -> None:
        self._shared, self._binding = shared, binding

    @property
    def scope(self) -> Scope:
        """Where it writes, and reads first."""
        return self._binding.scope

    @property
    def reads(self) -> tuple[Scope, ...]:
        """Where it reads, in this order."""
        return self._binding.reads

    @property
    def aio(self) -> AsyncMemory:
        """The same calls for asyncio."""
        from amberfile.aio import AsyncMemory

        return AsyncMemory(self, self._shared.submit)

    def remember(
        self,
        text: str,
        *,
        key: str | None = None,
        kind: str | None = None,
        topics: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
        importance: float = 0.5,
        derived_from: Sequence[str] = (),
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        expires_at: datetime | None = None,
        id: str | None = None,
        op_id: str | None = None,
    ) -> Item:
        """Keep a statement. One with the same key and kind, or the same id, is superseded.

        Args:
            kind: "fact" with a key, else "note".
            op_id: makes a retry safe: the same call again within 24 hours
                gives the item that the first one wrote.

        Returns:
            The item as it is stored.

        Raises:
            NotFound: the first call under `op_id` wrote it, and it was forgotten since.
        """
        draft = Draft(
            text=text,
            key=key,
            kind=kind,
            topics=topics,
            metadata=metadata,
            source=source,
            importance=importance,
            derived_from=derived_from,
            valid_from=valid_from,
            valid_to=valid_to,
            expires_at=expires_at,
            id=id,
        )
        fields = checked_draft(draft)
        item, call = self._new_item(fields), ("remember", fields)
        return items.put(self._shared, item, op_id=op_id, call=call)

    def remember_all(self, drafts: Iterable[Draft]) -> int:
        """Keep many statements; gives their number.

        They are written a thousand at a time. An error leaves the thousands
        before it written.
        """
        written = 0
        for batch in batches(drafts):
            made = [self._new_item(checked_draft(draft)) for draft in batch]
            self._shared.write(self._scope, [Put(item, item_terms(item)) for item in made])
            written += len(made)
        return written

    def recall(
        self,
        query: str,
        *,
        limit: int = 10,
        kinds: Collection[str] | None = None,
        topics: Collection[str] = (),
        sessions: Collection[str] | None = None,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Hit]:
        """The items and messages that fit `query` best, best first.

        A blank query gives the newest. The other arguments are those of
        `Filter`; "message" is the kind of messages.
        """
        query, limit = checks.text("query", query), checks.whole("limit", limit)
        wanted = self._living(
            Filter(
                kinds=kinds,
                topics=topics,
                sessions=sessions,
                where={} if where is None else where,
                since=since,
                until=until,
            )
        )
        store = self._shared.store()
        return search.recall(store, self._scopes, query, limit=limit, filter=wanted)

    def get(self, *ids: str) -> list[Item]:
        """The items with these ids, in the order asked; those that are not there are left out.

        Of two scopes that have an id, the first one that is read gives it.
        """
        ids = _ids(ids)
        found: dict[str, Item] = {}
        for scope in self._scopes:
            missing = [id for id in dict.fromkeys(ids) if id not in found]
            found |= {item.id: item for item in self._shared.store().get(scope, missing)}
        now = self._shared.now()
        return [found[id] for id in ids if id in found and items.stands(found[id], now)]

    def find(
        self, filter: Filter = ALL, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Item]:
        """The items that match, the last written first.

        Args:
            cursor: of the page before; what was written since does not shift it.
        """
        limit, wanted = checks.whole("limit", limit), self._living(filter)
        return items.page(self._shared, self._scopes, wanted, limit, cursor)

    def update(
        self,
        id: str,
        *,
        text: str | None = None,
        key: str | Unset | None = UNSET,
        kind: str | None = None,
        topics: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
        importance: float | None = None,
        valid_from: datetime | Unset | None = UNSET,
        valid_to: datetime | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        if_version: int | None = None,
        op_id: str | None = None,
    ) -> Item:
        """Change what is given and keep the rest; gives the item as it is stored.

        Args:
            metadata: all of it; the old is not merged in.
            if_version: only if it still has this version, else `Conflict`.
                Without, a change that somebody else makes meanwhile is kept
                beside this one.

        Raises:
            NotFound: it is absent, retracted or expired.
        """
        given = {
            "text": text,
            "kind": kind,
            "topics": topics,
            "metadata": metadata,
            "source": source,
            "importance": importance,
        }
        clearable = {
            "key": key,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "expires_at": expires_at,
        }
        fields = checked(Draft, {k: value for k, value in given.items() if value is not None})
        fields |= checked(Draft, {k: value for k, value in clearable.items() if value is not UNSET})
        id, wanted = checks.name("id", id), checks.optional(checks.whole)("if_version", if_version)
        call = ("update", id, fields, wanted)

        def attempt() -> Item:
            item = items.standing(self._shared, self._scope, id)
            item = replace(item, **fields, updated_at=self._shared.now())
            over = item.version if wanted is None else wanted
            return items.put(self._shared, item, if_version=over, op_id=op_id, call=call)

        return retried(attempt) if wanted is None else attempt()

    def retract(self, *ids: str, reason: str = "") -> int:
        """Hide items: they are no longer found, their history stays. Gives how many."""
        reason = checks.text("reason", reason)
        changes = [Retract(id, reason) for id in _ids(ids)]
        written = self._shared.write(self._scope, changes)
        return sum(result.number for result in written.results)

    def restore(self, *ids: str) -> int:
        """Bring retracted items back; gives how many."""
        ids = _ids(ids)

        def attempt() -> int:
            stored = self._shared.store().get(self._scope, list(dict.fromkeys(ids)))
            hidden = [item for item in stored if item.state == "retracted"]
            changes = [Restore(item.id, item_terms(item), item.version) for item in hidden]
            written = self._shared.write(self._scope, changes)
            return sum(result.number for result in written.results)

        return retried(attempt)

    def forget(self, *ids: str, key: str | None = None, op_id: str | None = None) -> int:
        """Remove items and messages for good, and the items with `key`; gives how many."""
        ids, key = _ids(ids), checks.optional(checks.name)("key", key)
        call = ("forget", ids, key)
        written = self._shared.write(self._scope, [Forget(ids, key)], op_id=op_id, call=call)
        return written.results[0].number

    def history(self, id: str) -> list[Version]:
        """Every version of an item, oldest first; [] if it is absent or forgotten."""
        id = checks.name("id", id)
        each = (self._shared.store().history(scope, id) for scope in self._scopes)
        return next(filter(None, each), [])

    def scoped(
        self,
        *,
        space: str | None = None,
        user: str | None = None,
        agent: str | None = None,
        reads: Sequence[Scope] = (),
    ) -> Memory:
        """A handle on the same store that reaches no more than this one.

        Args:
            space, user, agent: bound for good; what is bound already cannot be given.
            reads: what it reads beside its own scope, in this order; only what
                this handle may read itself.

        Raises:
            ScopeError: it would reach further.
        """
        return Memory(self._shared, self._binding.narrowed(space, user, agent, reads))

    def session(self, id: str | None = None) -> Session:
        """The session with exactly this id, begun at its first message; None: a new one."""
        id = self._shared.new_id() if id is None else checks.name("id", id)
        return Session(self._shared, self._scope, id)

    def sessions(self, prefix: str = "") -> list[SessionInfo]:
        """This scope's sessions whose id begins with `prefix`, the last written to first."""
        return self._shared.store().sessions(self._scope, checks.text("prefix", prefix))

    def resume(self, prefix: str) -> Session:
        """The one session that has this id or, if none has, whose id begins with it.

        Raises:
            NotFound: there is none.
            Ambiguous: there are several.
        """
        found = [info.id for info in self.sessions(checks.name("prefix", prefix))]
        if prefix not in found and len(found) > 1:
            raise Ambiguous("session", prefix, found)
        if not found:
            raise NotFound(f"no session begins with {prefix!r}. sessions() lists them.")
        return self.session(prefix if prefix in found else found[0])

    def scopes(self) -> list[Scope]:
        """Every scope of the store; only for a handle that has bound none itself."""
        self._require_unbound("list scopes")
        return self._shared.store().scopes()

    def info(self) -> Info:
        """What the store is and promises; its sizes are told to an unbound handle only."""
        with self._shared.examined() as store:
            info = store.info()
            details = {**info.details, **doors(store)} if self._binding.unbound else {}
            return replace(info, details=details)

    def backup(self, path: str | os.PathLike[str]) -> Info:
        """Copy the whole store to a new file and verify it; only for an unbound handle."""
        self._require_unbound("copy every scope")
        return self._shared.store().backup(checks.path("path", path))

    def restore_backup(self, path: str | os.PathLike[str]) -> Info:
        """Replace the whole store with a backup, for everybody who has it open.

        Only for an unbound handle. One write: after an error or a crash all of
        the old stands. A store that is too damaged to be read is replaced too.

        Raises:
            NotFound: nothing is at `path`.
            InvalidInput: `path` is the store itself.
            NotAStore, SchemaTooNew, StoreCorrupt: the backup is none, or not sound.
        """
        self._require_unbound("replace every scope")
        path = checks.path("path", path)
        with self._shared.examined() as store:
            return store.restore_from(path)

    def close(self) -> None:
        """Close the store, for every handle on it. Again is no error."""
        self._shared.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        reads = " ".join(map(str, self.reads))
        return f"<Memory {self._shared.where} {reads}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Memory cannot be pickled: it holds an open store. "
            "Pass its url, and open it where it is needed."
        )

    @property
    def _scope(self) -> Scope:
        """Its own scope, where it may be used."""
        return self._binding.usable().scope

    @property
    def _scopes(self) -> tuple[Scope, ...]:
        return self._binding.usable().reads

    def _require_unbound(self, what: str) -> None:
        if not self._binding.unbound:
            raise ScopeError(
                f"a memory bound to {self.scope} may not {what}. "
                "Use the one that amberfile.open() gave."
            )

    def _living(self, filter: Filter) -> Filter:
        """The same, checked, without what has expired by now."""
        wanted, now = checks.filter("filter", filter), self._shared.now()
        return replace(wanted, alive_at=max(now, wanted.alive_at or now))

    def _new_item(self, fields: Fields) -> Item:
        return to_item(fields, self._scope, self._shared.now(), self._shared.new_id())


def _ids(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(checks.name("id", id) for id in ids)
