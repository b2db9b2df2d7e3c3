"""The same calls from asyncio: any loop, any thread, and whole writes under cancellation."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any

import pytest

import amberfile
from amberfile import Draft, Memory, NotFound, Said, StoreClosed
from amberfile.shared import THREADS

WHO: ContextVar[str] = ContextVar("WHO")


def test_every_call_has_the_answer_of_its_twin(memory: Memory) -> None:
    async def talk() -> None:
        aio = memory.aio
        item = await aio.remember("Deploys go out on Friday", key="deploy")
        assert await aio.get(item.id) == memory.get(item.id) == [item]
        assert await aio.recall("deploys", limit=3) == memory.recall("deploys", limit=3)
        assert (await aio.update(item.id, text="Thursday")).version == 2
        assert await aio.find() == memory.find()
        assert await aio.history(item.id) == memory.history(item.id)
        assert await aio.retract(item.id, reason="x") == await aio.restore(item.id) == 1
        assert await aio.forget(key="deploy") == 1
        assert await aio.remember_all([Draft("x")]) == 1
        assert (await aio.info()).store == memory.info().store
        assert await aio.scopes() == [memory.scope] == [aio.scope] == list(aio.reads)
        assert (await aio.scoped(user="ada").remember("x")).scope.user == "ada"
        with pytest.raises(NotFound):
            await aio.resume("absent")

    asyncio.run(talk())


def test_a_session_and_its_turns_have_twins(memory: Memory) -> None:
    async def talk() -> None:
        chat = memory.aio.session("s")
        async with chat.turn() as turn:
            await turn.append("user", "where?")
            await turn.append("assistant", "here")
        assert await chat.extend([Said("user", "thanks")]) == 1
        await chat.append("assistant", "welcome")
        await chat.rename("title")
        assert (await chat.info()).messages == 4
        assert await chat.messages(1) == memory.session("s").messages(1)
        assert (await memory.aio.resume("s")).id == chat.id == "s"
        assert [info.id for info in await memory.aio.sessions()] == ["s"]
        assert await chat.clear() == 4
        assert await chat.delete() == 0
        with pytest.raises(ZeroDivisionError):
            await fail(chat.turn())
        async with chat.turn():
            pass  # the failed one is not open any more

    async def fail(turn: Any) -> None:
        async with turn:
            raise ZeroDivisionError

    asyncio.run(talk())


def test_fifty_tasks_lose_nothing(memory: Memory) -> None:
    async def talk() -> None:
        chat = memory.aio.session("s")
        await asyncio.gather(*(chat.append("user", str(number)) for number in range(50)))
        await asyncio.gather(*(memory.aio.remember(str(number)) for number in range(50)))

    asyncio.run(talk())
    messages = memory.session("s").messages()
    assert [message.seq for message in messages] == list(range(1, 51))
    assert {message.text for message in messages} == set(map(str, range(50)))
    assert len(memory.find()) == 50


def test_a_memory_outlives_its_loops_and_serves_many_at_once(memory: Memory) -> None:
    async def talk(name: str) -> None:
        for number in range(10):
            await memory.aio.remember(f"{name} {number}")

    asyncio.run(talk("first"))
    asyncio.run(talk("second"))
    threads = [threading.Thread(target=asyncio.run, args=(talk(str(n)),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory.find(limit=1_000)) == 100


def test_context_variables_reach_the_thread() -> None:
    seen = []

    def clock() -> datetime:
        seen.append(WHO.get("nobody"))
        return datetime.now(timezone.utc)

    async def talk() -> None:
        WHO.set("ada")
        await memory.aio.remember("x")

    with amberfile.open("ram:", clock=clock) as memory:
        asyncio.run(talk())
    assert set(seen) == {"ada"}


def test_the_loop_runs_on_while_a_call_waits() -> None:
    gate = threading.Event()

    def clock() -> datetime:
        gate.wait(10)
        return datetime.now(timezone.utc)

    async def talk() -> None:
        call = asyncio.create_task(memory.aio.remember("x"))
        await asyncio.sleep(0.01)
        gate.set()
        await call

    with amberfile.open("ram:", clock=clock) as memory:
        asyncio.run(talk())
        assert len(memory.find()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(url: str) -> None:
    with amberfile.open(url) as memory:
        asyncio.run(memory.aio.remember("umbrella"))
        child = os.fork()
        if not child:
            signal.alarm(20)
            found = asyncio.run(memory.aio.recall("umbrella"))
            os._exit(len(found))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_close_ends_its_threads_and_later_calls(memory: Memory) -> None:
    async def talk() -> None:
        async with memory.aio as aio:
            await asyncio.gather(*(aio.remember("x") for _ in range(20)))
        await aio.close()
        with pytest.raises(StoreClosed):
            await aio.recall("x")

    asyncio.run(talk())
    assert [thread.name for thread in threading.enumerate() if "amberfile" in thread.name] == []


async def cancelled(call: Coroutine[Any, Any, Any], chance: random.Random) -> bool:
    """Begin a call and soon stop waiting; False if it was done by then."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(chance.uniform(0, 0.0004))
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def settle(memory: Memory) -> None:
    """Wait until abandoned calls are done: each of the threads takes one call more."""
    barrier = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        memory._shared.submit(barrier.wait)
    barrier.wait(30)


def test_a_cancelled_write_is_whole_and_its_retry_writes_once(
    memory: Memory, seed: int, torture: bool
) -> None:
    rounds, chance = (2_000 if torture else 200), random.Random(seed)
    said = [Said("user", str(number)) for number in range(5)]

    async def write(number: int) -> int:
        aio, text = memory.aio, str(number)
        extending = await cancelled(aio.session(text).extend(said), chance)
        remembering = await cancelled(aio.remember(text, op_id=text), chance)
        await aio.remember(text, op_id=text)
        return extending + remembering

    async def write_all() -> int:
        return sum([await write(number) for number in range(rounds)])

    assert asyncio.run(write_all()) > 0
    settle(memory)
    texts = [item.text for item in memory.find(limit=rounds * 2)]
    assert sorted(texts) == sorted(map(str, range(rounds)))
    for number in range(rounds):
        assert [message.seq for message in memory.session(str(number)).messages()] == [*range(1, 6)]


def test_a_turn_that_is_cancelled_anywhere_does_not_stay_open(memory: Memory, seed: int) -> None:
    chance = random.Random(seed)

    async def talk(number: int) -> None:
        async with memory.aio.session(str(number)).turn() as turn:
            await turn.append("user", "x")

    async def talk_all() -> None:
        for number in range(100):
            await cancelled(talk(number), chance)

    asyncio.run(talk_all())
    settle(memory)
    settle(memory)  # what was abandoned while it opened has queued its end
    for number in range(100):
        with memory.session(str(number)).turn():
            pass


def test_a_loop_that_ends_during_a_write_leaves_it_whole(memory: Memory) -> None:
    async def leave() -> None:
        drafts = [Draft("x")] * 1_000
        with suppress(TimeoutError):
            await asyncio.wait_for(memory.aio.remember_all(drafts), 0.001)

    asyncio.run(leave())
    settle(memory)
    assert len(memory.find(limit=2_000)) == 1_000
