"""ChatGPT's export: its trees, what it hides, its times, and what is wrong in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory
from amberfile.transfer import Imported, import_path, imports, undo_import
from amberfile.transfer.detect import IMPORTERS
from amberfile.transfer.source import Source

MARCH = 1_741_000_000.5
NOON = datetime(2025, 3, 3, 11, 6, 40, 500_000, timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def message(role: str, *parts: Any, **more: Any) -> dict[str, Any]:
    return {
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": None,
        "content": {"content_type": "text", "parts": list(parts)},
        "status": "finished_successfully",
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        **more,
    }


def node(parent: str | None, said: Any = None, *children: str) -> dict[str, Any]:
    return {"message": said, "parent": parent, "children": list(children)}


def conversation(mapping: Any, **more: Any) -> dict[str, Any]:
    """The nodes under their ids, which are their messages' ids too."""
    if isinstance(mapping, Mapping):
        mapping = {id: {"id": id, **one} for id, one in mapping.items()}
    return {
        "title": "Trip",
        "create_time": MARCH,
        "update_time": MARCH + 60,
        "conversation_id": "c1",
        "mapping": mapping,
        **more,
    }


def edited() -> dict[str, Any]:
    """A question that was edited, and the second answer to it repeated."""
    nodes = {
        "root": node(None, None, "system"),
        "system": node("root", message("system", "", id="system"), "q1", "q2"),
        "q1": node("system", message("user", "Where to?", id="q1"), "a1"),
        "a1": node("q1", message("assistant", "Rome.", id="a1")),
        "q2": node("system", message("user", "Where to in May?", id="q2"), "a2", "a3"),
        "a2": node("q2", message("assistant", "Oslo.", id="a2")),
        "a3": node("q2", message("assistant", "Lisbon.", id="a3")),
    }
    return conversation(nodes, current_node="a3")


def deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def write(folder: Path, *conversations: Any) -> Path:
    path = folder / "conversations.json"
    path.write_text(json.dumps(conversations))
    return path


def talks(memory: Memory) -> dict[str, list[str | None]]:
    found = sorted(memory.sessions(), key=lambda info: info.id)
    return {one.id: [m.content for m in memory.session(one.id).messages()] for one in found}


def test_the_branch_that_was_shown_last_is_the_session(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path, edited())
    before = path.read_bytes()
    assert import_path(memory, path) == Imported(sessions=3, messages=5, hidden=1)
    assert talks(memory) == {
        "c1": ["Where to in May?", "Lisbon."],
        "c1/branch-1": ["Where to?", "Rome."],
        "c1/branch-2": ["Oslo."],
    }
    titles = sorted(session.title for session in memory.sessions())
    assert titles == ["Trip", "Trip (branch 1)", "Trip (branch 2)"]
    assert [one.id for one in memory.session("c1").messages()] == ["q2", "a3"]
    assert path.read_bytes() == before


def test_a_second_import_adds_nothing(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path, edited())
    import_path(memory, path)
    assert import_path(memory, path) == Imported(known=5, hidden=1)


def test_an_answer_that_was_repeated_since_adds_only_the_new_one(
    memory: Memory, tmp_path: Path
) -> None:
    export = edited()
    import_path(memory, write(tmp_path, export))
    export["mapping"]["a4"] = {"id": "a4", **node("q2", message("assistant", "Faro.", id="a4"))}
    export["current_node"] = "a4"
    done = import_path(memory, write(tmp_path, export))
    assert (done.messages, done.known) == (1, 5)
    assert talks(memory)["c1"] == ["Where to in May?", "Lisbon.", "Faro."]


@pytest.mark.parametrize("current", [None, "gone", 7])
def test_without_a_current_node_the_newest_end_is_shown(
    memory: Memory, tmp_path: Path, current: Any
) -> None:
    export = edited()
    export["current_node"] = current
    export["mapping"]["a2"]["message"]["create_time"] = MARCH + 9
    export["mapping"]["a3"]["message"]["create_time"] = MARCH + 5
    import_path(memory, write(tmp_path, export))
    assert talks(memory)["c1"] == ["Where to in May?", "Oslo."]


def test_a_gap_loses_no_message(memory: Memory, tmp_path: Path) -> None:
    nodes = {
        "a": node(None, message("user", "before")),
        "c": node("b", message("user", "after")),
        "d": node("c", message("assistant", "answer")),
    }
    import_path(memory, write(tmp_path, conversation(nodes, current_node="d")))
    assert talks(memory) == {"c1": ["after", "answer"], "c1/branch-1": ["before"]}


def test_a_parent_that_only_its_children_name_is_found(memory: Memory, tmp_path: Path) -> None:
    nodes = {
        "a": node(None, message("user", "first"), "b"),
        "b": {"message": message("assistant", "second")},
    }
    import_path(memory, write(tmp_path, conversation(nodes, current_node="b")))
    assert talks(memory) == {"c1": ["first", "second"]}


@pytest.mark.parametrize("current", ["a", None])
def test_a_circle_ends_and_loses_no_message(
    memory: Memory, tmp_path: Path, current: str | None
) -> None:
    nodes = {
        "a": node("b", message("user", "one"), "b"),
        "b": node("a", message("assistant", "two"), "a"),
        "c": node("c", message("user", "itself"), "c"),
    }
    import_path(memory, write(tmp_path, conversation(nodes, current_node=current)))
    assert sorted(map(str, chain(*talks(memory).values()))) == ["itself", "one", "two"]


def test_a_tree_of_any_depth_is_walked(memory: Memory, tmp_path: Path) -> None:
    names = ["", *(f"n{number}" for number in range(5_000))]
    nodes = {name: node(parent or None, message("user", name)) for parent, name in pairwise(names)}
    export = conversation(nodes, current_node=names[-1])
    assert import_path(memory, write(tmp_path, export)).messages == 5_000
    assert talks(memory)["c1"] == names[1:]


HIDDEN = [
    message("user", "secret", metadata={"is_visually_hidden_from_conversation": True}),
    message("assistant", "weightless", weight=0),
    message("system", ""),
    message("system"),
    message("user", content={"content_type": "user_editable_context", "user_profile": "x"}),
    message("system", content={"content_type": "model_editable_context", "text": "x"}),
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_chatgpt_hides_is_counted_and_left_out(
    memory: Memory, tmp_path: Path, hidden: dict[str, Any]
) -> None:
    nodes = {"a": node(None, hidden, "b"), "b": node("a", message("user", "hello"))}
    export = conversation(nodes, current_node="b")
    assert import_path(memory, write(tmp_path, export)) == Imported(
        sessions=1, messages=1, hidden=1
    )
    assert talks(memory) == {"c1": ["hello"]}


CONTENTS = [
    ({"content_type": "text", "parts": ["a", "b"]}, "a\nb"),
    ({"content_type": "text", "parts": [""]}, None),
    ({"content_type": "text", "parts": None}, None),
    (
        {
            "content_type": "multimodal_text",
            "parts": [{"content_type": "image_asset_pointer", "width": 3}, "What is it?"],
        },
        "What is it?",
    ),
    (
        {
            "content_type": "multimodal_text",
            "parts": [{"content_type": "audio_transcription", "text": "spoken"}],
        },
        "spoken",
    ),
    ({"content_type": "code", "language": "python", "text": "print(1)"}, "print(1)"),
    ({"content_type": "execution_output", "text": "1"}, "1"),
    (
        {"content_type": "tether_quote", "url": "u", "title": "Title", "text": "quoted"},
        "Title\nquoted",
    ),
    ({"content_type": "tether_browsing_display", "result": "found", "summary": ""}, "found"),
    ({"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]}, None),
    ({"content_type": "thoughts", "parts": ["of another year"]}, None),
    ({"content_type": "reasoning_recap", "content": "Thought for 3 s"}, None),
    ({"content_type": "of another year", "things": 1}, None),
    (None, None),
]


@pytest.mark.parametrize(("content", "text"), CONTENTS)
def test_the_text_of_each_content_is_found_and_the_original_kept(
    memory: Memory, tmp_path: Path, content: Any, text: str | None
) -> None:
    original = message("assistant", content=content, id="m", recipient="python")
    import_path(memory, write(tmp_path, conversation({"a": node(None, original)})))
    [said] = memory.session("c1").messages()
    assert (said.id, said.content) == ("m", text)
    assert said.parts == amberfile.Parts("chatgpt", 1, original)


def test_a_branch_in_which_all_is_hidden_has_no_number(memory: Memory, tmp_path: Path) -> None:
    nodes = {
        "a": node(None, message("user", "a"), "b", "c", "d"),
        "b": node("a", HIDDEN[0]),
        "c": node("a", message("assistant", "c")),
        "d": node("a", message("assistant", "d")),
    }
    import_path(memory, write(tmp_path, conversation(nodes, current_node="d")))
    assert talks(memory) == {"c1": ["a", "d"], "c1/branch-1": ["c"]}


def test_a_tools_name_is_kept(memory: Memory, tmp_path: Path) -> None:
    result = message("tool", "4", author={"role": "tool", "name": "python"})
    import_path(memory, write(tmp_path, conversation({"a": node(None, result)})))
    [said] = memory.session("c1").messages()
    assert (said.role, said.name, said.id) == ("tool", "python", "a")


def times_of(memory: Memory) -> dict[str, float]:
    messages = [m for one in memory.sessions() for m in memory.session(one.id).messages()]
    return {one.id: one.created_at.timestamp() - MARCH for one in messages}


def test_a_time_that_is_missing_is_the_nearest_before_it(memory: Memory, tmp_path: Path) -> None:
    nodes = {
        "a": node(None, message("user", "a"), "b"),
        "b": node("a", message("assistant", "b", create_time=MARCH + 7), "c", "d"),
        "c": node("b", message("user", "c", create_time="no time")),
        "d": node("b", message("user", "d")),
    }
    import_path(memory, write(tmp_path, conversation(nodes, current_node="c")))
    assert times_of(memory) == {"a": 0, "b": 7, "c": 7, "d": 7}
    assert memory.session("c1").messages()[0].created_at == NOON


def test_without_any_time_before_it_the_earliest_of_the_conversation_counts(
    memory: Memory, tmp_path: Path
) -> None:
    nodes = {
        "a": node(None, message("user", "a"), "b", "c"),
        "b": node("a", message("assistant", "b", create_time=MARCH + 7)),
        "c": node("a", message("assistant", "c", create_time=MARCH + 5)),
    }
    export = conversation(nodes, create_time=None, update_time=None, current_node="b")
    import_path(memory, write(tmp_path, export))
    assert times_of(memory) == {"a": 5, "b": 7, "c": 5}


def test_an_id_that_two_conversations_use_loses_no_message(memory: Memory, tmp_path: Path) -> None:
    copied = [
        conversation({"n": node(None, message("user", f"of {id}", id="m"))}, conversation_id=id)
        for id in ("c1", "c2")
    ]
    path = write(tmp_path, *copied)
    assert import_path(memory, path).messages == 2
    assert import_path(memory, path) == Imported(known=2)
    assert talks(memory) == {"c1": ["of c1"], "c2": ["of c2"]}


@pytest.mark.parametrize("id", [None, "", 7.5, "x" * 1_001])
def test_a_conversation_without_an_id_is_called_by_the_file(
    memory: Memory, tmp_path: Path, id: Any
) -> None:
    nodes = {"n": node(None, message("user", "hello", id=id))}
    import_path(memory, write(tmp_path, conversation(nodes, conversation_id=id, title=None)))
    assert talks(memory) == {"conversations-1": ["hello"]}


def test_a_single_conversation_is_read_too(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "trip.json"
    path.write_text(json.dumps(edited(), indent=2))
    assert import_path(memory, path).messages == 5


WRONG: list[Any] = [
    7,
    {"mapping": None},
    {"mapping": []},
    {"mapping": {"a": 7}},
    conversation({"a": node(None, "text")}),
    conversation({"a": node(None, {"content": {}})}),
    conversation({"a": node(None, message("user", author=None))}),
    conversation({"a": node(None, message("user", author={"role": 7}))}),
    conversation({"a": node(None, message(""))}),
    conversation({"a": node(None, message("user", content="text"))}),
    conversation({"a": node(None, message("user", content={"parts": "text"}))}),
    conversation({"a": node(None, message("user", metadata=[1]))}),
    conversation({"a": node(None, message("user", weight=float("nan")))}),
    conversation({"a": node(None, message("user", metadata=deep(200)))}),
    conversation({"a": node(None, message("user", "x" * (16 << 20) + "x"))}),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_its_line(memory: Memory, tmp_path: Path, wrong: Any) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(f"[{json.dumps(edited())},\n{json.dumps(wrong)}]")
    with pytest.raises(InvalidInput) as raised:
        import_path(memory, path)
    assert f"{path}, line 2: " in str(raised.value)
    assert "Before it 5 messages and 0 items" in str(raised.value)


TAKEN: list[Any] = [
    conversation({}),
    conversation({"a": node("a", message("user", "\ud800 \x00 \x1b[2J", id="\ud800"), "a")}),
    conversation({"a": node(None, message("user", "a")) | {"id": 7, "children": ["a", 7, "b"]}}),
    conversation({"a": node("", message("u" * 1_000, "a", create_time=10**400))}),
    conversation({"": node(None, message("user", "a"))}, title=["no title"], create_time={}),
    conversation({"a": node(None, message("user", "a", create_time=[], weight="heavy"))}),
]


@pytest.mark.parametrize("odd", TAKEN, ids=range(len(TAKEN)))
def test_what_is_odd_is_taken(memory: Memory, tmp_path: Path, odd: Any) -> None:
    path = write(tmp_path, edited(), odd)
    done = import_path(memory, path, format="chatgpt")
    assert done.skipped == done.known == 0
    assert import_path(memory, path).messages == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("q1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "parts", "id", "a", "q1"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    (name,) for name in ("title", "create_time", "conversation_id", "mapping", "current_node")
] + [
    ("mapping", "q2", *rest)
    for rest in [
        (),
        ("parent",),
        ("children",),
        ("message",),
        *(
            ("message", name)
            for name in ("id", "author", "content", "create_time", "metadata", "weight")
        ),
        ("message", "author", "role"),
        ("message", "author", "name"),
        ("message", "content", "parts"),
        ("message", "content", "content_type"),
    ]
]


@given(st.sampled_from(PLACES), JSON)
def test_any_value_in_any_place_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, ...], value: Any
) -> None:
    export = edited()
    inner: Any = export
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    path = write(tmp_path_factory.getbasetemp(), export)
    with amberfile.open("ram:") as memory:
        done, refused = outcome(memory, path)
        again, _ = outcome(memory, path)
    assert "line 1" in refused or again.known == done.messages + done.known


def outcome(memory: Memory, path: Path) -> tuple[Imported, str]:
    """What was imported, or the error."""
    try:
        return import_path(memory, path, format="chatgpt"), ""
    except InvalidInput as error:
        return Imported(), str(error)


@pytest.mark.parametrize("before", [False, True])
def test_an_undone_import_leaves_nothing_and_can_come_again(
    memory: Memory, tmp_path: Path, before: bool
) -> None:
    if before:
        memory.session("c1").append("user", "of my own", id="own")
    path = write(tmp_path, edited())
    done = import_path(memory, path)
    assert [(one.id, one.format, one.entries) for one in imports(memory)] == [
        (done.id, "chatgpt", 5)
    ]
    assert undo_import(memory, done.id or "").entries == 5
    assert talks(memory) == ({"c1": ["of my own"]} if before else {})
    assert import_path(memory, path).messages == 5


def test_its_files_are_seen_to_be_its_own(tmp_path: Path) -> None:
    source = Source(write(tmp_path, edited()), "conversations.json")
    assert [one.name for one in IMPORTERS if one.fits(source)] == ["chatgpt"]
