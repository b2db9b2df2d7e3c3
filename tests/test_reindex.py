"""The index is made again from the rows, and recall is as if it had never been damaged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

import amberfile
from amberfile import Memory, ScopeError, StoreCorrupt, doctor
from amberfile.recall.analysis import VERSION
from amberfile.stores.sqlite import SqliteStore, schema
from amberfile.testing.samples import ADA, FURNITURE, batch, put, terms_of, view

TEXTS = [f"the deploy of service {number} is on day {number % 7}" for number in range(60)]
ASKED = ["deploy", "service 7", "day 3", "the deploy of service 12"]

DAMAGES = {
    "postings are gone": "DELETE FROM posting WHERE term % 3 = 0",
    "postings are others": "UPDATE posting SET data = zeroblob(length(data)) WHERE term % 2",
    "postings are cut": "UPDATE posting SET data = substr(data, 1, 5)",
    "terms are gone": "DELETE FROM term WHERE id % 2",
    "terms are others": "UPDATE term SET text = 'other' || id WHERE id % 2",
    "terms are too many": "INSERT INTO term (scope, text) VALUES (1, 'never')",
    "the tail is gone": "DELETE FROM tail",
    "the tail is cut": "UPDATE tail SET data = substr(data, 1, 20)",
    "the count of entries is wrong": "UPDATE scope SET entries = entries + 1",
    "the count of passages is wrong": "UPDATE scope SET passages = passages + 1",
    "the count of words is wrong": "UPDATE scope SET words = words - 1",
    "the count of the tail is wrong": "UPDATE scope SET waiting = 0",
    "what an entry added is lost": "UPDATE item SET terms = x''; UPDATE message SET terms = x'';"
    "DELETE FROM posting; DELETE FROM term; DELETE FROM tail; UPDATE scope SET words = 0",
}

_CHANGE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
db.close()
"""


def by_hand(path: Path, statement: str) -> None:
    """In another process, as the store is open in this one."""
    subprocess.run([sys.executable, "-c", _CHANGE, str(path), statement], check=True)


def fill(memory: Memory) -> None:
    for number, text in enumerate(TEXTS):
        memory.remember(text, id=f"id{number}", topics=["ops"])
    memory.retract("id5")
    memory.session("s").append("user", "when is the deploy of service 9?")
    memory.scoped(user="ada").remember("another deploy", id="own")


def recalled(memory: Memory) -> list[list[tuple[str, float]]]:
    scopes = (memory, memory.scoped(user="ada"))
    return [
        [(hit.id, hit.score) for hit in each.recall(query, limit=50, kinds=["note"])]
        for each in scopes
        for query in ASKED
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def filled(path: Path) -> Iterator[Memory]:
    with amberfile.open(path) as memory:
        fill(memory)
        yield memory


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_index_is_told_and_mended(filled: Memory, path: Path, name: str) -> None:
    before = recalled(filled)
    by_hand(path, DAMAGES[name])
    faults = doctor.faults(filled)
    assert faults
    assert all(fault.startswith("the index") for fault in faults)
    assert "amberfile reindex" in doctor.advice(faults)
    assert doctor.reindex(filled) == len(TEXTS) - 1 + 2
    assert doctor.faults(filled) == []
    assert recalled(filled) == before
    filled.remember("written after it was mended")
    filled.forget("id7")
    assert doctor.faults(filled) == []


@pytest.mark.parametrize("name", DAMAGES)
def test_a_store_that_is_refused_for_its_index_is_mended(path: Path, name: str) -> None:
    with amberfile.open(path) as memory:
        fill(memory)
        before = recalled(memory)
    by_hand(path, DAMAGES[name])
    with amberfile.open(path) as memory:
        assert doctor.faults(memory)
        assert memory.info().details["items"] == len(TEXTS)
        doctor.reindex(memory)
        assert recalled(memory) == before


def test_it_is_as_in_a_store_that_was_never_damaged(filled: Memory, path: Path) -> None:
    by_hand(path, "DELETE FROM posting; DELETE FROM term; DELETE FROM tail")
    doctor.reindex(filled)
    with amberfile.open(path.with_name("fresh.db")) as fresh:
        fill(fresh)
        assert recalled(filled) == recalled(fresh)


def test_the_rules_of_the_words_are_recorded(filled: Memory, path: Path) -> None:
    by_hand(path, "UPDATE store SET analysis = 77")
    assert filled.info().details["analysis"] == 77
    doctor.reindex(filled)
    assert filled.info().details["analysis"] == VERSION


def test_damaged_rows_are_not_indexed_again(filled: Memory, path: Path) -> None:
    by_hand(path, "UPDATE session SET messages = 5")
    faults = doctor.faults(filled)
    assert "amberfile repair" in doctor.advice(faults)
    with pytest.raises(StoreCorrupt, match="beyond its index"):
        doctor.reindex(filled)


def test_a_changed_text_is_not_indexed_again(filled: Memory, path: Path) -> None:
    by_hand(path, "UPDATE item SET text = 'another' WHERE id = 'id3'")
    with pytest.raises(StoreCorrupt, match="id3"):
        doctor.reindex(filled)


ORPHANS = {
    "versions": "UPDATE version SET id = 'nobody'",
    "messages": "DELETE FROM session",
    "turns": "INSERT INTO turn VALUES (9, 1, 't', 'done', 0, 0, 0, 1)",
    "revs of imports": "INSERT INTO import_rev VALUES (9, 1)",
}


@pytest.mark.parametrize("name", ORPHANS)
def test_what_hangs_in_the_air_is_told(filled: Memory, path: Path, name: str) -> None:
    by_hand(path, ORPHANS[name])
    faults = doctor.faults(filled)
    assert any(name in fault for fault in faults)
    assert "amberfile repair" in doctor.advice(faults)


def test_sound_stores_need_no_advice(memory: Memory) -> None:
    memory.remember("alpha beta")
    assert doctor.faults(memory) == []
    assert doctor.advice([]) == ""


def test_it_works_on_every_store(memory: Memory) -> None:
    fill(memory)
    before = recalled(memory)
    assert doctor.reindex(memory) == len(TEXTS) - 1 + 2
    assert recalled(memory) == before
    with pytest.raises(ScopeError):
        doctor.reindex(memory.scoped(user="ada"))


def test_the_progress_is_told(path: Path) -> None:
    with amberfile.open(path, durability="relaxed") as memory:
        memory.remember_all([amberfile.Draft(f"text {number}") for number in range(2_500)])
        told: list[tuple[int, int]] = []
        doctor.reindex(memory, progress=lambda *step: told.append(step))
        assert told == [(1_000, 2_500), (2_000, 2_500)]


def test_an_error_of_the_words_leaves_the_old_index(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.write(batch(*FURNITURE))
        before = view(store, [ADA])

        def fails(entry: object) -> object:
            raise RuntimeError("no words")

        with pytest.raises(RuntimeError):
            store.reindex(fails, analysis=1)  # type: ignore[arg-type]
        assert view(store, [ADA]) == before


def test_readers_see_the_old_index_and_writers_wait(path: Path) -> None:
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as other:
        store.write(batch(*FURNITURE))
        before, inside, seen, go_on = view(store, [ADA]), Event(), Event(), Event()

        def slowly(entry: object) -> object:
            inside.set()
            go_on.wait()
            return terms_of(entry)  # type: ignore[arg-type]

        def write_later() -> None:
            other.write(batch(put("later", "words")))
            seen.set()

        work = Thread(target=lambda: store.reindex(slowly, analysis=1))  # type: ignore[arg-type]
        work.start()
        inside.wait()
        writer = Thread(target=write_later)
        writer.start()
        assert view(other, [ADA]) == before
        assert not seen.is_set()
        go_on.set()
        work.join()
        writer.join()
        assert other.check() == []
        assert [item.id for item in store.get(ADA, ["later"])] == ["later"]


def test_a_writer_that_knew_the_old_terms_learns_the_new_ones(path: Path) -> None:
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as other:
        other.write(batch(put("a", "one two three"), put("b", "four")))
        other.write(batch(put("a", "four")))
        store.reindex(terms_of, analysis=1)
        other.write(batch(put("c", "one two three four")))
        assert other.check() == []
        places = other.postings([ADA], ["one", "four"])
        assert [len(places[term]) for term in ("one", "four")] == [1, 3]


def test_a_large_file_is_not_checked_when_it_is_examined(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damage that the check at open leaves to the doctor is found and mended too."""
    monkeypatch.setattr(schema, "CHECKED_AT_OPEN", 0)
    with amberfile.open(path) as memory:
        fill(memory)
    by_hand(path, DAMAGES["postings are gone"])
    with amberfile.open(path) as memory:
        assert doctor.faults(memory)
        doctor.reindex(memory)
        assert doctor.faults(memory) == []
