"""agentroute's memory, spoken over ours: a program changes its import line and nothing else.

    from amberfile.interop.agentroute import Memory, MemorySQLite, Message

One file is one conversation, as it is there: the session "default" of the
default scope, whose facts are items of kind "fact". An object may be used by
any task, thread and loop; its file is made, or opened, at the first call.

A file that agentroute wrote is never written here. The first call copies it
into one beside it, which every later call uses.

What it leaves out: agents, models and history policies.
"""

from __future__ import annotations

import os
import sys
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar, runtime_checkable

from amberfile import checks, types
from amberfile import memory as core
from amberfile.aio import AsyncMemory
from amberfile.drafts import Said
from amberfile.errors import StoreClosed
from amberfile.transfer.agents.agentroute import import_agentroute, is_agentroute_file
from amberfile.transfer.beside import beside, copy_once

__all__ = ["Memory", "MemoryProto", "MemorySQLite", "Message"]

T = TypeVar("T")

SESSION = "default"


@dataclass
class Message:
    """One message, in the shape that OpenAI's interface gave it."""

    role: str
    content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    name: str | None = None


@runtime_checkable
class MemoryProto(Protocol):
    """What agentroute asks of a memory: one conversation, and facts by key."""

    async def get_messages(self, limit: int | None = None) -> list[Message]:
        """The conversation, oldest first; a limit gives its end, 0 or less nothing."""
        ...

    async def add_messages(self, messages: Sequence[Message]) -> None:
        """Add to the end of the conversation."""
        ...

    async def clear_messages(self) -> None:
        """Remove the conversation; the facts stay."""
        ...

    async def remember(self, key: str, value: str) -> None:
        """Keep a fact; one with the same key is superseded, an empty key is a `ValueError`."""
        ...

    async def recall(self, query: str, limit: int = 10) -> list[str]:
        """The values of the facts that fit, best first; of a blank query the newest."""
        ...

    async def forget(self, key: str) -> None:
        """Remove a fact for good; an unknown key is no error."""
        ...


class _Kept:
    """`MemoryProto` over a memory that `connect` opens at the first call."""

    def __init__(self, connect: Callable[[], core.Memory]) -> None:
        self._connect = connect
        self._memory: core.Memory | None = None
        self._lock = Lock()

    async def get_messages(self, limit: int | None = None) -> list[Message]:
        kept = await self._ask(lambda memory: memory.session(SESSION).messages(limit))
        return [_message(message) for message in kept]

    async def add_messages(self, messages: Sequence[Message]) -> None:
        said = [_said(message) for message in messages]
        await self._ask(lambda memory: memory.session(SESSION).extend(said))

    async def clear_messages(self) -> None:
        await self._ask(lambda memory: memory.session(SESSION).clear())

    async def remember(self, key: str, value: str) -> None:
        key = checks.name("key", key)  # to the core, None is no key
        await self._ask(lambda memory: memory.remember(value, key=key))

    async def recall(self, query: str, limit: int = 10) -> list[str]:
        hits = await self._ask(lambda memory: memory.recall(query, limit=limit, kinds={"fact"}))
        return [hit.text for hit in hits]

    async def forget(self, key: str) -> None:
        if key:  # no fact has an empty one
            await self._ask(lambda memory: memory.forget(key=key))

    async def _ask(self, call: Callable[[AsyncMemory], Awaitable[T]]) -> T:
        """The answer of `call`, which begins again if another task closed the memory meanwhile."""
        while True:
            memory = self._memory
            if memory is None:
                memory = await to_thread(self._open)
            try:
                return await call(memory.aio)
            except StoreClosed:
                if memory is self._memory:
                    raise

    def _open(self) -> core.Memory:
        with self._lock:
            if self._memory is None:
                self._memory = self._connect()
            return self._memory

    def _close(self) -> None:
        with self._lock:
            memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()


class Memory(_Kept):
    """agentroute's memory in RAM. It lives as long as this object."""

    def __init__(self) -> None:
        super().__init__(lambda: core.open("ram:"))

    async def close(self) -> None:
        """Nothing is let go, so that the next call finds what this one left."""


class MemorySQLite(_Kept):
    """agentroute's memory in one file, which several processes may use at once.

    Args:
        path: made at the first call. If agentroute wrote the file, it is
            copied once to one beside it: agent.db to agent.amber.db.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        place = Path(path).absolute()
        super().__init__(lambda: _opened(place))

    async def close(self) -> None:
        """Close the file; the next call opens it again."""
        await to_thread(self._close)


def _said(message: Message) -> Said:
    calls, call_id = message.tool_calls, message.tool_call_id
    return Said(message.role, message.content, message.name, calls, call_id)


def _message(kept: types.Message) -> Message:
    calls = None if kept.tool_calls is None else [dict(call) for call in kept.tool_calls]
    return Message(kept.role, kept.content, calls, kept.tool_call_id, kept.name)


_opening = Lock()


def _opened(path: Path) -> core.Memory:
    """The memory for `path`, open."""
    with _opening:  # a store refuses a file into which another thread is just looking
        memory = core.open(_place(path))
        memory.get()  # opens it now
    return memory


def _place(path: Path) -> Path:
    """The file that holds the memory: `path`, or the copy beside what agentroute wrote."""
    copy = beside(path)
    if not path.exists():
        return copy if copy.exists() else path  # whoever has a copy may remove the original
    if not is_agentroute_file(path):
        return path
    if copy_once(path, copy, import_agentroute):
        print(f"amberfile: copied {path}, which agentroute wrote, to {copy}", file=sys.stderr)
    return copy
