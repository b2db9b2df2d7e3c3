"""agentroute's SQLite file, taken in and left as it was."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import amberfile
from amberfile.transfer import Imported, import_path
from amberfile.transfer.agents.agentroute import import_agentroute, is_agentroute_file


def agentroute_file(path: Path, *, wal: bool = False) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        "CREATE TABLE messages"
        " (id INTEGER PRIMARY KEY, role, content, tool_calls, tool_call_id, name)"
    )
    db.execute("CREATE TABLE facts (key PRIMARY KEY, value)")
    calls = json.dumps([{"id": "c"}])
    rows = [
        ("user", "hello", None, None, "ada"),
        ("assistant", None, calls, None, None),
        ("tool", "4", "damaged {", "c", None),
    ]
    insert = (
        "INSERT INTO messages (role, content, tool_calls, tool_call_id, name) VALUES (?,?,?,?,?)"
    )
    db.executemany(insert, rows)
    db.execute("INSERT INTO facts VALUES ('favorite_language', 'Python')")
    db.commit()
    return db


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize("in_use", [False, True])
def test_agentroute_file_is_taken_in(tmp_path: Path, wal: bool, in_use: bool) -> None:
    memory = amberfile.open("ram:")
    path = tmp_path / "old.db"
    db = agentroute_file(path, wal=wal)
    if not in_use:
        db.close()
    before = sorted(file.name for file in tmp_path.glob("old*"))
    assert is_agentroute_file(path)
    assert import_agentroute(memory, path) == Imported(sessions=1, messages=3, items=1)
    assert import_path(memory, path) == Imported(known=4)
    assert sorted(file.name for file in tmp_path.glob("old*")) == before
    db.close()
    assert memory.recall("language")[0].text == "Python"
    user, assistant, tool = memory.session("default").messages()
    assert (user.content, user.name) == ("hello", "ada")
    assert assistant.tool_calls == ({"id": "c"},)
    assert tool.parts == amberfile.Parts("agentroute", 1, {"tool_calls": "damaged {"})


@pytest.mark.parametrize("path", ["nope", "", "a\0b", "\ud83d", ".", "text"])
def test_what_is_not_agentroutes_is_said_to_be_so(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("hello")
    assert not is_agentroute_file(path)
