"""What `Memory` promises, on every store."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import amberfile
from amberfile import (
    Conflict,
    Draft,
    Filter,
    InvalidInput,
    Memory,
    NotFound,
    OpIdReused,
    Source,
    StoreClosed,
    Unsupported,
)
from amberfile.config import Target
from amberfile.stores.base import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(url: str, clock: Clock) -> Iterator[Memory]:
    """With a clock that the test moves."""
    with amberfile.open(url, clock=clock) as memory:
        yield memory


def test_what_is_remembered_comes_back_as_it_was_given(memory: Memory) -> None:
    item = memory.remember(
        "Deploys go out on Friday",
        key="deploy_window",
        kind="rule",
        topics=["ops", "time"],
        metadata={"a": [1, 2.5, None, {"b": True}]},
        source=Source("tool", "https://example.com", 0.5),
        importance=0.9,
        derived_from=["m1"],
        valid_from=NOW,
        valid_to=NOW + HOUR,
        expires_at=NOW + HOUR,
        id="x",
    )
    assert memory.get("x") == [item]
    assert (item.created_at, item.updated_at, item.version) == (NOW, NOW, 1)
    assert item.rev > 0


def test_a_statement_with_a_key_is_a_fact_and_one_without_a_note(memory: Memory) -> None:
    assert memory.remember("x", key="k").kind == "fact"
    assert memory.remember("x").kind == "note"


def test_remembering_a_key_again_supersedes_it_and_keeps_its_history(memory: Memory) -> None:
    first = memory.remember("Thursday", key="deploy")
    second = memory.remember("Friday", key="deploy")
    assert (second.id, second.version) == (first.id, 2)
    assert memory.find().items == (second,)
    assert [version.item.text for version in memory.history(first.id)] == ["Thursday", "Friday"]


def test_the_same_key_in_another_kind_is_another_item(memory: Memory) -> None:
    memory.remember("x", key="k")
    memory.remember("y", key="k", kind="episode")
    assert len(memory.find(Filter(key="k"))) == 2


def test_get_gives_what_is_there_in_the_order_asked(memory: Memory) -> None:
    for id in ("a", "b", "c"):
        memory.remember("x", id=id)
    memory.retract("b")
    assert [item.id for item in memory.get("c", "absent", "b", "a", "c")] == ["c", "a", "c"]
    assert memory.get() == []


def test_find_pages_through_everything_newest_first(memory: Memory) -> None:
    for number in range(7):
        memory.remember(str(number))
    pages = [memory.find(limit=3)]
    memory.remember("written meanwhile")
    while pages[-1].cursor:
        pages.append(memory.find(limit=3, cursor=pages[-1].cursor))
    assert [[item.text for item in page] for page in pages] == [
        ["6", "5", "4"],
        ["3", "2", "1"],
        ["0"],
    ]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_gives_nothing(limit: int, memory: Memory) -> None:
    memory.remember("x")
    memory.session("s").append("user", "x")
    assert memory.find(limit=limit).items == ()
    assert memory.recall("x", limit=limit) == memory.recall("", limit=limit) == []
    assert memory.session("s").messages(limit) == []


def test_a_huge_limit_gives_everything(memory: Memory) -> None:
    memory.remember("x")
    assert len(memory.find(limit=10**30)) == len(memory.recall("x", limit=10**30)) == 1


def test_filters_choose_by_every_condition(memory: Memory) -> None:
    memory.remember("x", key="k", topics=["a", "b"], metadata={"n": 1})
    memory.remember("x", topics=["a"], metadata={"n": True})
    assert [item.key for item in memory.find(Filter(topics=["a", "b"]))] == ["k"]
    assert [item.key for item in memory.find(Filter(where={"n": 1}))] == ["k"]
    assert [hit.entry.kind for hit in memory.recall("x", kinds=["note"])] == ["note"]
    assert memory.recall("x", since=NOW + HOUR) == []


def test_what_has_expired_never_comes(memory: Memory, clock: Clock) -> None:
    item = memory.remember("umbrella", expires_at=NOW + HOUR)
    clock.now += HOUR - timedelta(microseconds=1)
    assert memory.recall("umbrella")
    assert memory.get(item.id)
    clock.now += timedelta(microseconds=1)
    assert memory.recall("umbrella") == memory.recall("") == []
    assert memory.get(item.id) == []
    assert memory.find().items == memory.find(Filter(alive_at=NOW)).items == ()
    with pytest.raises(NotFound):
        memory.update(item.id, text="x")


def test_update_changes_what_is_given_and_keeps_the_rest(memory: Memory, clock: Clock) -> None:
    memory.remember("x", id="a", key="k", topics=["t"], metadata={"m": 1}, expires_at=NOW + HOUR)
    clock.now += timedelta(seconds=1)
    item = memory.update("a", text="y")
    assert memory.get("a") == [item]
    assert (item.text, item.key, item.topics, item.metadata) == ("y", "k", ("t",), {"m": 1})
    assert (item.created_at, item.updated_at, item.version) == (NOW, clock.now, 2)
    assert memory.recall("y")
    assert not memory.recall("x")


def test_none_clears_a_field_that_may_be_empty(memory: Memory) -> None:
    memory.remember("x", id="a", key="k", expires_at=NOW + HOUR, valid_from=NOW, valid_to=NOW)
    item = memory.update("a", key=None, expires_at=None, valid_from=None, valid_to=None)
    assert (item.key, item.expires_at, item.valid_from, item.valid_to) == (None,) * 4
    assert memory.find(Filter(key="k")).items == ()


def test_update_of_what_is_not_there_is_an_error(memory: Memory) -> None:
    memory.remember("x", id="a")
    memory.retract("a")
    for id in ("a", "absent"):
        with pytest.raises(NotFound, match=id):
            memory.update(id, text="y")


def test_update_with_a_version_writes_over_that_one_only(memory: Memory) -> None:
    memory.remember("x", id="a")
    assert memory.update("a", text="y", if_version=1).version == 2
    with pytest.raises(Conflict):
        memory.update("a", text="z", if_version=1)
    assert memory.get("a")[0].text == "y"


def test_a_key_is_not_taken_from_another_item(memory: Memory) -> None:
    memory.remember("x", id="a", key="k")
    memory.remember("y", id="b", key="l")
    with pytest.raises(Conflict):
        memory.update("b", key="k")


def test_updates_from_many_threads_are_all_kept(memory: Memory) -> None:
    memory.remember("x", id="a", metadata={"hits": 0})

    def count(name: str) -> None:
        for _ in range(10):
            memory.update("a", **{name: f"by {name}"})  # type: ignore[arg-type]

    threads = [threading.Thread(target=count, args=(name,)) for name in ("text", "key", "kind")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = memory.get("a")[0]
    assert (item.text, item.key, item.kind) == ("by text", "by key", "by kind")
    assert item.version == 31


def test_retract_hides_and_restore_brings_back(memory: Memory) -> None:
    memory.remember("umbrella", id="a")
    assert memory.retract("a", "absent", reason="wrong") == 1
    assert memory.retract("a") == 0
    assert memory.recall("umbrella") == memory.recall("") == []
    assert memory.get("a") == []
    assert [version.change for version in memory.history("a")] == ["created", "retracted"]
    assert memory.history("a")[-1].reason == "wrong"
    assert memory.restore("a", "a", "absent") == 1
    assert memory.restore("a") == 0
    assert [hit.id for hit in memory.recall("umbrella")] == ["a"]


def test_forget_removes_items_messages_and_keys(memory: Memory) -> None:
    memory.remember("umbrella", id="a")
    memory.remember("umbrella", key="k")
    message = memory.session("s").append("user", "umbrella")
    assert memory.forget("a", message.id, "absent", key="k") == 3
    assert memory.forget("a") == memory.forget() == 0
    assert memory.recall("umbrella") == memory.recall("") == []
    assert memory.history("a") == []
    with pytest.raises(Conflict):
        memory.remember("x", id="a")


def test_many_drafts_are_written_and_counted(memory: Memory) -> None:
    drafts = (Draft(f"umbrella {number}", created_at=NOW - HOUR) for number in range(2_345))
    assert memory.remember_all(drafts) == 2_345
    assert memory.remember_all([]) == 0
    assert len(memory.recall("umbrella", limit=3_000)) == 2_345
    assert {item.created_at for item in memory.find()} == {NOW - HOUR}


def test_a_retry_with_the_same_op_id_writes_once(memory: Memory, clock: Clock) -> None:
    first = memory.remember("x", topics=["a"], op_id="op")
    clock.now += HOUR
    assert memory.remember("x", topics=("a",), op_id="op") == first
    assert len(memory.find()) == 1
    with pytest.raises(OpIdReused):
        memory.remember("y", topics=["a"], op_id="op")
    with pytest.raises(OpIdReused):
        memory.forget(first.id, op_id="op")


def test_a_retried_update_and_forget_answer_as_at_first(memory: Memory) -> None:
    memory.remember("x", id="a")
    assert memory.update("a", text="y", op_id="one").version == 2
    assert memory.update("a", text="y", op_id="one").version == 2
    assert memory.update("a", text="z", if_version=2, op_id="two").version == 3
    assert memory.update("a", text="z", if_version=2, op_id="two").version == 3
    assert memory.forget("a", op_id="three") == memory.forget("a", op_id="three") == 1


def test_a_retry_after_forget_says_so(memory: Memory) -> None:
    item = memory.remember("x", op_id="op")
    memory.forget(item.id)
    with pytest.raises(NotFound, match="forgotten"):
        memory.remember("x", op_id="op")


def test_lone_surrogates_take_part_in_what_an_op_id_names(memory: Memory) -> None:
    memory.remember("\ud83d\ude00", op_id="op")
    memory.remember("\ud83d\ude00", op_id="op")
    with pytest.raises(OpIdReused):
        memory.remember("😀", op_id="op")


def test_clock_and_ids_are_the_callers(url: str) -> None:
    names = iter(["one", "two"])
    with amberfile.open(url, clock=lambda: NOW, ids=lambda: next(names)) as memory:
        assert [memory.remember("x").id, memory.remember("x").id] == ["one", "two"]
    with pytest.raises(InvalidInput, match="clock"):
        amberfile.open("ram:", clock=lambda: NOW.replace(tzinfo=None)).remember("x")


def test_new_ids_sort_by_time() -> None:
    with amberfile.open("ram:") as memory:
        ids = [memory.remember("x").id for _ in range(1_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1_000


def test_a_closed_memory_is_closed_for_every_handle(url: str) -> None:
    memory = amberfile.open(url)
    ada = memory.scoped(user="ada")
    chat = ada.session("s")
    chat.append("user", "x")
    ada.close()
    memory.close()
    for call in (lambda: memory.recall("x"), chat.messages, ada.info, memory.find):
        with pytest.raises(StoreClosed):
            call()


def test_the_first_use_by_many_threads_opens_one_store(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, connect = [], Target.connect

    def slowly(target: Target) -> Store:
        opened.append(target)
        time.sleep(0.02)
        return connect(target)

    monkeypatch.setattr(Target, "connect", slowly)
    with amberfile.open(url) as memory:
        barrier = threading.Barrier(8)

        def write() -> None:
            barrier.wait()
            memory.remember("x")

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(memory.find()) == 8
    assert len(opened) == 1


def test_a_memory_tells_what_it_is_and_is_not_pickled(memory: Memory) -> None:
    assert "default/ada/default" in repr(memory.scoped(user="ada"))
    assert "'s'" in repr(memory.session("s"))
    with pytest.raises(TypeError, match="url"):
        pickle.dumps(memory)


def test_what_is_public_does_not_lead_to_the_store(memory: Memory) -> None:
    for value in (memory, memory.aio, memory.session("s"), memory.aio.session("s")):
        public = [name for name in dir(value) if not name.startswith("_")]
        types = {type(getattr(value, name)).__name__ for name in public}
        assert types.isdisjoint({"RamStore", "SqliteStore", "Shared"})


def test_backup_copies_everything_or_says_that_it_cannot(memory: Memory, tmp_path: Path) -> None:
    memory.remember("x")
    if memory.info().store == "ram":
        with pytest.raises(Unsupported):
            memory.backup(tmp_path / "copy.db")
    else:
        memory.backup(tmp_path / "copy.db")
        with amberfile.open(tmp_path / "copy.db") as copy:
            assert copy.find() == memory.find()
