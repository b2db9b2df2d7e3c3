"""Programs written for agentroute's memory run on ours with only the import line changed."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile.interop.agentroute import Memory, MemoryProto, MemorySQLite, Message

Kept: TypeAlias = Memory | MemorySQLite

CALL = Message(
    "assistant",
    tool_calls=[
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"id": "c2", "extra": [1, 2.5, None, {"é": "\ud800"}]},
    ],
)
ANSWER = Message("tool", "2", tool_call_id="c1", name="add")
TALK = [Message("system", "Be brief."), Message("user", "1 + 1?"), CALL, ANSWER]


@pytest.fixture(params=["ram", "sqlite"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return Memory() if request.param == "ram" else MemorySQLite(tmp_path / "agent.db")


def run(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """For a test whose whole body is asynchronous."""
    asyncio.run(body())


# The sample of its page


SESSION_ONE = """
import asyncio
from amberfile.interop.agentroute import Memory, MemorySQLite

async def session_one():
    memory = {memory}
    await memory.remember("favorite_language", "Python")
    await memory.close()

asyncio.run(session_one())
"""
SESSION_TWO = """
import asyncio
from amberfile.interop.agentroute import Memory, MemorySQLite

async def session_two():
    memory = {memory}
    print(await memory.recall("language"))
    await memory.close()

asyncio.run(session_two())
"""


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )


@pytest.mark.parametrize(
    ("memory", "printed"), [('MemorySQLite("agent.db")', "['Python']\n"), ("Memory()", "[]\n")]
)
def test_the_next_process_recalls_what_a_file_kept_and_nothing_else(
    memory: str, printed: str, tmp_path: Path, torture: bool
) -> None:
    for number in range(100 if torture else 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        python(SESSION_ONE.format(memory=memory), folder)
        second = python(SESSION_TWO.format(memory=memory), folder)
        assert (second.stdout, second.stderr) == (printed, "")


# Each call


def test_both_are_what_agentroute_calls_a_memory(tmp_path: Path) -> None:
    assert isinstance(Memory(), MemoryProto)
    assert isinstance(MemorySQLite(tmp_path / "agent.db"), MemoryProto)


def test_a_message_comes_back_equal(kept: Kept) -> None:
    odd = [Message("user", ""), Message("user", name=""), Message("tool", "x", None, "")]

    async def body() -> None:
        await kept.add_messages(TALK)
        await kept.add_messages([*odd, Message("assistant", "", [])])
        assert await kept.get_messages() == [*TALK, *odd, Message("assistant", "", [])]

    run(body)


def test_a_limit_gives_the_last_messages_in_order(kept: Kept) -> None:
    async def body() -> None:
        await kept.add_messages(TALK)
        assert await kept.get_messages(2) == TALK[-2:]
        assert await kept.get_messages(limit=100) == TALK
        assert await kept.get_messages(0) == await kept.get_messages(-1) == []

    run(body)


def test_clearing_the_messages_leaves_the_facts(kept: Kept) -> None:
    async def body() -> None:
        await kept.remember("name", "Ada")
        await kept.add_messages(TALK)
        await kept.clear_messages()
        assert await kept.get_messages() == []
        assert await kept.recall("name") == ["Ada"]
        await kept.add_messages(TALK[:1])
        assert await kept.get_messages() == TALK[:1]

    run(body)


def test_what_is_changed_outside_does_not_change_what_is_kept(kept: Kept) -> None:
    async def body() -> None:
        await kept.add_messages([CALL])
        (found,) = await kept.get_messages()
        assert found.tool_calls is not None
        found.tool_calls[0]["function"]["name"] = "changed"
        assert await kept.get_messages() == [CALL]

    run(body)


def test_a_key_has_one_value_until_it_is_forgotten(kept: Kept) -> None:
    async def body() -> None:
        await kept.remember("favorite_language", "Perl")
        await kept.remember("favorite_language", "Python")
        assert await kept.recall("language") == ["Python"]
        await kept.forget("favorite_language")
        assert await kept.recall("language") == await kept.recall("") == []

    run(body)


@pytest.mark.parametrize(("key", "value"), [("", "x"), (None, "x"), (1, "x"), ("k", None)])
def test_only_text_under_a_key_that_is_not_empty_is_kept(kept: Kept, key: Any, value: Any) -> None:
    async def body() -> None:
        with pytest.raises(ValueError):
            await kept.remember(key, value)
        assert await kept.recall("") == []

    run(body)


@pytest.mark.parametrize("key", ["unknown", "", "%", "a" * 1_000])
def test_forgetting_what_is_unknown_is_no_error(kept: Kept, key: str) -> None:
    async def body() -> None:
        await kept.remember("name", "Ada")
        await kept.forget(key)
        assert await kept.recall("") == ["Ada"]

    run(body)


def test_a_blank_query_gives_the_newest_facts_up_to_the_limit(kept: Kept) -> None:
    async def body() -> None:
        for key in "abc":
            await kept.remember(key, key * 2)
        await kept.remember("a", "again")
        assert await kept.recall(" \n") == ["again", "cc", "bb"]
        assert await kept.recall("", limit=2) == ["again", "cc"]
        assert await kept.recall("", 0) == await kept.recall("again", -1) == []

    run(body)


def test_recall_finds_facts_best_first_and_no_messages(kept: Kept) -> None:
    async def body() -> None:
        await kept.add_messages([Message("user", "Python Python Python")])
        await kept.remember("editor", "An editor for Python")
        await kept.remember("python", "Python")
        assert await kept.recall("Which Python?") == ["Python", "An editor for Python"]
        assert await kept.recall("Which Python?", limit=1) == ["Python"]

    run(body)


@pytest.mark.parametrize(
    "query",
    [*"\"'*%_\\(\0\ud800", "a AND", "NEAR(", "key:", "-30", "net - 30 NOT", "?" * 999],
)
def test_no_query_is_taken_for_syntax(kept: Kept, query: str) -> None:
    async def body() -> None:
        await kept.remember("terms", "net-30 for ana@example.com")
        assert await kept.recall(query) in ([], ["net-30 for ana@example.com"])
        assert await kept.recall("net-30") == ["net-30 for ana@example.com"]

    run(body)


# Its life


def test_a_file_appears_at_the_first_use_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = MemorySQLite("agent.db")
    monkeypatch.chdir("/")
    assert os.listdir(tmp_path) == []
    assert asyncio.run(kept.recall("anything")) == []
    asyncio.run(kept.close())
    assert os.listdir(tmp_path) == ["agent.db"]


def test_a_closed_memory_opens_again_at_its_next_use(kept: Kept) -> None:
    asyncio.run(kept.close())  # it was not open
    for number in range(3):
        asyncio.run(kept.remember(f"key {number}", f"value {number}"))
        asyncio.run(kept.close())
        asyncio.run(kept.close())
    assert asyncio.run(kept.recall("")) == ["value 2", "value 1", "value 0"]


def test_any_number_of_tasks_threads_and_loops_use_one_object(kept: Kept) -> None:
    async def task(thread: int, number: int) -> None:
        name = f"{thread}/{number}"
        await kept.remember(name, f"value {name}")
        await kept.add_messages([Message("user", name), Message("assistant", name)])
        assert f"value {name}" in await kept.recall(name)

    async def tasks(thread: int) -> None:
        await asyncio.gather(*(task(thread, number) for number in range(50)))

    asyncio.run(tasks(8))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda thread: asyncio.run(tasks(thread)), range(8)))
    assert len(asyncio.run(kept.recall("", limit=1_000))) == 9 * 50
    said = [message.content for message in asyncio.run(kept.get_messages())]
    assert len(said) == 2 * 9 * 50
    assert said[::2] == said[1::2]  # what was added in one call stands together


def test_closing_disturbs_no_other_task(kept: Kept) -> None:
    async def task(number: int) -> None:
        await kept.remember(f"key {number}", "kept")
        await kept.add_messages([Message("user", str(number))])
        await kept.close()

    async def body() -> None:
        await asyncio.gather(*(task(number) for number in range(30)))
        assert await kept.recall("", limit=100) == ["kept"] * 30
        assert len(await kept.get_messages()) == 30

    run(body)


def test_objects_on_one_file_may_begin_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        mine = MemorySQLite(tmp_path / "agent.db")
        asyncio.run(mine.remember(f"key {number}", "kept"))
        asyncio.run(mine.close())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(24)))
    assert len(asyncio.run(MemorySQLite(tmp_path / "agent.db").recall("", 100))) == 24


# Both agree


KEYS = st.sampled_from(["favorite_language", "name", "a", "é", "%"])
VALUES = st.sampled_from(["Python", "Ada Lovelace", "net-30", "東京都", "", "the"])
QUERIES = st.sampled_from(["", "language", "lang", "what is my name?", "net-30", "京", "%", "the"])
LIMITS = st.sampled_from([-1, 0, 1, 3, 10])
MESSAGES = st.lists(st.sampled_from(TALK), max_size=3)
STEPS = st.one_of(
    st.tuples(st.just("remember"), KEYS, VALUES),
    st.tuples(st.just("recall"), QUERIES, LIMITS),
    st.tuples(st.just("forget"), KEYS),
    st.tuples(st.just("add_messages"), MESSAGES),
    st.tuples(st.just("get_messages"), st.none() | LIMITS),
    st.tuples(st.just("clear_messages")),
    st.tuples(st.just("close")),
)


@given(steps=st.lists(STEPS, max_size=15))
def test_ram_and_file_give_the_same_answers(steps: list[tuple[Any, ...]]) -> None:
    async def answers(kept: Kept) -> list[Any]:
        found = [await getattr(kept, name)(*arguments) for name, *arguments in steps]
        found += [await kept.get_messages(), await kept.recall("", 100)]
        await kept.close()
        return found

    with tempfile.TemporaryDirectory() as folder:
        in_file = asyncio.run(answers(MemorySQLite(f"{folder}/agent.db")))
    assert in_file == asyncio.run(answers(Memory()))


# A file that agentroute wrote


SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        role TEXT NOT NULL, content TEXT, tool_calls TEXT, tool_call_id TEXT, name TEXT
    );
    CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE VIRTUAL TABLE facts_fts USING fts5(key, value);
"""
FACTS = {"favorite_language": "Python", "name": "Ada"}


def agentroute_writes(path: Path, talk: list[Message] = TALK) -> sqlite3.Connection:
    """A file as agentroute 1.1.0 makes it, and its connection."""
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    for message in talk:
        calls = json.dumps(message.tool_calls) if message.tool_calls else None
        row = (message.role, message.content, calls, message.tool_call_id, message.name)
        db.execute(
            "INSERT INTO messages (role, content, tool_calls, tool_call_id, name)"
            " VALUES (?, ?, ?, ?, ?)",
            row,
        )
    for fact in FACTS.items():
        db.execute("INSERT INTO facts VALUES (?, ?)", fact)
        db.execute("INSERT INTO facts_fts VALUES (?, ?)", fact)
    db.commit()
    return db


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    path = tmp_path / "agent.db"
    agentroute_writes(path).close()
    return path


async def holds(kept: Kept, talk: list[Message] = TALK) -> None:
    assert await kept.get_messages() == talk
    assert await kept.recall("language") == ["Python"]
    assert sorted(await kept.recall("")) == sorted(FACTS.values())
    await kept.close()


def test_a_file_of_agentroute_is_copied_once_and_says_so_in_one_line(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = theirs.read_bytes()
    asyncio.run(holds(MemorySQLite(theirs)))
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "agent.amber.db" in said.err
    asyncio.run(holds(MemorySQLite(str(theirs))))
    assert capfd.readouterr().err == ""
    assert theirs.read_bytes() == before


def test_what_is_written_after_the_copy_stays(theirs: Path) -> None:
    async def change() -> None:
        kept = MemorySQLite(theirs)
        await kept.remember("favorite_language", "Rust")
        await kept.forget("name")
        await kept.clear_messages()
        await kept.close()

    async def look() -> None:
        kept = MemorySQLite(theirs)
        assert await kept.recall("") == ["Rust"]
        assert await kept.get_messages() == []

    run(change)
    run(look)


def test_the_copy_is_used_when_the_original_was_removed(theirs: Path) -> None:
    asyncio.run(holds(MemorySQLite(theirs)))
    theirs.unlink()
    asyncio.run(holds(MemorySQLite(theirs)))
    assert not theirs.exists()


def test_a_conversation_that_still_stands_in_their_log_is_copied_too(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    program = f"""
import os, runpy, pathlib
tests = runpy.run_path({__file__!r})
db = tests["agentroute_writes"](pathlib.Path({str(path)!r}))
os._exit(0)  # as a crash: nothing moves the log into the file
"""
    python(program, tmp_path)
    log = Path(f"{path}-wal")
    before = path.read_bytes(), log.read_bytes()
    assert before[1]
    asyncio.run(holds(MemorySQLite(path)))
    assert (path.read_bytes(), log.read_bytes()) == before


def test_an_empty_file_of_agentroute_gives_an_empty_memory(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "agent.db") as db:
        db.executescript(SCHEMA)
    db.close()
    assert asyncio.run(MemorySQLite(tmp_path / "agent.db").get_messages()) == []
    assert (tmp_path / "agent.amber.db").exists()


def test_a_file_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "agent.db") as db:
        db.execute("CREATE TABLE messages (subject TEXT)")
    db.close()
    before = (tmp_path / "agent.db").read_bytes()
    with pytest.raises(amberfile.NotAStore):
        asyncio.run(MemorySQLite(tmp_path / "agent.db").get_messages())
    assert (tmp_path / "agent.db").read_bytes() == before
    assert os.listdir(tmp_path) == ["agent.db"]


def test_processes_that_begin_at_once_make_one_copy(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    talk = [Message("user", f"message {number}") for number in range(3_000)]
    agentroute_writes(path, talk).close()
    program = f"""
import asyncio
from amberfile.interop.agentroute import MemorySQLite, Message

async def main():
    kept = MemorySQLite({str(path)!r})
    assert len(await kept.get_messages()) >= 3_000
    await kept.add_messages([Message("user", "mine")])
    await kept.close()

asyncio.run(main())
"""
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: python(program, tmp_path), range(4)))
    assert sum(run.stderr.count("\n") for run in runs) == 1
    asyncio.run(holds(MemorySQLite(path), talk + [Message("user", "mine")] * 4))


def test_a_copy_that_was_cut_short_is_made_anew_and_whole(theirs: Path) -> None:
    program = f"""
import os, pathlib
from amberfile.transfer.beside import beside, copy_once

def fill(memory, original):
    memory.session("default").append("user", "half of it")
    os._exit(0)  # as a crash

original = pathlib.Path({str(theirs)!r})
copy_once(original, beside(original), fill)
"""
    python(program, theirs.parent)
    assert list(theirs.parent.glob("*.part"))
    assert not (theirs.parent / "agent.amber.db").exists()
    asyncio.run(holds(MemorySQLite(theirs)))
    assert not list(theirs.parent.glob("*.part*"))
