"""The same calls for asyncio: each runs in one of the store's own threads.

No logic of its own. A cancelled call stops waiting, never the work: it still
commits or fails as a whole, and a repeat with the same `op_id` is safe. The
threads belong to the store, not to a loop: any number of loops, one after the
other or at once, may use one memory.
"""

from __future__ import annotations

import os
from asyncio import CancelledError, to_thread, wrap_future
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, TypeAlias, TypeVar

from amberfile.drafts import UNSET, Draft, Said, Unset
from amberfile.memory import Memory
from amberfile.session import LEASE, Session, TurnWriter
from amberfile.stores.base import Info
from amberfile.types import (
    ALL,
    Filter,
    Hit,
    Item,
    Message,
    Page,
    Parts,
    Scope,
    SessionInfo,
    Source,
    Version,
)

P = ParamSpec("P")
T = TypeVar("T")

Submit: TypeAlias = Callable[[Callable[[], Any]], "Future[Any]"]


class Threaded:
    """What calls its twin in a thread."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit

    async def _run(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The answer of `call`, which sees this task's context variables."""
        answer: T = await wrap_future(self._begin(partial(call, *args, **named)))
        return answer

    def _begin(self, call: Callable[[], T]) -> Future[T]:
        """What `call` will answer; it runs whether or not anybody waits for that."""
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        self._submit(partial(_answer, answer, partial(copy_context().run, call)))
        return answer


def _answer(answer: Future[T], call: Callable[[], T]) -> None:
    try:
        answer.set_result(call())
    except BaseException as error:
        answer.set_exception(error)


class AsyncMemory(Threaded):
    """`Memory` for asyncio; what does no input or output is not awaited."""

    def __init__(self, memory: Memory, submit: Submit) -> None:
        super().__init__(submit)
        self._memory = memory

    @property
    def scope(self) -> Scope:
        return self._memory.scope

    @property
    def reads(self) -> tuple[Scope, ...]:
        return self._memory.reads

    async def remember(
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
        return await self._run(
            self._memory.remember,
            text,
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
            op_id=op_id,
        )

    async def remember_all(self, drafts: Iterable[Draft]) -> int:
        return await self._run(self._memory.remember_all, drafts)

    async def recall(
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
        return await self._run(
            self._memory.recall,
            query,
            limit=limit,
            kinds=kinds,
            topics=topics,
            sessions=sessions,
            where=where,
            since=since,
            until=until,
        )

    async def get(self, *ids: str) -> list[Item]:
        return await self._run(self._memory.get, *ids)

    async def find(
        self, filter: Filter = ALL, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Item]:
        return await self._run(self._memory.find, filter, limit=limit, cursor=cursor)

    async def update(
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
        return await self._run(
            self._memory.update,
            id,
            text=text,
            key=key,
            kind=kind,
            topics=topics,
            metadata=metadata,
            source=source,
            importance=importance,
            valid_from=valid_from,
            valid_to=valid_to,
            expires_at=expires_at,
            if_version=if_version,
            op_id=op_id,
        )

    async def retract(self, *ids: str, reason: str = "") -> int:
        return await self._run(self._memory.retract, *ids, reason=reason)

    async def restore(self, *ids: str) -> int:
        return await self._run(self._memory.restore, *ids)

    async def forget(self, *ids: str, key: str | None = None, op_id: str | None = None) -> int:
        return await self._run(self._memory.forget, *ids, key=key, op_id=op_id)

    async def history(self, id: str) -> list[Version]:
        return await self._run(self._memory.history, id)

    def scoped(
        self,
        *,
        space: str | None = None,
        user: str | None = None,
        agent: str | None = None,
        reads: Sequence[Scope] = (),
    ) -> AsyncMemory:
        narrowed = self._memory.scoped(space=space, user=user, agent=agent, reads=reads)
        return AsyncMemory(narrowed, self._submit)

    def session(self, id: str | None = None) -> AsyncSession:
        return AsyncSession(self._memory.session(id), self._submit)

    async def sessions(self, prefix: str = "") -> list[SessionInfo]:
        return await self._run(self._memory.sessions, prefix)

    async def resume(self, prefix: str) -> AsyncSession:
        return AsyncSession(await self._run(self._memory.resume, prefix), self._submit)

    async def scopes(self) -> list[Scope]:
        return await self._run(self._memory.scopes)

    async def info(self) -> Info:
        return await self._run(self._memory.info)

    async def backup(self, path: str | os.PathLike[str]) -> Info:
        return await self._run(self._memory.backup, path)

    async def restore_backup(self, path: str | os.PathLike[str]) -> Info:
        return await self._run(self._memory.restore_backup, path)

    async def close(self) -> None:
        await to_thread(self._memory.close)  # not in a thread that it ends

    async def __aenter__(self) -> AsyncMemory:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<aio of {self._memory!r}>"


class AsyncSession(Threaded):
    """`Session` for asyncio."""

    def __init__(self, session: Session, submit: Submit) -> None:
        super().__init__(submit)
        self._session = session

    @property
    def id(self) -> str:
        return self._session.id

    async def append(
        self,
        role: str,
        content: str | None,
        *,
        name: str | None = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        tool_call_id: str | None = None,
        parts: Parts | None = None,
        created_at: datetime | None = None,
        id: str | None = None,
        op_id: str | None = None,
    ) -> Message:
        return await self._run(
            self._session.append,
            role,
            content,
            name=name,
            tool_calls=tool_calls,
            tool_call_id=tool_call_id,
            parts=parts,
            created_at=created_at,
            id=id,
            op_id=op_id,
        )

    async def extend(self, messages: Iterable[Said]) -> int:
        return await self._run(self._session.extend, messages)

    async def messages(self, limit: int | None = None) -> list[Message]:
        return await self._run(self._session.messages, limit)

    async def clear(self) -> int:
        return await self._run(self._session.clear)

    async def delete(self) -> int:
        return await self._run(self._session.delete)

    async def rename(self, title: str) -> None:
        await self._run(self._session.rename, title)

    async def info(self) -> SessionInfo:
        return await self._run(self._session.info)

    def turn(self, *, lease: timedelta = LEASE) -> AsyncTurn:
        return AsyncTurn(self._session.turn(lease=lease), self._submit)

    def __repr__(self) -> str:
        return f"<aio of {self._session!r}>"


class AsyncTurn(Threaded):
    """`TurnWriter` for asyncio, between `async with` and its end."""

    def __init__(self, turn: TurnWriter, submit: Submit) -> None:
        super().__init__(submit)
        self._turn = turn

    @property
    def id(self) -> str:
        return self._turn.id

    async def append(
        self,
        role: str,
        content: str | None,
        *,
        name: str | None = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        tool_call_id: str | None = None,
        parts: Parts | None = None,
        created_at: datetime | None = None,
        id: str | None = None,
        op_id: str | None = None,
    ) -> Message:
        return await self._run(
            self._turn.append,
            role,
            content,
            name=name,
            tool_calls=tool_calls,
            tool_call_id=tool_call_id,
            parts=parts,
            created_at=created_at,
            id=id,
            op_id=op_id,
        )

    async def __aenter__(self) -> AsyncTurn:
        opening = self._begin(self._turn.__enter__)
        try:
            await wrap_future(opening)
        except CancelledError:
            opening.add_done_callback(self._abandon)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._run(self._turn.__exit__, kind, error, trace)

    def _abandon(self, opening: Future[TurnWriter]) -> None:
        """Close a turn that opened when nobody waited any more."""
        if opening.exception() is None:
            self._begin(partial(self._turn.__exit__, CancelledError, None, None))
