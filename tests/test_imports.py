"""An import can be foreseen, told and undone; what it did not write stays as it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from amberfile import Ambiguous, InvalidInput, Memory, NotFound, Said, doctor, imports
from amberfile.changes import Batch, Written
from amberfile.imports import Undone
from amberfile.replay import Imported, Replay
from amberfile.testing.samples import NOW, SECOND, item
from amberfile.transfer import export_jsonl
from amberfile.types import Version


def take(memory: Memory, *said: str, session: str = "s", source: str = "chat.json") -> Imported:
    """Import messages, whose texts are their ids too."""
    replay = Replay(memory, source=source, format="openai")
    for text in said:
        replay.message(session, Said("user", text, id=text))
    return replay.finish()


def version(id: str, text: str, *, change: str = "created", **more: Any) -> Version:
    return Version(item(id, text, **more), change)


def take_items(memory: Memory, *histories: Sequence[Version], source: str = "x") -> Imported:
    replay = Replay(memory, source=source)
    for history in histories:
        replay.item(history)
    return replay.finish()


def contents(memory: Memory, session: str = "s") -> list[str | None]:
    return [one.content for one in memory.session(session).messages()]


def texts(memory: Memory) -> list[str]:
    return sorted(one.text for one in memory.find())


def undone(memory: Memory, done: Imported) -> Undone:
    """Undo it, after a dry run that told the same."""
    assert done.id
    foreseen = imports.undo(memory, done.id, dry_run=True)
    told = imports.undo(memory, done.id)
    assert foreseen == told
    return told


def exported(memory: Memory) -> bytes:
    out = io.BytesIO()
    export_jsonl(memory, out)
    return out.getvalue()


class Cut(Exception):
    """The end of a process, as far as a store can see it."""


def cut_short(memory: Memory, writes: int, call: Callable[[], object]) -> None:
    """Let `call` write so often, and end it at its next write."""
    store = memory._shared.store()
    real, left = store.write, iter(range(writes))

    def failing(batch: Batch) -> Written:
        if next(left, None) is None:
            raise Cut
        return real(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", failing)
        with pytest.raises(Cut):
            call()


def test_an_import_is_told_with_what_it_brought(memory: Memory) -> None:
    first = take(memory, "a", "b", source="one.json")
    second = take(memory, "b", "c", source="two.json")
    told = imports.listed(memory)
    assert [(one.id, one.source, one.format, one.entries) for one in told] == [
        (second.id, "two.json", "openai", 1),
        (first.id, "one.json", "openai", 2),
    ]
    assert told[0].scope == memory.scope


def test_what_wrote_nothing_leaves_no_record(memory: Memory) -> None:
    take(memory, "a")
    again = take(memory, "a")
    assert (again, again.id) == (Imported(known=1), None)
    assert len(imports.listed(memory)) == 1


def test_a_replay_without_a_source_leaves_no_record(memory: Memory) -> None:
    done = take(memory, "a", source="")
    assert (done, done.id) == (Imported(sessions=1, messages=1), None)
    assert imports.listed(memory) == []


def test_a_title_alone_leaves_no_record(memory: Memory) -> None:
    take(memory, "a", source="")
    replay = Replay(memory, source="chat.json")
    replay.message("s", Said("user", "a", id="a"))
    replay.title("s", "named")
    assert replay.finish().id is None
    assert imports.listed(memory) == []
    assert memory.session("s").info().title == "named"


def test_every_batch_of_an_import_is_on_its_record(memory: Memory) -> None:
    done = take(memory, *(f"m{number}" for number in range(2_500)))
    [told] = imports.listed(memory)
    assert (told.id, told.entries, len(told.revs)) == (done.id, 2_500, 3)


def test_an_import_cut_short_is_recorded_as_far_as_it_came(memory: Memory) -> None:
    names = [f"m{number}" for number in range(2_500)]
    assert take(memory, "other", session="other").id
    cut_short(memory, 2, lambda: take(memory, *names))
    told = imports.listed(memory)[0]
    assert (told.entries, len(told.revs)) == (2_000, 2)
    assert imports.undo(memory, told.id) == Undone(entries=2_000, sessions=1)
    assert contents(memory) == []


def test_what_a_source_hides_is_counted(memory: Memory) -> None:
    replay = Replay(memory, source="x")
    replay.hide()
    replay.hide(2)
    assert replay.finish() == Imported(hidden=3)


def test_an_undone_import_is_gone_with_its_sessions_and_its_record(memory: Memory) -> None:
    done = take(memory, "a", "b")
    assert undone(memory, done) == Undone(entries=2, sessions=1)
    assert memory.sessions() == []
    assert imports.listed(memory) == []
    assert doctor.faults(memory) == []
    assert memory.recall("a") == []


def test_an_import_comes_back_after_an_undo_as_it_came_first(memory: Memory) -> None:
    memory.session("own").append("user", "mine")
    histories = [
        [version("i", "old", key="k"), version("i", "new", key="k", change="updated")],
        [
            version("h", "hidden", updated_at=NOW),
            version("h", "hidden", change="retracted", updated_at=NOW + SECOND),
        ],
    ]

    def bring() -> Imported:
        replay = Replay(memory, source="x")
        for history in histories:
            replay.item(history)
        for number in range(1_200):
            replay.message("s", Said("user", f"m{number}", id=f"m{number}", created_at=NOW))
        replay.title("s", "named")
        return replay.finish()

    first = bring()
    before = exported(memory)
    undone(memory, first)
    second = bring()
    assert (second, second.id != first.id) == (first, True)
    assert exported(memory) == before


def test_what_was_forgotten_before_an_undo_stays_forgotten(memory: Memory) -> None:
    done = take(memory, "a", "b")
    memory.forget("a")
    assert undone(memory, done).entries == 1
    assert take(memory, "a", "b") == Imported(sessions=1, messages=1, skipped=1)


def test_an_item_that_was_changed_since_is_kept(memory: Memory) -> None:
    done = take_items(memory, *([version(id, id)] for id in "abcde"))
    memory.update("a", text="mine now")
    memory.retract("b")
    memory.retract("c")
    memory.restore("c")
    memory.forget("d")
    assert undone(memory, done) == Undone(entries=1, kept=3)
    assert texts(memory) == ["c", "mine now"]
    assert [one.change for one in memory.history("b")] == ["created", "retracted"]
    assert imports.listed(memory) == []


def test_an_item_named_like_a_cleared_session_is_counted_once(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amberfile.imports.BATCH", 1)
    done = take_items(memory, [version("s", "a")])
    memory.session("s").append("user", "mine")
    memory.session("s").clear()
    memory.update("s", text="mine now")
    assert undone(memory, done) == Undone(kept=1)


def test_a_history_that_cannot_have_happened_comes_in_as_it_can(memory: Memory) -> None:
    told = ["updated", "retracted", "retracted", "restored", "restored"]
    times = [NOW + number * SECOND for number in range(len(told))]
    history = [
        version("a", f"text {number}", change=change, updated_at=at)
        for number, (change, at) in enumerate(zip(told, times, strict=True))
    ]
    assert take_items(memory, history) == Imported(items=1)
    assert [(one.change, one.item.text) for one in memory.history("a")] == [
        ("created", "text 0"),
        ("retracted", "text 0"),
        ("restored", "text 0"),
        ("updated", "text 4"),
    ]
    assert doctor.faults(memory) == []


def test_a_message_and_an_item_of_one_id_are_told_apart(memory: Memory) -> None:
    memory.remember("mine", id="x")
    done = take(memory, "x")
    assert undone(memory, done) == Undone(entries=1, sessions=1)
    assert texts(memory) == ["mine"]


def test_a_session_in_which_something_else_stands_stays(memory: Memory) -> None:
    memory.session("before").append("user", "mine")
    done = [take(memory, f"to {session}", session=session) for session in ("before", "after")]
    memory.session("after").append("user", "mine")
    assert [undone(memory, one).sessions for one in done] == [0, 0]
    assert contents(memory, "before") == contents(memory, "after") == ["mine"]


def test_a_session_that_was_there_before_stays_when_it_is_empty(memory: Memory) -> None:
    said = memory.session("s").append("user", "mine")
    memory.forget(said.id)
    done = take(memory, "a")
    assert undone(memory, done) == Undone(entries=1)
    assert [one.messages for one in memory.sessions()] == [0]


def test_a_session_with_a_turn_stays(memory: Memory) -> None:
    done = take(memory, "a")
    with memory.session("s").turn():
        pass
    assert undone(memory, done) == Undone(entries=1)
    assert len(memory.sessions()) == 1


def test_another_import_stays(memory: Memory) -> None:
    first, second = take(memory, "a"), take(memory, "b")
    assert undone(memory, first) == Undone(entries=1)
    assert contents(memory) == ["b"]
    assert [one.id for one in imports.listed(memory)] == [second.id]


def test_an_undo_cut_short_is_finished_by_the_next(memory: Memory) -> None:
    names = [f"m{number}" for number in range(2_500)]
    for writes in range(3):
        done = take(memory, *names)
        cut_short(memory, writes, partial(imports.undo, memory, str(done.id)))
        assert len(imports.listed(memory)) == 1
        left = 2_500 - 1_000 * writes
        assert undone(memory, done) == Undone(entries=left, sessions=1)
        assert memory.sessions() == []


def test_a_change_between_plan_and_undo_is_kept(memory: Memory) -> None:
    done = take_items(memory, [version("a", "a")], [version("b", "b")])
    store = memory._shared.store()
    real = store.write

    def late(batch: Batch) -> Written:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "write", real)
            memory.update("a", text="mine now")
        return real(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", late)
        assert imports.undo(memory, str(done.id)).entries == 1
    assert texts(memory) == ["mine now"]


def test_an_import_is_named_by_the_beginning_of_its_id(memory: Memory) -> None:
    counted = iter(["ab", "abc", "abd"])
    for name in "123":
        replay = Replay(memory, source=name)
        replay._shared._ids = lambda: "unused"
        replay.message("s", Said("user", name, id=name))
        replay._shared._ids = lambda: next(counted)
        replay.finish()
    with pytest.raises(Ambiguous, match="3 imports begin with 'a'"):
        imports.undo(memory, "a")
    for wrong in ("x", "abcd"):
        with pytest.raises(NotFound, match=wrong):
            imports.undo(memory, wrong)
    with pytest.raises(InvalidInput):
        imports.undo(memory, "")
    imports.undo(memory, "ab")
    imports.undo(memory, "abc")
    assert [one.id for one in imports.listed(memory)] == ["abd"]


def test_an_import_of_another_scope_is_neither_told_nor_undone(memory: Memory) -> None:
    ada, bob = memory.scoped(user="ada"), memory.scoped(user="bob")
    done = take(ada, "a")
    take(bob, "a")
    assert len(imports.listed(ada)) == 1
    assert imports.listed(memory) == []
    with pytest.raises(NotFound):
        imports.undo(bob, str(done.id))
    undone(ada, done)
    assert contents(bob) == ["a"]
