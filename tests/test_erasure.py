"""Forgotten bytes are gone from the file and its log while the store is still open.

Stores of hundreds of pages, written in random order, so that b-trees split
and merge and move the cells that hold a secret. Another process reads the
bytes: to open the file in this one would drop the store's locks.
"""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import amberfile
from amberfile import Said, imports
from amberfile.changes import (
    Append,
    Change,
    ClearSession,
    DropImport,
    Forget,
    MarkImport,
    Put,
    Retract,
)
from amberfile.recall.analysis import terms
from amberfile.recall.shape import item_terms, message_terms
from amberfile.replay import Replay
from amberfile.stores.sqlite import SqliteStore
from amberfile.stores.sqlite.checkpoint import without_remains
from amberfile.testing.samples import ADA, MANY, batch, item, message
from amberfile.types import ALL, Parts, Source

PAGE = 4096
WORDS = [f"word{number}" for number in range(3_000)]
ITEM_FIELDS = ["text", "key", "topics", "metadata", "reason", "source", "earlier"]
MESSAGE_FIELDS = ["text", "name", "tool_calls", "tool_call_id", "parts"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "memory.db", durability="relaxed")
    yield store
    store.close()


def medium(store: SqliteStore) -> bytes:
    """Every byte of the file and its log."""
    names = [name for end in ("", "-wal") if Path(name := store.path + end).exists()]
    return subprocess.run(["cat", *names], check=True, capture_output=True).stdout


def forms(secret: str) -> list[bytes]:
    """What would give the secret away: a half of it (a page may end in one), another form."""
    plain = secret.encode()
    return [
        *(plain[:16], plain[16:]),
        *(plain.upper()[:16], plain.upper()[16:]),
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        bytes.fromhex(secret),
        *(base64.b64encode(b"x" * shift + plain)[8:-4] for shift in range(3)),
    ]


def standing(found: bytes, secrets: Sequence[str]) -> list[str]:
    """The secrets of which `found` holds some form."""
    return [secret for secret in secrets if any(form in found for form in forms(secret))]


def _text(rng: random.Random, secret: str = "") -> str:
    words = rng.choices(WORDS, k=rng.choice([3, 15, 60, 150, 900]))
    words.insert(rng.randrange(len(words)), secret)
    return " ".join(words)


def _secret_item(rng: random.Random, id: str, secret: str, field: str) -> list[Change]:
    written = item(
        id,
        _text(rng, secret if field == "text" else ""),
        key=f"key {secret}" if field == "key" else None,
        topics=("red", secret) if field == "topics" else (),
        metadata={"a": [secret]} if field == "metadata" else {},
        source=Source(ref=f"file {secret}") if field == "source" else Source(),
    )
    first = item(id, _text(rng, secret if field == "earlier" else ""))
    changes: list[Change] = [Put(first, item_terms(first)), Put(written, item_terms(written))]
    return [*changes, Retract(id, secret)] if field == "reason" else changes


def _secret_message(rng: random.Random, id: str, secret: str, field: str) -> list[Change]:
    said = message(
        _text(rng, secret if field == "text" else ""),
        id=id,
        name=secret if field == "name" else None,
        tool_calls=({"a": [secret]},) if field == "tool_calls" else None,
        tool_call_id=secret if field == "tool_call_id" else None,
        parts=Parts("x", 1, {"a": secret}) if field == "parts" else None,
    )
    return [Append(rng.choice("abc"), (said,), (message_terms(said),))]


def fill(store: SqliteStore, rng: random.Random, count: int) -> dict[str, str]:
    """Write `count` entries with a secret each, and rewrite some; secrets by id."""
    secrets = {f"{rng.getrandbits(64):016x}": f"{rng.getrandbits(128):032x}" for _ in range(count)}
    for id, secret in secrets.items():
        if rng.random() < 0.5:
            changes = _secret_item(rng, id, secret, rng.choice(ITEM_FIELDS))
        else:
            changes = _secret_message(rng, id, secret, rng.choice(MESSAGE_FIELDS))
        store.write(batch(*changes))
        again = rng.choice(list(secrets))
        for one in store.get(ADA, [again]):
            rewritten = item(again, _text(rng), kind=one.kind, key=one.key)
            store.write(batch(Put(rewritten, item_terms(rewritten))))
    return secrets


def some_forgotten(store: SqliteStore, rng: random.Random, secrets: dict[str, str]) -> list[str]:
    """Forget half of what has a secret, in random order, one or several a batch."""
    ids = rng.sample(list(secrets), len(secrets) // 2)
    start = 0
    while start < len(ids):
        size = rng.choice([1, 1, 2, 8])
        store.write(batch(Forget(tuple(ids[start : start + size]))))
        start += size
    return [secrets[id] for id in ids]


def test_nothing_of_what_was_forgotten_is_left(tmp_path: Path, seed: int, torture: bool) -> None:
    for number in range(200 if torture else 10):
        rng = random.Random(seed + number)
        store = SqliteStore(tmp_path / f"{number}.db", durability="relaxed")
        secrets = fill(store, rng, rng.choice([20, 40, 100]))
        assert standing(medium(store), list(secrets.values())) == list(secrets.values())
        gone = some_forgotten(store, rng, secrets)
        assert standing(medium(store), gone) == [], number
        words = store.vocabulary([ADA], "", prefix=True, limit=MANY)
        assert not set(words) & {term for secret in gone for term in terms(secret)}
        kept = [secret for secret in secrets.values() if secret not in gone]
        assert standing(medium(store), kept) == kept
        store.close()


def test_no_page_of_the_file_holds_remains(store: SqliteStore, seed: int) -> None:
    """Not of anything: what stands where a page is empty was moved, and may be forgotten next."""
    rng = random.Random(seed)
    of_the_schema = _with_remains(store)
    some_forgotten(store, rng, fill(store, rng, 150))
    assert len(medium(store)) > 100 * PAGE
    assert _with_remains(store) <= of_the_schema


def _with_remains(store: SqliteStore) -> set[int]:
    """Offsets of the pages after the first that hold more than their cells."""
    file = medium(store)
    pages = {at: file[at : at + PAGE] for at in range(PAGE, len(file), PAGE)}
    return {at for at, page in pages.items() if without_remains(page, 0) != page}


def test_an_empty_middle_is_told_from_cells() -> None:
    page = bytes([13, 0, 0, 0, 1, 0, 20, 0, 0, 20]) + b"remains..." + b"the one cell"
    assert without_remains(page, 0) == page[:10] + bytes(10) + b"the one cell"
    assert without_remains(b"\0" + page[1:], 0) == b"\0" + page[1:]


@pytest.mark.parametrize("field", range(len(forms("00" * 16))))
def test_the_search_sees_a_planted_copy(field: int) -> None:
    secret = "0123456789abcdef" * 2
    assert standing(b"before" + forms(secret)[field] + b"after", [secret]) == [secret]
    assert standing(b"before and after", [secret]) == []


def test_a_cleared_session_leaves_nothing(store: SqliteStore, seed: int) -> None:
    rng = random.Random(seed)
    secrets = [f"{rng.getrandbits(128):032x}" for _ in range(60)]
    for number, secret in enumerate(secrets):
        said = message(_text(rng, secret), id=f"id{number}")
        store.write(batch(Append("ab"[number % 2], (said,), (message_terms(said),))))
    store.write(batch(ClearSession("a")))
    assert standing(medium(store), secrets) == secrets[1::2]


def test_a_dropped_record_of_an_import_leaves_nothing(store: SqliteStore, seed: int) -> None:
    rng = random.Random(seed)
    secrets = [f"{rng.getrandbits(128):032x}" for _ in range(40)]
    for number, secret in enumerate(secrets):
        store.write(batch(MarkImport(f"id{number}", f"chats/{secret}", "openai", 1)))
    store.write(batch(*(DropImport(f"id{number}") for number in range(0, 40, 2))))
    assert standing(medium(store), secrets) == secrets[1::2]


def test_an_undone_import_leaves_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "memory.db"
    with amberfile.open(path) as memory:
        memory.session("own").append("user", "stays")
        secrets = [f"{rng.getrandbits(128):032x}" for _ in range(42)]
        source, title, *texts = secrets
        texts += [""] * 1_200
        rng.shuffle(texts)
        replay = Replay(memory, source=f"chats/{source}.json", format="openai")
        for number, secret in enumerate(texts):
            session = rng.choice(["a", "b", "own"])
            text = _text(rng, secret) if secret else f"word {number}"
            replay.message(session, Said("user", text, id=f"id{number}"))
        replay.title("a", title)
        done = replay.finish()
        store = memory._shared.store()
        assert isinstance(store, SqliteStore)
        assert standing(medium(store), secrets) == secrets
        assert imports.undo(memory, str(done.id)).entries == len(texts)
        assert standing(medium(store), secrets) == []
        assert store.check() == []


def test_a_readers_state_keeps_the_bytes_no_longer_than_it_is_read(store: SqliteStore) -> None:
    secret = "0123456789abcdef" * 2
    written = item("a", secret)
    store.write(batch(Put(written, item_terms(written))))
    with _reader(store.path) as reader:
        store.write(batch(Forget(("a",))))
        assert store.get(ADA, ["a"]) == []
        assert standing(medium(store), [secret]) == [secret]
        _end(reader)
    store.write(batch())
    assert standing(medium(store), [secret]) == []


def test_a_close_takes_what_a_reader_kept(store: SqliteStore) -> None:
    secret = "0123456789abcdef" * 2
    other = SqliteStore(store.path)
    written = item("a", secret)
    other.write(batch(Put(written, item_terms(written))))
    with _reader(store.path) as reader:
        other.write(batch(Forget(("a",))))
        _end(reader)
    other.close()
    assert standing(medium(store), [secret]) == []
    assert store.find([ADA], ALL, limit=1) == []


_READ = """
import sys
import apsw
db = apsw.Connection(sys.argv[1])
db.execute("BEGIN")
print(db.execute("SELECT count(*) FROM item").fetchall(), flush=True)
sys.stdin.readline()
db.execute("COMMIT")
db.close()
"""


def _reader(path: str) -> subprocess.Popen[bytes]:
    """Another process in the middle of a read, until `_end`."""
    command = [sys.executable, "-c", _READ, path]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert reader.stdout
    reader.stdout.readline()
    return reader


def _end(reader: subprocess.Popen[bytes]) -> None:
    reader.communicate(b"\n")
    assert reader.returncode == 0
