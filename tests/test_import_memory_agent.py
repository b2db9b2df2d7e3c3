"""The SQLite file of the agent on Ollama, taken in and left as it was."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import Filter, InvalidInput, Memory, imports
from amberfile.transfer import Imported, import_path

SCHEMA = """
    CREATE TABLE conversations (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
        role TEXT NOT NULL, content TEXT NOT NULL, timestamp TEXT NOT NULL,
        tokens_est INTEGER DEFAULT 0);
    CREATE TABLE summaries (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
        summary TEXT NOT NULL, turn_range TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE facts (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL,
        value TEXT NOT NULL, updated_at TEXT NOT NULL);
    CREATE INDEX idx_conv ON conversations(session_id, timestamp);
"""
LOOSE = """
    CREATE TABLE conversations (tokens_est, timestamp, content, role, session_id);
    CREATE TABLE summaries (session_id, summary, turn_range, created_at);
    CREATE TABLE facts (key, value, updated_at);
    CREATE TABLE more (anything);
"""
SAID = [
    ("s1", "user", "My name is Ada.", "2025-03-01T09:00:00.123456"),
    ("s2", "user", "Hello", "2025-03-01T09:30:00"),
    ("s1", "assistant", "Hello, Ada!", "2025-03-01T09:00:05"),
]
SUMMARY = ("s1", "Ada said her name.", "turns 1-2", "2025-03-01T10:00:00")
FACT = ("name", "Ada", "2025-03-02T08:00:00")


def agent_file(
    path: Path,
    *,
    schema: str = SCHEMA,
    said: Sequence[Sequence[Any]] = SAID,
    summaries: Sequence[Sequence[Any]] = (SUMMARY,),
    facts: Sequence[Sequence[Any]] = (FACT,),
    wal: bool = False,
) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.executescript(schema)
    columns = "session_id, role, content, timestamp"
    db.executemany(f"INSERT INTO conversations ({columns}) VALUES (?, ?, ?, ?)", said)
    columns = "session_id, summary, turn_range, created_at"
    db.executemany(f"INSERT INTO summaries ({columns}) VALUES (?, ?, ?, ?)", summaries)
    db.executemany("INSERT INTO facts (key, value, updated_at) VALUES (?, ?, ?)", facts)
    db.commit()
    return db


@pytest.fixture
def memory() -> Memory:
    return amberfile.open("ram:")


def day(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, but for the index of a log, in which readers leave their marks."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {name: b"" if name.endswith("-shm") else data for name, data in found.items()}


@pytest.mark.parametrize("schema", [SCHEMA, LOOSE])
@pytest.mark.parametrize("name", ["memory.db", "agent.sqlite", "a b?#.sqlite3"])
def test_everything_comes_in_once(memory: Memory, tmp_path: Path, schema: str, name: str) -> None:
    agent_file(tmp_path / name, schema=schema).close()
    assert import_path(memory, tmp_path / name) == Imported(sessions=2, messages=3, items=2)
    assert import_path(memory, tmp_path / name) == Imported(known=5)


def test_sessions_have_their_messages_in_order_with_their_times(
    memory: Memory, tmp_path: Path
) -> None:
    agent_file(tmp_path / "a.db").close()
    import_path(memory, tmp_path / "a.db")
    user, assistant = memory.session("s1").messages()
    assert (user.role, user.content) == ("user", "My name is Ada.")
    assert user.created_at == day(2025, 3, 1, 9, 0, 0, 123456)
    assert (assistant.role, assistant.created_at) == ("assistant", day(2025, 3, 1, 9, 0, 5))
    assert [one.content for one in memory.session("s2").messages()] == ["Hello"]


def test_facts_and_summaries_are_items(memory: Memory, tmp_path: Path) -> None:
    agent_file(tmp_path / "a.db").close()
    import_path(memory, tmp_path / "a.db")
    (fact,) = memory.find(Filter(kinds=["fact"]))
    assert (fact.key, fact.text, fact.updated_at) == ("name", "Ada", day(2025, 3, 2, 8))
    (summary,) = memory.find(Filter(kinds=["summary"]))
    assert (summary.text, summary.created_at) == ("Ada said her name.", day(2025, 3, 1, 10))
    assert summary.metadata == {"session": "s1", "turn_range": "turns 1-2"}


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize("in_use", [False, True])
def test_the_file_and_its_folder_stay_as_they_are(
    memory: Memory, tmp_path: Path, wal: bool, in_use: bool
) -> None:
    db = agent_file(tmp_path / "a.db", wal=wal)
    if not in_use:
        db.close()
    before = contents(tmp_path)
    assert import_path(memory, tmp_path / "a.db").messages == 3
    assert contents(tmp_path) == before
    db.close()


@pytest.mark.parametrize("endings", [("", "-wal"), ("", "-wal", "-shm")])
def test_a_copy_is_read_with_the_log_beside_it(
    memory: Memory, tmp_path: Path, endings: tuple[str, ...]
) -> None:
    (tmp_path / "copy").mkdir()
    db = agent_file(tmp_path / "a.db", wal=True)
    for ending in endings:
        shutil.copy(tmp_path / f"a.db{ending}", tmp_path / "copy")
    db.close()
    before = contents(tmp_path / "copy")
    assert import_path(memory, tmp_path / "copy" / "a.db").messages == 3
    assert contents(tmp_path / "copy") == before


def test_what_a_writer_has_not_committed_is_not_read(memory: Memory, tmp_path: Path) -> None:
    db = agent_file(tmp_path / "a.db")
    db.execute("DELETE FROM conversations")
    assert import_path(memory, tmp_path / "a.db").messages == 3
    db.rollback()
    db.close()


def test_a_copy_of_a_half_done_write_is_refused(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    db = agent_file(tmp_path / "a.db", said=[("s", "user", "x" * 500, "2025-03-01")] * 500)
    db.execute("PRAGMA cache_size = 1")
    db.execute("UPDATE conversations SET content = 'half'")
    for ending in ("", "-journal"):
        shutil.copy(tmp_path / f"a.db{ending}", tmp_path / "copy")
    db.rollback()
    db.close()
    with pytest.raises(InvalidInput, match="open it once with the program"):
        import_path(memory, tmp_path / "copy" / "a.db", format="ollama-agent")
    assert memory.sessions() == []


def test_values_of_any_type_are_text(memory: Memory, tmp_path: Path) -> None:
    said = [(1, None, 2.5, "2025-03-01"), (1, b"user", b"\xff\x00", 1740787200), (None,) * 4]
    summaries, facts = (
        [(None, None, 7, None)],
        [(None, None, "soon"), (3, 4, 5), (b"k", b"v", 0), ("", "x", 0)],
    )
    agent_file(tmp_path / "a.db", schema=LOOSE, said=said, summaries=summaries, facts=facts).close()
    assert import_path(memory, tmp_path / "a.db") == Imported(sessions=2, messages=3, items=5)
    first, second = memory.session("1").messages()
    assert (first.role, first.content, first.created_at) == ("user", "2.5", day(2025, 3, 1))
    assert (second.content, second.created_at) == ("\ufffd\0", day(2025, 3, 1))
    assert memory.session("a").messages()[0].content is None
    found = memory.find(Filter(kinds=["fact"]))
    told = sorted((fact.key or "", fact.text) for fact in found)
    assert told == [("", ""), ("", "x"), ("3", "4"), ("k", "v")]


def test_a_time_that_cannot_be_read_is_that_of_a_neighbour(memory: Memory, tmp_path: Path) -> None:
    stamps = ["soon", "2025-03-01", "", "2025-03-02", "later"]
    said = [("s", "user", str(number), stamp) for number, stamp in enumerate(stamps)]
    agent_file(tmp_path / "a.db", said=said).close()
    import_path(memory, tmp_path / "a.db")
    days = [message.created_at.day for message in memory.session("s").messages()]
    assert days == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE conversations SET role = hex(zeroblob(800))", "conversations, row 1: role="),
        ("UPDATE facts SET key = hex(zeroblob(800))", "facts, row 1: key="),
        ("UPDATE facts SET value = CAST(x'ff41' AS TEXT)", "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused(
    memory: Memory, tmp_path: Path, change: str, why: str
) -> None:
    db = agent_file(tmp_path / "a.db")
    db.execute(change)
    db.commit()
    db.close()
    with pytest.raises(InvalidInput) as caught:
        import_path(memory, tmp_path / "a.db")
    assert str(tmp_path / "a.db") in str(caught.value)
    assert why in str(caught.value)


def test_a_view_in_place_of_a_table_is_not_read(memory: Memory, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "a.db")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
    columns = "i session_id, i role, i content, i timestamp"
    db.executescript(f"{LOOSE}; DROP TABLE conversations;")
    db.execute(f"CREATE VIEW conversations AS {endless} {columns} FROM n")
    db.commit()
    db.close()
    with pytest.raises(InvalidInput, match="cannot import"):
        import_path(memory, tmp_path / "a.db")


@pytest.mark.parametrize("table", ["conversations", "summaries", "facts"])
def test_a_file_without_one_of_the_tables_is_another_programs(
    memory: Memory, tmp_path: Path, table: str
) -> None:
    db = agent_file(tmp_path / "a.db")
    db.execute(f"DROP TABLE {table}")
    db.commit()
    db.close()
    with pytest.raises(InvalidInput, match="cannot import"):
        import_path(memory, tmp_path / "a.db")


def test_a_damaged_file_is_refused(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    agent_file(path, said=[("s", "user", "x" * 500, "2025-03-01")] * 200).close()
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = b"\xa5" * (len(data) - 3 * 4096)
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="cannot"):
        import_path(memory, path)


def test_an_undone_import_leaves_nothing_and_may_come_again(memory: Memory, tmp_path: Path) -> None:
    agent_file(tmp_path / "a.db").close()
    done = import_path(memory, tmp_path / "a.db")
    assert done.id is not None
    assert imports.undo(memory, done.id).entries == 5
    assert (list(memory.find()), memory.sessions()) == ([], [])
    assert import_path(memory, tmp_path / "a.db") == done


VALUES = st.one_of(
    st.none(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.binary(max_size=20),
)
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES), max_size=4)


@given(said=ROWS, summaries=ROWS, facts=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=4))
def test_any_values_are_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, said: Any, summaries: Any, facts: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.db"
    agent_file(path, schema=LOOSE, said=said, summaries=summaries, facts=facts).close()
    memory = amberfile.open("ram:")
    try:
        import_path(memory, path)
    except InvalidInput as error:
        assert "a.db, " in str(error)  # noqa: PT017 - either way is right
    else:
        again = import_path(memory, path)
        assert (again.messages, again.items) == (0, 0)
