"""What stands on undamaged pages comes back from a damaged file, and nothing else does.

Each text carries a mark of its own in every piece of it, so a search for the
mark's bytes tells on which pages the row stands, whatever reads the file.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import amberfile
from amberfile import errors
from amberfile.changes import (
    NO_TERMS,
    Append,
    Batch,
    Change,
    ClearSession,
    Forget,
    MarkImport,
    Put,
    RenameSession,
    Retract,
)
from amberfile.recall.shape import entry_terms
from amberfile.repair import Repaired, repair
from amberfile.stores.base import Store
from amberfile.stores.sqlite import SqliteStore, schema
from amberfile.testing.damage import DAMAGES, PAGE, PNG, written_over
from amberfile.testing.samples import (
    ADA,
    BOB,
    FURNITURE,
    MANY,
    NOW,
    batch,
    found,
    ids,
    item,
    message,
    put,
    say,
    view,
)
from amberfile.types import Scope

SCOPES = [ADA, BOB]
IDS = [f"id{number}" for number in range(40)]

Text: TypeAlias = tuple[str, str, str]
"""Of an item's version or a message: its sort, its id and its text."""

Row: TypeAlias = tuple[Text, str]
"""With its rev and its change, which no two of one id have in common."""


def mark(rng: random.Random) -> str:
    return f"mark{rng.getrandbits(64):016x}"


def marked(rng: random.Random, size: int) -> str:
    """A text of about `size` characters with its mark in every 200."""
    own = mark(rng)
    return " ".join(f"{own} " + "x" * rng.randrange(150, 200) for _ in range(size // 200 + 1))


def change(rng: random.Random) -> Change:
    id, text = rng.choice(IDS), marked(rng, rng.choice([20, 300, 3_000, 3_000, 20_000]))
    match rng.randrange(10):
        case 0 | 1 | 2 | 3:
            return Put(item(id, text, topics=("t",), metadata={"n": rng.random()}), NO_TERMS)
        case 4 | 5 | 6 | 7:
            return Append(rng.choice("abc"), (message(text, id=rng.choice(IDS)),), (NO_TERMS,))
        case 8:
            return Forget((id,))
        case _:
            return Retract(id, "because")


@dataclass(frozen=True)
class Sample:
    """A store with a past: its files, as `testing.damage` names them, and all that was written."""

    files: Mapping[str, bytes]
    written: frozenset[Text]


def build(folder: Path, seed: int, batches: int = 90) -> Sample:
    rng, files, written = random.Random(seed), dict[str, bytes](), set[Text]()
    path = folder / f"{seed}.db"
    store = SqliteStore(path, durability="relaxed")
    for number in range(batches):
        changes = tuple(change(rng) for _ in range(rng.randint(1, 3)))
        written |= {text for each in changes for text in _texts_of(each)}
        try:
            store.write(Batch(rng.choice(SCOPES), changes, NOW))
        except errors.Conflict:
            continue
        if number < batches // 2 or not files.get("older-wal"):
            files["older-wal"] = bytes_of(f"{path}-wal")
    for number in range(8):  # nothing is forgotten from here on, so the log fills
        last = Put(item("last", marked(rng, 500)), NO_TERMS)
        written |= set(_texts_of(last))
        store.write(Batch(SCOPES[number % 2], (last,), NOW))
    files |= {"live": bytes_of(str(path)), "live-wal": bytes_of(f"{path}-wal")}
    store.close()
    return Sample(files | {"": path.read_bytes()}, frozenset(written))


def bytes_of(path: str) -> bytes:
    """In another process: to open the file in this one would drop the store's locks."""
    return subprocess.run(["cat", path], check=True, capture_output=True).stdout


def _texts_of(change: Change) -> Iterator[Text]:
    if isinstance(change, Put):
        yield ("item", change.item.id, change.item.text)
    elif isinstance(change, Append):
        yield from (("message", each.id, each.text) for each in change.messages)


def rows_in(store: Store) -> dict[Row, Any]:
    """Every version and message, whoever it belongs to, and what else is known of it."""
    rows: dict[Row, Any] = {}
    for scope in store.scopes():
        for change in store.changes([scope], 0, limit=MANY):
            for version in store.history(scope, change.id):
                told = replace(version.item, scope=ADA, version=0)
                if version.reason != "its last version was lost when the store was repaired":
                    when = f"{told.rev} {version.change}"  # one batch may create and hide it
                    rows[("item", told.id, told.text), when] = (told, version.change)
        for session in store.sessions(scope):
            for said in store.messages(scope, session.id):
                rows[("message", said.id, said.text), str(said.rev)] = replace(
                    said, scope=ADA, session=""
                )
    return rows


def image_with_log(folder: Path, files: Mapping[str, bytes]) -> bytes:
    """The file as SQLite itself sees it with this log."""
    path = folder / "seen.db"
    for ending, content in files.items():
        Path(f"{path}{ending}").write_bytes(content)
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return path.read_bytes()
    finally:
        for beside in folder.glob("seen.db*"):
            beside.unlink()


def rev_of(folder: Path, image: bytes) -> int:
    path = folder / "rev.db"
    path.write_bytes(image)
    try:
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as db:
            return int(db.execute("SELECT rev FROM store").fetchone()[0])
    except sqlite3.DatabaseError:
        return -1  # a log over pages that it was not written for
    finally:
        path.unlink()


def reference(folder: Path, kind: str, sample: Sample, damaged: Mapping[str, bytes]) -> bytes:
    """The undamaged file whose rows should come back."""
    match kind:
        case "no_log" | "foreign_log":
            return damaged[""]
        case "cut_log" | "damaged_log":
            return image_with_log(folder, damaged)
        case "older_log":
            try:
                both = [damaged[""], image_with_log(folder, damaged)]
            except sqlite3.DatabaseError:  # it does not fit, and SQLite says so
                return damaged[""]
            return max(both, key=lambda image: rev_of(folder, image))
        case "empty" | "picture":
            return b""
    return sample.files[""]


def rows_of_image(folder: Path, image: bytes) -> dict[Row, Any]:
    if not image:
        return {}
    path = folder / "image.db"
    path.write_bytes(image)
    with closing(SqliteStore(path)) as store:
        rows = rows_in(store)
    path.unlink()
    return rows


def pages_with(image: bytes, text: str) -> set[int]:
    """The pages on which a text's mark stands."""
    wanted, pages, at = text[:20].encode(), set[int](), -1
    while (at := image.find(wanted, at + 1)) >= 0:
        pages |= {at // PAGE, (at + len(wanted) - 1) // PAGE}
    return pages


def damaged_pages(image: bytes, found: bytes) -> set[int]:
    return {
        at // PAGE
        for at in range(0, len(image), PAGE)
        if image[at : at + PAGE] != found[at : at + PAGE]
    }


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, seed: int) -> list[Sample]:
    folder = tmp_path_factory.mktemp("samples")
    return [build(folder, seed + number) for number in range(2)]


def left_as_it_was(path: Path) -> dict[str, Any]:
    return {
        beside.name: (hashlib.sha256(beside.read_bytes()).hexdigest(), beside.stat().st_mtime_ns)
        for beside in path.parent.glob(f"{path.name}*")
    }


def test_what_stands_on_undamaged_pages_comes_back(
    samples: list[Sample], tmp_path: Path, seed: int, torture: bool
) -> None:
    rng = random.Random(seed)
    wanted, came_back = Counter[str](), Counter[str]()
    missing: list[tuple[int, str, Row]] = []
    for number in range(2_000 if torture else 60):
        damage = DAMAGES[number % len(DAMAGES)]
        kind, folder = damage.__name__.strip("_"), tmp_path / str(number)
        folder.mkdir()
        files = damage(rng, *(sample.files for sample in samples))
        image = reference(folder, kind, samples[0], files)
        rows = rows_of_image(folder, image)
        back = repaired_rows(folder, files)
        gone = damaged_pages(image, files[""]) if image == samples[0].files[""] else set()
        safe = {row for row in rows if not pages_with(image, row[0][2]) & gone}
        for row in back.keys() & rows.keys():
            assert back[row] == rows[row], (number, kind)
        assert {text for text, _ in back} <= samples[0].written or kind == "empty", (number, kind)
        wanted[kind] += len(safe)
        came_back[kind] += len(safe & back.keys())
        missing += [(number, kind, row) for row in safe - back.keys()]
        shutil.rmtree(folder)
    lost = [(number, kind, row[0][:2]) for number, kind, row in missing]
    assert wanted.total() > 1_000
    assert came_back.total() >= 0.99 * wanted.total(), lost
    for kind in wanted:  # so that none hides behind the others
        assert came_back[kind] >= 0.98 * wanted[kind], lost


def repaired_rows(folder: Path, files: Mapping[str, bytes]) -> dict[Row, Any]:
    """What a repair brings back; the damaged files stay as they are, and alone."""
    source, target = folder / "memory.db", folder / "new.db"
    for ending, content in files.items():
        Path(f"{source}{ending}").write_bytes(content)
    before = left_as_it_was(source)
    try:
        done = repair(source, target)
    except errors.NotAStore:
        assert not target.exists()
        return {}
    finally:
        assert left_as_it_was(source) == before
        assert {path.name for path in folder.iterdir()} <= {*before, "new.db"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with closing(SqliteStore(target)) as store:
        assert store.check() == []
        assert done.items + done.versions <= len(IDS) * 100
        return rows_in(store)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


def stored(path: Path, *batches: Batch) -> None:
    with closing(SqliteStore(path)) as store:
        for each in batches:
            store.write(each)
        store.reindex(entry_terms, analysis=1)


def spoil(path: Path, text: str, *, every: bool = False) -> None:
    """Change a letter of `text` in the file, where it stands first."""
    content, at = path.read_bytes(), -1
    while (at := content.find(text.encode(), at + 1)) >= 0:
        content = written_over(content, at, bytes([content[at] ^ 1]))
        if not every:
            break
    path.write_bytes(content)


def repaired(path: Path) -> tuple[Repaired, SqliteStore]:
    target = path.with_name("new.db")
    done = repair(path, target)
    return done, SqliteStore(target)


def test_a_sound_file_gives_everything(path: Path) -> None:
    stored(
        path,
        batch(*FURNITURE, MarkImport("i", "chats.jsonl", "openai", 2), op_id="op", digest=b"1"),
        batch(*FURNITURE, scope=BOB),
        batch(put("long", "word " * 5_000), say("word " * 5_000)),
        batch(put("odd \ud800", "lone \udfff"), say("\ud83d"), scope=Scope(user="\ud801")),
    )
    everyone = [ADA, BOB, Scope(user="\ud801")]
    with closing(SqliteStore(path)) as store:
        before, imports = view(store, everyone), store.imports(ADA)
        rev = before.pop("rev")
    done, new = repaired(path)
    with closing(new):
        after = view(new, everyone)
        assert after.pop("rev") > rev
        assert after == before
        assert new.imports(ADA) == imports
        assert new.write(batch(*FURNITURE, op_id="op", digest=b"1")).replayed
    assert (done.lost, done.damaged_pages) == ((), 0)
    assert (done.sessions, done.scopes) == (5, 3)


def test_recall_after_a_repair_is_as_before(path: Path) -> None:
    texts = [f"the deploy of service {number} is on Friday" for number in range(30)]
    with amberfile.open(path) as memory:
        for text in texts:
            memory.remember(text)
        before = [(hit.id, hit.score) for hit in memory.recall("deploy Friday service 7")]
    repair(path, path.with_name("new.db"))
    with amberfile.open(path.with_name("new.db")) as memory:
        assert [(hit.id, hit.score) for hit in memory.recall("deploy Friday service 7")] == before


def test_a_file_of_the_first_schema_is_read(path: Path) -> None:
    scripts = schema._scripts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_scripts", lambda: scripts[:1])
        with closing(SqliteStore(path)):
            pass
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "INSERT INTO scope (id, space, user, agent) VALUES (1, 'default', 'ada', 'default');"
            "INSERT INTO tombstone (scope, kind, id, handle, at, rev)"
            " VALUES (1, 'note', 'gone', 2, 0, 1);"
        )
    done, new = repaired(path)
    with closing(new):
        assert new.forgotten(ADA, ["gone", "other"]) == {"gone"}
    assert (done.lost, done.scopes) == ((), 1)


def test_messages_of_a_lost_session_get_one_of_its_number(path: Path) -> None:
    stored(path, batch(say("one", "two"), RenameSession("s", "its own title")))
    spoil(path, "its own title")
    done, new = repaired(path)
    with closing(new):
        [session] = new.sessions(ADA)
        assert (session.id, session.messages, session.last_seq) == ("recovered-1", 2, 2)
        assert ids(new.messages(ADA, "recovered-1")) == ["one", "two"]
    assert any("session 1" in line and "recovered-1" in line for line in done.lost)
    assert done.damaged_pages == 1


def test_entries_of_a_scope_whose_name_is_lost_get_a_space_of_its_number(path: Path) -> None:
    """Its two copies differ, and neither is believed."""
    stored(path, batch(put("a", "text"), scope=Scope(space="papers")))
    spoil(path, "papers")
    done, new = repaired(path)
    with closing(new):
        assert new.scopes() == [Scope(space="recovered-1")]
        assert ids(found(new, Scope(space="recovered-1"))) == ["a"]
    assert any("recovered-1" in line for line in done.lost)


def test_a_repaired_store_may_be_damaged_again(path: Path) -> None:
    stored(path, batch(put("a", "text"), scope=Scope(space="papers")))
    stored(path, batch(put("b", "text"), scope=Scope(space="recovered-1")))
    spoil(path, "papers")
    _, new = repaired(path)
    with closing(new):
        assert {scope.space for scope in new.scopes()} == {"recovered-1", "recovered-1-2"}


def test_an_item_that_lost_an_earlier_version_is_numbered_anew(path: Path) -> None:
    stored(path, *(batch(put("a", f"{word} text")) for word in ("first", "second", "third")))
    spoil(path, "second text")
    done, new = repaired(path)
    with closing(new):
        history = [(version.number, version.item.text) for version in new.history(ADA, "a")]
        assert history == [(1, "first text"), (2, "third text")]
        assert new.check() == []
    assert any("'a'" in line and "1 of its earlier versions" in line for line in done.lost)


def test_an_item_that_lost_its_last_version_comes_back_hidden(path: Path) -> None:
    stored(path, batch(put("a", "first text")), batch(put("a", "second text")))
    spoil(path, "second text")
    done, new = repaired(path)
    with closing(new):
        assert found(new) == []
        assert [version.item.text for version in new.history(ADA, "a")] == ["first text"] * 2
        assert [item.state for item in new.get(ADA, ["a"])] == ["retracted"]
    assert any("'a'" in line and "hidden" in line for line in done.lost)
    with amberfile.open(path.with_name("new.db")) as memory:
        ada = memory.scoped(user="ada")
        assert ada.restore("a") == 1
        assert [hit.text for hit in ada.recall("first")] == ["first text"]


def test_a_session_that_lost_a_message_counts_what_it_has(path: Path) -> None:
    stored(path, batch(say("first words", "second words", "third words")))
    spoil(path, "second words")
    done, new = repaired(path)
    with closing(new):
        assert [said.seq for said in new.messages(ADA, "s")] == [1, 3]
        new.write(batch(say("fourth words")))
        assert [said.seq for said in new.messages(ADA, "s")] == [1, 3, 4]
    assert "session 's' says it holds 3 messages; 2 were found" in done.lost


@pytest.mark.parametrize(
    "letting_go", [Forget(("secret", "said")), ClearSession("s"), ClearSession("s", drop=True)]
)
def test_an_older_page_brings_nothing_back_that_was_let_go(path: Path, letting_go: Change) -> None:
    text = "the secret words"
    stored(path, batch(put("secret", text), say("other"), put("kept", "kept words")))
    stored(path, batch(Append("s", (message(text, id="said"),), (NO_TERMS,))))
    old = path.read_bytes()
    stored(path, batch(Forget(("secret", "said")), letting_go))
    new = path.read_bytes()
    for page in pages_with(old, text):
        new = written_over(new, page * PAGE, old[page * PAGE : (page + 1) * PAGE])
    path.write_bytes(new)
    assert text.encode() in new
    repair(path, path.with_name("new.db"))
    content = path.with_name("new.db").read_bytes()
    assert text.encode() not in content
    assert b"kept words" in content


def test_a_file_without_its_first_page_is_read(path: Path) -> None:
    stored(path, batch(*FURNITURE))
    with closing(SqliteStore(path)) as store:
        before = found(store)
    path.write_bytes(written_over(path.read_bytes(), 0, os.urandom(PAGE)))
    done, new = repaired(path)
    with closing(new):
        assert [one.entry for one in found(new)] == [one.entry for one in before]
    assert done.damaged_pages >= 1


def test_what_only_stands_in_the_log_comes_back(path: Path) -> None:
    command = (
        "import os, sys\n"
        "from amberfile.stores.sqlite import SqliteStore\n"
        "from amberfile.testing.samples import batch, put\n"
        "store = SqliteStore(sys.argv[1])\n"
        "store.write(batch(put('a', 'in the log')))\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", command, str(path)], check=True)
    before = left_as_it_was(path)
    _, new = repaired(path)
    with closing(new):
        assert [one.entry.text for one in found(new)] == ["in the log"]
    assert left_as_it_was(path) == before


FOREIGN: dict[str, Callable[[Path], object]] = {
    "a picture": lambda path: path.write_bytes(PNG),
    "an empty file": lambda path: path.write_bytes(b""),
    "a text": lambda path: path.write_bytes(b"no store " * 4_000),
    "another database": lambda path: subprocess.run(
        [sys.executable, "-c", _ANOTHER, str(path)], check=True
    ),
}
_ANOTHER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE notes (a, b, c, d, e, f)")
db.executemany("INSERT INTO notes VALUES (?, 'text', 'more', 4, 5, 6)", [(n,) for n in range(500)])
db.execute("CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID")
db.executemany("INSERT INTO pairs VALUES (?, 1)", [(n,) for n in range(500)])
db.commit()
db.close()
"""


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_store_of_ours_is_refused(path: Path, name: str) -> None:
    FOREIGN[name](path)
    with pytest.raises(errors.NotAStore, match="no amberfile store"):
        repair(path, path.with_name("new.db"))
    assert [beside.name for beside in path.parent.iterdir()] == [path.name]


def test_an_empty_store_is_a_store(path: Path) -> None:
    stored(path)
    done, new = repaired(path)
    new.close()
    assert done == Repaired(0, 0, 0, 0, 0, (), done.pages, 0)


def test_nothing_is_overwritten(path: Path) -> None:
    stored(path, batch(put("a")))
    target = path.with_name("new.db")
    target.write_bytes(b"precious")
    with pytest.raises(errors.InvalidInput, match="never overwrites"):
        repair(path, target)
    assert target.read_bytes() == b"precious"
    with pytest.raises(errors.NotFound):
        repair(path.with_name("absent.db"), path.with_name("other.db"))


def test_a_store_that_this_process_has_open_is_not_read(path: Path) -> None:
    with closing(SqliteStore(path)), pytest.raises(errors.StoreUnavailable, match="Close it"):
        repair(path, path.with_name("new.db"))


_OPEN = """
import sys
from amberfile.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
store.close()
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not tell")
def test_a_store_that_another_process_has_open_is_not_read(path: Path) -> None:
    stored(path, batch(put("a")))
    command, pipe = [sys.executable, "-c", _OPEN, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(errors.StoreBusy, match=str(other.pid)):
            repair(path, path.with_name("new.db"))
        with amberfile.open(path) as memory:
            assert str(other.pid) in str(memory.info().details["open by"])
        other.communicate(b"\n")
    with amberfile.open(path) as memory:
        assert memory.info().details["open by"] == "no other process"


def test_the_losses_are_told_in_twenty_lines_and_a_count(path: Path) -> None:
    names = [f"session {number:02}" for number in range(40)]
    stored(path, *(batch(say(f"words of {name}", session=name)) for name in names))
    spoil(path, "words of session", every=True)
    done, new = repaired(path)
    new.close()
    assert len(done.lost) == 21
    assert done.lost[-1].startswith("and ")
    assert done.messages == 0


def test_the_progress_is_told(path: Path) -> None:
    stored(path, *(batch(put(f"id{number}", "x" * 40_000)) for number in range(60)))
    told: list[tuple[int, int]] = []
    done = repair(path, path.with_name("new.db"), progress=lambda *step: told.append(step))
    assert told
    assert {size for _, size in told} == {done.pages}
    assert sorted(told) == told
