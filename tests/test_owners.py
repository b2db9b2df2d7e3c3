"""A damaged number never gives a row to another owner: not to who reads, and not in a repair.

Every row and every entry of an index begins with the number of its scope. Each
of these is altered in turn, from Ada's to Bob's or back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

import pytest

import amberfile
from amberfile import errors
from amberfile.changes import NO_TERMS, Append, Batch, Forget
from amberfile.recall.shape import entry_terms
from amberfile.repair import Repaired, repair
from amberfile.stores.sqlite import SqliteStore, rows
from amberfile.stores.sqlite.salvage.cells import (
    BRANCH_INDEX,
    FILE_HEADER,
    LEAF_INDEX,
    LEAF_TABLE,
    Record,
    pointers,
    records,
    varint,
)
from amberfile.stores.sqlite.salvage.owner import begun_with
from amberfile.stores.sqlite.salvage.records import Damaged, recognised
from amberfile.testing.damage import PAGE, written_over
from amberfile.testing.samples import (
    ADA,
    BOB,
    MANY,
    batch,
    enqueue,
    found,
    ids,
    mark,
    message,
    open_turn,
    put,
)
from amberfile.types import ALL, Scope

NUMBERS = {2: ADA, 3: BOB}
"""The first scope has number 1, which stands in no byte of its own."""

ROWS = ("item", "message", "version", "session")


class Place(NamedTuple):
    """A byte of the file that is a row's scope, and the row's table or index."""

    at: int
    table: str


def written(path: Path) -> bytes:
    with closing(SqliteStore(path)) as store:
        store.write(batch(put("first"), scope=Scope()))
        for who, scope in (("ada", ADA), ("bob", BOB)):
            for each in past(who, scope):
                store.write(each)
        store.reindex(entry_terms, analysis=1)
    return path.read_bytes()


def past(who: str, scope: Scope) -> Iterator[Batch]:
    """What leaves a row in each table; `who` and a dash begin every id and text."""
    for number in range(6):
        name = f"{who}-{number}"
        said = message(f"{name} says {'y' * 200}", id=f"{name}-said")
        yield batch(put(name, f"{name} then"), scope=scope)
        yield batch(
            put(name, f"{name} now {'x' * 200}"),
            Append(f"{who}-session", (said,), (NO_TERMS,)),
            scope=scope,
            op_id=f"{name}-op",
            digest=b"1",
        )
    yield batch(Forget((f"{who}-0",)), mark(f"{who}-import"), enqueue(f"{who}-job"), scope=scope)
    yield batch(open_turn(f"{who}-turn", f"{who}-session"), scope=scope)


def places(file: bytes) -> Iterator[Place]:
    def page(number: int) -> bytes:
        return file[(number - 1) * PAGE : number * PAGE]

    pages = len(file) // PAGE
    for number in range(1, pages + 1):
        start = FILE_HEADER if number == 1 else 0
        kind = page(number)[start]
        if kind not in (LEAF_TABLE, LEAF_INDEX, BRANCH_INDEX):
            continue
        cells = pointers(page(number), start) or []
        for cell, record in zip(cells, records(page, pages, number), strict=True):
            at = first_column(page(number), kind, cell)
            if at is not None and page(number)[at] in NUMBERS and record:
                yield Place((number - 1) * PAGE + at, table_of(record))


def table_of(record: Record) -> str:
    """The table, or the index; "" for what is not told apart."""
    row = recognised(record)
    return "" if row is None or isinstance(row, Damaged) else row[0].table


def first_column(page: bytes, kind: int, cell: int) -> int | None:
    """Where the first column stands that is an integer of one byte; a rowid's has none."""
    _, at = varint(page, cell + 4 * (kind == BRANCH_INDEX))
    if kind == LEAF_TABLE:
        _, at = varint(page, at)
    header, first = varint(page, at)
    if page[first] == 0:
        first += 1
    return at + header if page[first] == 1 else None


class Altered(NamedTuple):
    file: bytes
    table: str


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("sound") / "memory.db")


@pytest.fixture(scope="module")
def altered(sound: bytes, seed: int, torture: bool) -> list[Altered]:
    """The file with one of these numbers altered: every one, or some of each table."""
    by_table: dict[str, list[Place]] = {}
    for place in places(sound):
        by_table.setdefault(place.table, []).append(place)
    assert {*ROWS, "tombstone", "in_tombstones", "in_names", "job", "import"} <= by_table.keys()
    rng = Random(seed)
    some = [
        place
        for found in by_table.values()
        for place in (found if torture else rng.sample(found, min(4, len(found))))
    ]
    return [Altered(flipped(sound, place.at), place.table) for place in some]


def flipped(file: bytes, *at: int) -> bytes:
    """Ada's numbers become Bob's there, and Bob's hers."""
    for each in at:
        file = written_over(file, each, bytes([file[each] ^ 1]))
    return file


def without_indexes(file: bytes) -> bytes:
    """Every page is lost that holds entries of an index, and nothing of a row."""
    tables = {place.at // PAGE for place in places(file) if place.table in (*ROWS, "tombstone")}
    entries = {place.at // PAGE for place in places(file) if place.table not in ROWS} - tables
    for page in entries:
        file = written_over(file, page * PAGE, bytes(PAGE))
    return file


Read = Callable[[], object]


def reads(store: SqliteStore, scope: Scope) -> Iterator[Read]:
    """Each way to see what a scope holds."""
    own = [f"{who}-{number}{end}" for who in ("ada", "bob") for number in range(6) for end in ENDS]
    for id in own:
        yield lambda id=id: store.get(scope, [id])  # type: ignore[misc]
        yield lambda id=id: store.history(scope, id)  # type: ignore[misc]
        yield lambda id=id: store.known_messages(scope, [id])  # type: ignore[misc]
    for session in ("ada-session", "bob-session"):
        yield lambda name=session: [  # type: ignore[misc]
            said.text for said in store.messages(scope, name)
        ]
    yield lambda: store.find([scope], ALL, limit=MANY)
    yield lambda: store.find([scope], ALL, limit=MANY, messages=True)
    yield lambda: store.changes([scope], 0, limit=MANY)
    yield lambda: store.entries([scope], range(200))
    yield lambda: store.near([scope], range(200), before=2, after=2)
    yield lambda: store.sessions(scope)
    yield from alone(store, scope)


ENDS = ("", "-said")


def seen_of(
    who: str,
    store: SqliteStore,
    scope: Scope,
    reads: Callable[[SqliteStore, Scope], Iterator[Read]] = reads,
) -> list[str]:
    """The answers that name somebody; a read that finds the damage gives none."""
    answers: list[Any] = []
    for read in reads(store, scope):
        with suppress(errors.StoreError):
            answers.append(read())
    return [repr(answer) for answer in answers if f"{who}-" in repr(answer)]


def opened(path: Path, file: bytes) -> SqliteStore:
    """As a large file is, which is not checked whole when it opens."""
    for beside in path.parent.glob(f"{path.name}*"):
        beside.unlink()
    path.write_bytes(file)
    return SqliteStore(path, checked=False)


def repaired(path: Path, file: bytes) -> tuple[Repaired, SqliteStore]:
    path.write_bytes(file)
    target = path.with_name("new.db")
    for beside in path.parent.glob("new.db*"):
        beside.unlink()
    done = repair(path, target)
    return done, SqliteStore(target)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


def test_who_reads_sees_nothing_of_another(altered: list[Altered], path: Path) -> None:
    for file, table in altered:
        with closing(opened(path, file)) as store:
            assert seen_of("bob", store, ADA) == [], table
            assert seen_of("ada", store, BOB) == [], table


def test_an_index_alone_gives_nobody_anything(sound: bytes, path: Path) -> None:
    for at, table in places(sound):
        if table not in ROWS and b"-" in sound[at : at + 5]:
            with closing(opened(path, flipped(sound, at))) as store:
                assert seen_of("bob", store, ADA, alone) == [], sound[at : at + 10]
                assert seen_of("ada", store, BOB, alone) == [], sound[at : at + 10]


def alone(store: SqliteStore, scope: Scope) -> Iterator[Read]:
    """The reads that no checksum guards."""
    yield lambda: store.ids(scope, "", limit=MANY)
    yield lambda: store.jobs(scope)
    yield lambda: store.imports(scope)
    for session in ("ada-session", "bob-session"):
        yield lambda name=session: store.turns(scope, name)  # type: ignore[misc]


@pytest.mark.parametrize("lose", [lambda file: file, without_indexes], ids=["", "no indexes"])
def test_a_repair_gives_nothing_to_another(
    altered: list[Altered], path: Path, lose: Callable[[bytes], bytes]
) -> None:
    for file, table in altered:
        if lose is without_indexes and table not in ROWS:
            continue  # there is nothing left that says whose it was
        done, store = repaired(path, lose(file))
        with closing(store):
            assert seen_of("bob", store, ADA) == [], table
            assert seen_of("ada", store, BOB) == [], table
            assert done.lost or table not in (*ROWS, "tombstone"), table


def altered_in(sound: bytes, table: str, *, most: int = MANY) -> bytes:
    """All of Ada's rows of a table, or the first of them, bear Bob's number."""
    of_ada = [place.at for place in places(sound) if place.table == table and sound[place.at] == 2]
    return flipped(sound, *of_ada[:most])


def test_an_item_under_another_number_comes_to_a_space_of_its_own(sound: bytes, path: Path) -> None:
    done, store = repaired(path, altered_in(sound, "item"))
    with closing(store):
        (own,) = [scope for scope in store.scopes() if scope.space == "recovered-2"]
        assert len(found(store, own)) == 5
        assert len(found(store, BOB, kinds=("note",))) == 5
        assert store.check() == []
    assert any("5 rows written in scope 2" in line and "recovered-2" in line for line in done.lost)


def test_messages_under_another_number_come_to_a_space_of_their_own(
    sound: bytes, path: Path
) -> None:
    done, store = repaired(path, altered_in(sound, "message", most=2))
    with closing(store):
        (own,) = [scope for scope in store.scopes() if scope.space == "recovered-2"]
        (session,) = store.sessions(own)
        assert ids(store.messages(own, session.id)) == ["ada-0-said", "ada-1-said"]
        assert len(store.messages(ADA, "ada-session")) == 4
        assert store.check() == []
    assert any("2 rows written in scope 2" in line for line in done.lost)


def test_what_was_forgotten_stays_so_under_another_number(sound: bytes, path: Path) -> None:
    """An older page brings the row back, and the mark that it went bears Bob's number."""
    with closing(opened(path, sound)) as store:
        store.write(batch(Forget(("ada-1",)), scope=ADA))
    new = path.read_bytes()
    text, numbers = b"ada-1 now", [place for place in places(new) if place.table == "tombstone"]
    page = sound.index(text) // PAGE * PAGE
    file = written_over(new, page, sound[page : page + PAGE])
    assert text in file
    done, store = repaired(path, flipped(file, *(place.at for place in numbers)))
    with closing(store):
        assert text not in path.with_name("new.db").read_bytes()
        assert store.forgotten(BOB, ["ada-1"]) == set()
    assert any("table tombstone" in line for line in done.lost)


def test_a_damaged_row_whose_number_nobody_has_is_lost(sound: bytes, path: Path) -> None:
    at = sound.index(b"ada-1 now")
    done, store = repaired(path, written_over(sound, at, b"A"))
    with closing(store):
        assert {scope.space for scope in store.scopes()} == {"default"}
        assert b"Ada-1" not in path.with_name("new.db").read_bytes()
    assert any("a row of table item" in line for line in done.lost)


def test_the_doctor_tells_of_a_number_that_was_altered(sound: bytes, path: Path) -> None:
    for table in ROWS:
        with closing(opened(path, altered_in(sound, table, most=1))) as store:
            assert store.check() != [], table


def test_rows_whose_checksum_does_not_know_their_scope_are_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the first files have them."""
    with monkeypatch.context() as patch:
        patch.setattr(rows, "crc32", lambda form, number=0: crc32(form))
        file = written(path)
    with closing(opened(path, file)) as store:
        before = found(store, ADA)
        assert len(before) == 11
        assert store.check() == []
        store.write(batch(put("ada-1", "ada-1 later"), scope=ADA))
        assert [version.number for version in store.history(ADA, "ada-1")] == [1, 2, 3]
    done, store = repaired(path, file)
    with closing(store):
        assert found(store, ADA) == before
    assert done.lost == ()


def test_a_checksum_tells_the_number_that_it_began_with() -> None:
    for number in (0, 1, 7, 0x12345678, 0xFFFFFFFF):
        for size in (0, 1, 300):
            data = Random(size).randbytes(size)
            assert begun_with(data, crc32(data, number)) == number


def test_the_error_of_an_altered_row_names_the_next_steps(sound: bytes, path: Path) -> None:
    path.write_bytes(altered_in(sound, "item", most=1))
    with amberfile.open(path) as memory, pytest.raises(errors.StoreCorrupt) as told:
        memory.find()
    for step in ("amberfile doctor", "amberfile reindex", f"amberfile repair {path} NEW", "backup"):
        assert step in str(told.value)
