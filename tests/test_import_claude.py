"""Claude's export: its conversations, branches, projects and memories, and what is wrong in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory
from amberfile.transfer import Imported, import_path, undo_import
from amberfile.transfer.detect import IMPORTERS
from amberfile.transfer.source import Source

ROOT = "00000000-0000-4000-8000-000000000000"
MAY = datetime(2025, 5, 1, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def message(uuid: Any, sender: str, text: Any = "", **more: Any) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "text": text,
        "content": [{"type": "text", "text": text, "citations": []}],
        "sender": sender,
        "created_at": "2025-05-01T09:30:00.000000Z",
        "updated_at": "2025-05-01T09:30:00.000000Z",
        "attachments": [],
        "files": [],
        **more,
    }


def conversation(*messages: Any, **more: Any) -> dict[str, Any]:
    return {
        "uuid": "c1",
        "name": "A cat",
        "summary": "",
        "created_at": "2025-05-01T09:30:00.000000Z",
        "updated_at": "2025-05-02T09:30:00.000000Z",
        "account": {"uuid": "account"},
        "chat_messages": list(messages),
        **more,
    }


def asked() -> dict[str, Any]:
    return conversation(
        message("m1", "human", "My cat won't eat."),
        message("m2", "assistant", "Since when?"),
    )


PROJECT = {
    "uuid": "p1",
    "name": "Garden",
    "description": "Plans for the garden",
    "is_private": True,
    "prompt_template": "Answer like a gardener.",
    "created_at": "2025-05-01T09:30:00Z",
    "updated_at": "2025-05-01T09:30:00Z",
    "creator": {"uuid": "account", "full_name": "Ada"},
    "docs": [
        {"uuid": "d1", "filename": "soil.md", "content": "The soil is acid.", "created_at": "2025"},
        {"uuid": "d2", "filename": "empty.md", "content": ""},
    ],
}
MEMORIES = {
    "conversations_memory": "Ada has a cat, Pretzel.",
    "project_memories": {"p1": "The garden is in Lisbon.", "p2": ""},
    "account_uuid": "account",
    "memory_files": [],
}


def write(folder: Path, *values: Any, name: str = "conversations.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(values))
    return path


def talks(memory: Memory) -> dict[str, list[str | None]]:
    found = sorted(memory.sessions(), key=lambda info: info.id)
    return {one.id: [m.content for m in memory.session(one.id).messages()] for one in found}


def test_a_conversation_is_a_session(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path, asked())
    before = path.read_bytes()
    assert import_path(memory, path) == Imported(sessions=1, messages=2)
    [session] = memory.sessions()
    assert (session.id, session.title) == ("c1", "A cat")
    first, second = memory.session("c1").messages()
    assert (first.id, first.role, first.content) == ("m1", "user", "My cat won't eat.")
    assert (second.role, second.created_at) == ("assistant", MAY)
    assert second.parts == amberfile.Parts("claude", 1, asked()["chat_messages"][1])
    assert path.read_bytes() == before


def test_a_second_import_adds_nothing(memory: Memory, tmp_path: Path) -> None:
    everything = [asked(), PROJECT, MEMORIES]
    path = write(tmp_path, *everything)
    done = import_path(memory, path, format="claude")
    assert (done.messages, done.items) == (2, 5)
    assert import_path(memory, path, format="claude") == Imported(known=7)


CONTENTS = [
    ({"text": "old", "content": None}, "old"),
    ({"text": "old", "content": []}, "old"),
    ({"text": "old", "content": [None]}, "old"),
    ({"text": "not shown", "content": [{"type": "text", "text": "shown"}]}, "shown"),
    ({"content": [None, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "a\nb"),
    (
        {
            "text": "This block is not supported.",
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "tool_use", "name": "search", "input": {"query": "cats"}},
                {"type": "tool_result", "content": [{"type": "text", "text": "found"}]},
            ],
        },
        None,
    ),
    (
        {
            "text": "",
            "content": [{"type": "text", "text": ""}],
            "attachments": [{"file_name": "", "extracted_content": "pasted"}, {"file_name": "x"}],
        },
        "pasted",
    ),
    ({"text": "said", "content": [], "attachments": [{"extracted_content": "pasted"}]}, "said"),
]


@pytest.mark.parametrize(("fields", "text"), CONTENTS)
def test_blocks_go_before_the_text_and_the_original_is_kept(
    memory: Memory, tmp_path: Path, fields: dict[str, Any], text: str | None
) -> None:
    original = message("m", "human") | fields
    import_path(memory, write(tmp_path, conversation(original)))
    [said] = memory.session("c1").messages()
    assert said.content == text
    assert said.parts is not None
    assert said.parts.data == original


def edited() -> dict[str, Any]:
    """A question asked twice; the export lists messages as they were written."""
    return conversation(
        message("m1", "human", "Where to?", parent_message_uuid=ROOT),
        message("m2", "assistant", "Rome.", parent_message_uuid="m1"),
        message("m3", "human", "Where to in May?", parent_message_uuid=ROOT),
        message("m4", "assistant", "Lisbon.", parent_message_uuid="m3"),
    )


def test_an_edited_question_begins_a_branch(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, edited()))
    assert talks(memory) == {
        "c1": ["Where to in May?", "Lisbon."],
        "c1/branch-1": ["Where to?", "Rome."],
    }


def test_the_leaf_that_is_named_is_the_one_that_was_shown(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, edited() | {"current_leaf_message_uuid": "m2"}))
    assert talks(memory)["c1"] == ["Where to?", "Rome."]


def test_a_message_that_went_to_a_branch_comes_in_once(memory: Memory, tmp_path: Path) -> None:
    export = edited()
    latest = [export["chat_messages"].pop(), export["chat_messages"].pop()]
    import_path(memory, write(tmp_path, export))
    export["chat_messages"] += reversed(latest)
    done = import_path(memory, write(tmp_path, export))
    assert (done.messages, done.known) == (2, 2)


def test_messages_in_a_circle_come_in_once(memory: Memory, tmp_path: Path) -> None:
    export = conversation(
        message("m1", "human", "a", parent_message_uuid="m2"),
        message("m2", "human", "b", parent_message_uuid="m1"),
        message("m3", "human", "c", parent_message_uuid="m3"),
    )
    assert import_path(memory, write(tmp_path, export)).messages == 3


def test_two_messages_under_one_id_are_two(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path, conversation(*(message("m", "human", text) for text in "ab")))
    assert import_path(memory, path).messages == 2
    assert import_path(memory, path) == Imported(known=2)
    assert talks(memory) == {"c1": ["a", "b"]}


def test_an_unnamed_chat_has_no_title_and_no_id_the_files_name(
    memory: Memory, tmp_path: Path
) -> None:
    export = conversation(message(None, "human", "hello"), uuid=None, name="")
    path = write(tmp_path, export)
    import_path(memory, path)
    [session] = memory.sessions()
    assert (session.id, session.title) == ("conversations-1", "")
    assert import_path(memory, path).known == 1


def test_a_message_without_a_time_has_that_of_the_one_before_it(
    memory: Memory, tmp_path: Path
) -> None:
    undated = {"created_at": None, "updated_at": "soon"}
    export = conversation(
        message("m1", "human", "a", **undated),
        message("m2", "assistant", "b", created_at="2025-05-03T00:00:00Z"),
        message("m3", "human", "c", **undated),
    )
    import_path(memory, write(tmp_path, export))
    assert [one.created_at.day for one in memory.session("c1").messages()] == [1, 3, 3]


def test_a_summary_is_an_item(memory: Memory, tmp_path: Path) -> None:
    export = asked() | {"summary": "A cat that would not eat."}
    assert import_path(memory, write(tmp_path, export)).items == 1
    [item] = memory.find()
    assert (item.kind, item.text) == ("summary", "A cat that would not eat.")
    assert item.metadata == {"session": "c1"}
    assert item.created_at.day == 2


@pytest.mark.parametrize("alone", [False, True])
def test_a_projects_texts_are_items(memory: Memory, tmp_path: Path, alone: bool) -> None:
    path = tmp_path / "projects.json"
    path.write_text(json.dumps(PROJECT if alone else [PROJECT], indent=1))
    assert import_path(memory, path).items == 3
    items = {item.text: item for item in memory.find()}
    document = items["The soil is acid."]
    assert (document.id, document.kind, document.topics) == ("d1", "note", ("Garden",))
    assert document.metadata == {"filename": "soil.md", "project": "p1", "created_at": "2025"}
    assert items["Answer like a gardener."].metadata["field"] == "prompt_template"
    assert {item.created_at for item in items.values()} == {MAY}
    assert document.source == amberfile.Source("import", "projects.json")


def test_what_claude_remembers_is_items(memory: Memory, tmp_path: Path) -> None:
    assert import_path(memory, write(tmp_path, MEMORIES, name="memories.json")).items == 2
    items = {item.text: dict(item.metadata) for item in memory.find()}
    assert items == {
        "Ada has a cat, Pretzel.": {"account_uuid": "account", "memory_files": []},
        "The garden is in Lisbon.": {"project": "p1"},
    }


def test_what_claude_remembers_later_stands_beside_it(memory: Memory, tmp_path: Path) -> None:
    import_path(memory, write(tmp_path, MEMORIES))
    later = MEMORIES | {"conversations_memory": "Ada has two cats."}
    assert import_path(memory, write(tmp_path, later)) == Imported(items=1, known=1)


WRONG: list[Any] = [
    7,
    {"uuid": "x"},
    {"chat_messages": "none"},
    conversation(7),
    conversation(None),
    conversation({"uuid": "m"}),
    conversation(message("m", "")),
    conversation(message("m", "human", content="text")),
    conversation(message("m", "human", attachments=[7], content=[])),
    conversation(message("m", "human", weight=float("inf"))),
    {"project_memories": [1]},
    PROJECT | {"docs": [7]},
    PROJECT | {"docs": {}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_its_line(memory: Memory, tmp_path: Path, wrong: Any) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(f"[{json.dumps(asked())},\n{json.dumps(wrong)}]")
    with pytest.raises(InvalidInput) as raised:
        import_path(memory, path)
    assert f"{path}, line 2: " in str(raised.value)
    assert "Before it 2 messages" in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("m1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["uuid", "type", "text", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
EXPORT = [edited(), PROJECT, MEMORIES]
PLACES = [
    *((number, name) for number, one in enumerate(EXPORT) for name in one),
    *((0, "chat_messages", 1, name) for name in edited()["chat_messages"][1]),
    (0, "chat_messages", 1),
    *((1, "docs", 0, name) for name in ("uuid", "content", "filename", "created_at")),
    (2, "project_memories", "p1"),
]


@given(st.sampled_from(PLACES), JSON)
def test_any_value_in_any_place_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any
) -> None:
    export = json.loads(json.dumps(EXPORT))
    inner: Any = export
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    path = write(tmp_path_factory.getbasetemp(), *export)
    with amberfile.open("ram:") as memory:
        done, refused = outcome(memory, path)
        again, _ = outcome(memory, path)
    assert "line 1" in refused or again.known == done.messages + done.items + done.known


def outcome(memory: Memory, path: Path) -> tuple[Imported, str]:
    """What was imported, or the error."""
    try:
        return import_path(memory, path, format="claude"), ""
    except InvalidInput as error:
        return Imported(), str(error)


@pytest.mark.parametrize("value", [*EXPORT, {"uuid": "p", "name": "Garden", "docs": []}])
def test_its_files_are_seen_to_be_its_own(tmp_path: Path, value: Any) -> None:
    source = Source(write(tmp_path, value), "conversations.json")
    assert [one.name for one in IMPORTERS if one.fits(source)] == ["claude"]


def test_an_undone_import_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    memory.remember("of my own", id="own")
    done = import_path(memory, write(tmp_path, *EXPORT), format="claude")
    assert undo_import(memory, done.id or "").entries == done.messages + done.items
    assert ([item.id for item in memory.find()], talks(memory)) == (["own"], {})
