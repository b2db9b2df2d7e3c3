"""What comes in, what goes out, and that both are the same."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import amberfile
from amberfile import InvalidInput, Memory, NotFound, doctor
from amberfile.testing.hostile import HOSTILE
from amberfile.transfer import Imported, export_jsonl, export_openai, import_path

CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"
EIGHTH_OF_MAY = datetime(2023, 5, 8, 13, 56, tzinfo=timezone.utc)

each_string = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


@pytest.fixture(params=["ram", "sqlite"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    with amberfile.open("ram:" if request.param == "ram" else tmp_path / "a.db") as memory:
        yield memory


@pytest.fixture
def other() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def write(path: Path, *values: Any) -> Path:
    """One JSON value a line."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def said(role: str, content: Any = "", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def refusal(memory: Memory, path: Path) -> str:
    """The error of an import, "" if there is none."""
    try:
        import_path(memory, path)
    except InvalidInput as error:
        return str(error)
    return ""


def exported(memory: Memory, form: Any = export_jsonl) -> bytes:
    out = io.BytesIO()
    form(memory, out)
    return out.getvalue()


def contents(memory: Memory, session: str) -> list[str | None]:
    return [message.content for message in memory.session(session).messages()]


def sessions(memory: Memory) -> list[str]:
    return sorted(session.id for session in memory.sessions())


def test_the_example_comes_back_to_the_byte(memory: Memory) -> None:
    assert import_path(memory, CONVERSATION) == Imported(sessions=11, messages=273)
    assert exported(memory, export_openai) == CONVERSATION.read_bytes()
    titles = {session.id: session.title for session in memory.sessions()}
    assert titles["2026-03-09-cat"] == "Pretzel won't eat"


def test_a_second_import_adds_nothing(memory: Memory) -> None:
    import_path(memory, CONVERSATION)
    assert import_path(memory, CONVERSATION) == Imported(known=273)


def test_what_was_forgotten_does_not_come_back(memory: Memory) -> None:
    import_path(memory, CONVERSATION)
    gone = memory.session("2026-03-09-cat").messages()[3]
    memory.forget(gone.id)
    assert import_path(memory, CONVERSATION) == Imported(known=272, skipped=1)
    assert gone.content not in contents(memory, "2026-03-09-cat")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([said("user", "a"), said("assistant", "b")], {"chat": ["a", "b"]}),
        ({"messages": [said("user", "a")]}, {"chat": ["a"]}),
        ({"id": 7, "messages": [said("user", "a")]}, {"7": ["a"]}),
        ({"conversation_id": "c", "messages": [said("user", "a")]}, {"c": ["a"]}),
        (
            [[said("user", "a")], {"messages": [said("user", "b")]}],
            {"chat-1": ["a"], "chat-2": ["b"]},
        ),
        (
            [said("user", "a", session="x"), said("user", "b"), said("user", "c", session_id="x")],
            {"x": ["a", "c"], "chat": ["b"]},
        ),
        (said("user", "a"), {"chat": ["a"]}),
        ([], {}),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_file_of_any_shape_is_read(
    other: Memory, tmp_path: Path, value: Any, expected: dict[str, list[str]], indent: int | None
) -> None:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(value, indent=indent))
    import_path(other, path)
    assert {session: contents(other, session) for session in sessions(other)} == expected


def test_lines_are_messages_or_conversations(other: Memory, tmp_path: Path) -> None:
    lines = [said("user", "a"), said("user", "b"), {"messages": [said("user", "c")]}]
    import_path(other, write(tmp_path / "chat.jsonl", *lines, [said("user", "d")]))
    assert contents(other, "chat") == ["a", "b"]
    assert contents(other, "chat-1") == ["c"]
    assert contents(other, "chat-2") == ["d"]


def test_a_folder_is_read_in_the_order_of_its_names(other: Memory, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "chat.json", [said("user", "second")])
    write(tmp_path / "a.jsonl", said("user", "first"))
    (tmp_path / "notes.txt").write_text("not read")
    assert import_path(other, tmp_path) == Imported(sessions=2, messages=2)
    assert sessions(other) == ["a", "b/chat"]


ODD = [
    said(
        "user", [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "u"}}]
    ),
    said("assistant", None, tool_calls=[{"id": "c", "function": {"name": "f"}}]),
    said("tool", "4", tool_call_id="c", name="f"),
    said("critic", "an unknown role", weight=0.5, flags={"a": [True, 1, None]}),
    {"type": "function_call", "name": "f", "arguments": "{}"},
    said("user", "with an id", id="m1", timestamp=1683554160),
    said("user", "not a time", date="soon", name=""),
    said("user", "Z", created_at="2023-05-08T13:56:00Z"),
    {"role": "assistant", "refusal": "no content here"},
]


def test_what_has_no_field_is_given_back_exactly(memory: Memory, tmp_path: Path) -> None:
    odd = [one | {"created_at": "2026-01-01T00:00:00+00:00"} | one for one in ODD]
    import_path(memory, write(tmp_path / "odd.json", odd))
    assert json.loads(exported(memory, export_openai))["messages"] == odd
    assert contents(memory, "odd")[:3] == ["see", None, "4"]


def test_fields_are_taken_over(other: Memory, tmp_path: Path) -> None:
    import_path(other, write(tmp_path / "odd.json", ODD))
    _, call, result, critic, item, given, late, *_ = other.session("odd").messages()
    assert call.tool_calls == ({"id": "c", "function": {"name": "f"}},)
    assert (result.tool_call_id, result.name, critic.role) == ("c", "f", "critic")
    assert (item.role, item.content) == ("function_call", None)
    assert (given.id, given.created_at) == ("m1", EIGHTH_OF_MAY)
    assert late.created_at == given.created_at  # an unreadable time is the one before it


def test_an_id_that_two_conversations_use_loses_no_message(memory: Memory, tmp_path: Path) -> None:
    talks = [
        {"id": session, "messages": [said("user", f"{session} {turn}", id=turn) for turn in (1, 2)]}
        for session in ("a", "b")
    ]
    path = write(tmp_path / "chat.jsonl", *talks)
    assert import_path(memory, path) == Imported(sessions=2, messages=4)
    assert import_path(memory, path) == Imported(known=4)
    assert contents(memory, "b") == ["b 1", "b 2"]


def test_our_own_format_keeps_everything(memory: Memory, other: Memory) -> None:
    fill(memory)
    first = exported(memory)
    import_path(other, _saved(first))
    assert exported(other) == first
    assert doctor.faults(memory) == doctor.faults(other) == []
    hidden = [one for one in other.history("hidden") if one.change == "retracted"]
    assert [one.reason for one in hidden] == ["wrong", "again"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _saved(data: bytes) -> Path:
    path = Path("export.jsonl")
    path.write_bytes(data)
    return path


def fill(memory: Memory) -> None:
    """One of each: versions, hidden and forgotten items, gaps, strings that UTF-8 refuses."""
    memory.remember("old", key="k", topics=["t"], metadata={"\ud800": [1.5, None, {"a": True}]})
    chat = memory.session("s")
    chat.append("user", "hello \ud83d\ude00 \u202e", name="Ada", tool_calls=[{"a": 1}])
    memory.remember("new", key="k", source=amberfile.Source("tool", "ref", 0.25), importance=0.0)
    memory.remember("hidden", id="hidden", expires_at=EIGHTH_OF_MAY, valid_from=EIGHTH_OF_MAY)
    memory.retract("hidden", reason="wrong")
    memory.restore("hidden")
    memory.retract("hidden", reason="again")
    memory.session("z").append("user", "between", parts=amberfile.Parts("p", 2, {"x": [None]}))
    memory.forget(chat.append("user", "forgotten").id, memory.remember("forgotten too").id)
    chat.append("assistant", None)
    chat.rename("A title")


def test_an_export_of_what_was_exported_adds_nothing(memory: Memory) -> None:
    fill(memory)
    assert import_path(memory, _saved(exported(memory))).known == 5
    assert b"forgotten" not in exported(memory)


def test_an_item_whose_key_is_taken_is_skipped(memory: Memory, other: Memory) -> None:
    other.remember("theirs", key="k")
    mine = memory.remember("mine", key="k")
    assert import_path(memory, _saved(exported(other))) == Imported(skipped=1)
    assert memory.get(mine.id) == [mine]


@pytest.mark.parametrize("hidden", [False, True])
def test_an_earlier_key_that_moved_on_costs_no_item(
    memory: Memory, other: Memory, hidden: bool
) -> None:
    memory.remember("a", id="a", key="k")
    memory.update("a", key=None)
    memory.remember("b", id="b", key="k")
    memory.update("a", text="a again")
    if hidden:
        memory.retract("a")
    assert import_path(other, _saved(exported(memory))) == Imported(items=2)
    texts = ["a", "a", "a again", *["a again"] * hidden]
    assert [one.item.text for one in other.history("a")] == texts
    assert [item.id for item in other.find()] == (["b"] if hidden else ["a", "b"])


def test_many_entries_keep_their_order(memory: Memory, other: Memory) -> None:
    for number in range(1_200):
        memory.session(f"s{number % 3}").append("user", f"word{number}")
    assert import_path(other, _saved(exported(memory))) == Imported(sessions=3, messages=1_200)
    assert exported(other) == exported(memory)


@each_string
@pytest.mark.parametrize("form", [export_jsonl, export_openai])
def test_any_string_goes_out_and_comes_in(other: Memory, text: str, form: Any) -> None:
    with amberfile.open("ram:") as memory:
        memory.session("s").append("user", text)
        memory.remember(text, metadata={"x": text})
        import_path(other, _saved(exported(memory, form)))
    if form is export_jsonl or text != HOSTILE["two surrogates that are not one character"]:
        assert contents(other, "s") == [text]
    if form is export_jsonl:
        assert [item.text for item in other.find()] == [text]


@each_string
@pytest.mark.parametrize("field", ["content", "role", "name", "session", "id", "tool_call_id", "x"])
def test_any_string_in_a_message_is_kept_or_refused(
    other: Memory, tmp_path: Path, field: str, text: str
) -> None:
    original = said("user", "hello") | {field: text}
    path = write(tmp_path / "chat.jsonl", original)
    original = json.loads(path.read_bytes())  # JSON joins a pair of surrogates
    if refused := refusal(other, path):
        assert "line 1" in refused
        assert (field, other.sessions()) == ("role", [])
        return
    talk = json.loads(exported(other, export_openai))
    [back] = talk["messages"]
    assert {name: back[name] for name in original} == original


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (b'{"role": "user", "content": ', "no JSON"),
        (b'{"role": "user", "content": "\xff"}', "not UTF-8"),
        (b'{"content": "without a role"}', "no conversation"),
        (b'{"messages": [{"role": "user"}, 7]}', "message 2"),
        (b'{"role": "", "content": "x"}', "role='' is empty"),
        (b'{"role": "user", "weight": 1e999}', "inf"),
        (b"[" * 100_000, "cannot be read"),
        (b'"just text"', "no conversation"),
    ],
)
def test_a_damaged_line_is_told_with_what_went_before(
    memory: Memory, tmp_path: Path, damage: bytes, told: str
) -> None:
    path = write(tmp_path / "chat.jsonl", said("user", "a"), said("user", "b"))
    path.write_bytes(path.read_bytes() + damage + b'\n{"role": "user", "content": "after"}\n')
    with pytest.raises(InvalidInput) as raised:
        import_path(memory, path)
    assert told in str(raised.value)
    assert f"{path}, line 3" in str(raised.value)
    assert "2 messages and 0 items were imported" in str(raised.value)
    assert contents(memory, "chat") == ["a", "b"]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        '{"type": "item"}',
        '{"type": "item", "id": "a", "text": 7, "change": "created"}',
        '{"type": "item", "id": "a", "text": "x", "change": "eaten"}',
        '{"type": "item", "id": "a", "text": "x", "change": "created", "updated_at": "soon"}',
        '{"type": "item", "id": "a", "text": "x", "change": "created"}',
        '{"type": "item", "id": "a", "text": "x", "change": "created", "source": 7}',
        '{"type": "item", "id": "a", "versions": [7], "text": "x", "change": "created"}',
        '{"type": "message", "id": "a"}',
        '{"type": "message", "id": "a", "session": "", "role": "user"}',
        '{"type": "message", "id": "a", "session": "s", "role": "user", "parts": 7}',
        '{"type": "escaped", "data": "!"}',
        '{"type": "session", "id": 7, "title": "x"}',
    ],
)
def test_a_damaged_line_of_ours_is_one_error(other: Memory, line: str) -> None:
    with pytest.raises(InvalidInput, match="line 2"):
        import_path(other, _saved(f'{{"amberfile": 1}}\n{line}\n'.encode()))
    assert other.find().items == ()


def test_a_newer_format_is_refused(other: Memory) -> None:
    with pytest.raises(InvalidInput, match="Upgrade"):
        import_path(other, _saved(b'{"amberfile": 2}\n'))


def test_a_missing_path_and_a_foreign_database_are_refused(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nope\.json"):
        import_path(memory, "nope.json")
    with pytest.raises(InvalidInput):
        import_path(memory, "a\0b")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(InvalidInput, match="cannot import"):
        import_path(memory, foreign)


def test_a_store_is_not_imported_into_itself(tmp_path: Path) -> None:
    with amberfile.open(tmp_path / "a.db") as memory:
        memory.remember("x")
        with pytest.raises(InvalidInput, match="is the store"):
            import_path(memory, tmp_path / "a.db")


def test_progress_ends_at_the_size(other: Memory) -> None:
    told: list[tuple[int, int]] = []
    import_path(other, CONVERSATION, progress=lambda done, size: told.append((done, size)))
    size = CONVERSATION.stat().st_size
    assert told[-1] == (size, size)
    assert told == sorted(told)
