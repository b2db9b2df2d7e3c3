"""Whatever a store holds goes out and comes in again, equal to the byte: JSONL and YAML."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import AmberfileError, Draft, Item, Memory, Message, Parts, Said, Source, doctor
from amberfile.replay import recorded
from amberfile.testing.hostile import HOSTILE
from amberfile.testing.samples import HOUR, NOW
from amberfile.transfer import Imported, export_jsonl, import_path, undo_import
from amberfile.transfer.own.yaml_stream import export_yaml

FORMS: dict[str, Callable[[Memory, BinaryIO], int]] = {"jsonl": export_jsonl, "yaml": export_yaml}

each_form = pytest.mark.parametrize("form", FORMS)

TEXTS = st.text(max_size=20) | st.sampled_from([*HOSTILE.values(), "one\ntwo\n", "yes", "1e3"])
NAMES = TEXTS.map(lambda text: text[:1_000] or "_")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
TIMES = st.integers(-(10**9), 10**9).map(lambda seconds: NOW + HOUR * seconds / 3_600_000)
IDS = st.sampled_from(["a", "b", "c", "\ud800", "\0", "yes"])
KEYS = st.none() | st.sampled_from(["k", "K", "\ude00", "2026-01-01"])

DRAFTS = st.builds(
    Draft,
    TEXTS,
    key=KEYS,
    kind=st.none() | NAMES.filter(lambda name: name != "message"),
    topics=st.lists(NAMES, max_size=3),
    metadata=OBJECTS,
    source=st.builds(Source, NAMES, st.none() | TEXTS, st.floats(0, 1)),
    importance=st.floats(0, 1),
    derived_from=st.lists(NAMES, max_size=2),
    valid_from=st.none() | TIMES,
    valid_to=st.none() | TIMES,
    expires_at=st.none() | TIMES,
    id=IDS,
    created_at=TIMES,
)
SAYINGS = st.builds(
    Said,
    NAMES,
    st.none() | TEXTS,
    name=st.none() | TEXTS,
    tool_calls=st.none() | st.lists(OBJECTS, max_size=2),
    tool_call_id=st.none() | TEXTS,
    parts=st.none() | st.builds(Parts, NAMES, st.integers(-9, 9), JSON),
    created_at=TIMES,
)
SESSIONS = st.sampled_from(["s", "t", "\ud83d", "no"])
STEPS = st.one_of(
    DRAFTS.map(lambda draft: lambda memory: memory.remember_all([draft])),
    DRAFTS.map(lambda draft: lambda memory: memory.remember_all([replace(draft, id=None)])),
    st.builds(lambda id, why: lambda memory: memory.retract(id, reason=why), IDS, TEXTS),
    IDS.map(lambda id: lambda memory: memory.restore(id)),
    IDS.map(lambda id: lambda memory: memory.forget(id)),
    st.builds(
        lambda id, text, key: lambda memory: memory.update(id, text=text, key=key),
        IDS, TEXTS, KEYS,
    ),
    st.builds(
        lambda session, said: lambda memory: memory.session(session).extend([said]),
        SESSIONS, SAYINGS,
    ),
    st.builds(
        lambda session, title: lambda memory: memory.session(session).rename(title),
        SESSIONS, TEXTS,
    ),
    SESSIONS.map(lambda session: lambda memory: memory.session(session).clear()),
)  # fmt: skip


def exported(memory: Memory, form: str) -> bytes:
    out = io.BytesIO()
    FORMS[form](memory, out)
    return out.getvalue()


def entries(memory: Memory) -> list[Message | list[Item]]:
    """All of them, but for what is the store's own: revs, and places in a session."""
    return [
        replace(entry, rev=0, seq=0)
        if isinstance(entry, Message)
        else [replace(version.item, rev=0) for version in entry]
        for entry in recorded(memory)
    ]


def lived(memory: Memory, steps: list[Callable[[Memory], Any]]) -> None:
    for step in steps:
        with suppress(AmberfileError):  # such as a key that another item has
            step(memory)


@pytest.mark.parametrize("url", ["ram:", "sqlite"])
@each_form
@given(steps=st.lists(STEPS, max_size=10))
def test_a_random_store_comes_back_to_the_byte(
    url: str, form: str, steps: list[Callable[[Memory], Any]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = [url if url == "ram:" else folder / f"{side}.db" for side in ("a", "b")]
        with amberfile.open(places[0]) as before, amberfile.open(places[1]) as after:
            lived(before, steps)
            path = folder / f"export.{form}"
            path.write_bytes(exported(before, form))
            done = import_path(after, path)
            assert (done.known, done.skipped) == (0, 0)
            assert exported(after, form) == path.read_bytes()
            assert entries(after) == entries(before)
            assert doctor.faults(after) == []


@each_form
def test_a_second_import_adds_nothing(memory: Memory, tmp_path: Path, form: str) -> None:
    memory.remember("one", key="k")
    memory.session("s").append("user", "hello")
    path = tmp_path / f"export.{form}"
    path.write_bytes(exported(memory, form))
    assert import_path(memory, path) == Imported(known=2)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@each_form
def test_any_string_may_stand_anywhere(tmp_path: Path, form: str, text: str) -> None:
    name = text[:1_000] or "_"
    with amberfile.open("ram:") as before, amberfile.open("ram:") as after:
        before.remember(text, id=name, key=name, topics=[name], metadata={text: [text]})
        before.session(name).append(name, text, name=text, tool_calls=[{text: text}])
        before.session(name).rename(text)
        path = tmp_path / f"export.{form}"
        path.write_bytes(exported(before, form))
        import_path(after, path)
        assert exported(after, form) == path.read_bytes()
        assert after.get(name)[0].text == text


@each_form
def test_an_import_is_undone_as_a_whole(memory: Memory, tmp_path: Path, form: str) -> None:
    memory.remember("own", id="own")
    before = exported(memory, form)
    with amberfile.open("ram:") as other:
        other.remember("one", key="k")
        other.remember("one again", key="k")
        other.session("s").append("user", "hello")
        path = tmp_path / f"export.{form}"
        path.write_bytes(exported(other, form))
    done = import_path(memory, path)
    assert done.id is not None
    assert undo_import(memory, done.id).entries == 2
    assert exported(memory, form) == before
