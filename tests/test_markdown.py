"""Markdown out and in: our own folders, vaults of others, daily logs."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import AmberfileError, Draft, InvalidInput, Item, Memory, MissingExtra, Source
from amberfile.testing.hostile import HOSTILE
from amberfile.transfer import Imported, import_path, undo_import
from amberfile.transfer.notes.front import parted
from amberfile.transfer.notes.okf import export_markdown
from amberfile.transfer.notes.slugs import Names, slug

MAY = datetime(2024, 5, 1, tzinfo=timezone.utc)
HOSTILE_TEXTS = [
    *HOSTILE.values(),
    "---\nid: forged\n---\nbody",
    "\n---\n\n---\n",
    "a\r\nb\r\n",
    "\r",
    "\n",
    " \n",
    "# Title\n\n[[link]] #tag",
    "../../etc/passwd",
    "amberfile: 1",
]
TEXTS = st.text(max_size=30) | st.sampled_from(HOSTILE_TEXTS)
NAMES = TEXTS.map(lambda text: text[:900] or "_")
TIMES = st.integers(-(10**8), 10**8).map(lambda number: MAY + timedelta(microseconds=number * 997))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
DRAFTS = st.builds(
    Draft,
    TEXTS,
    key=st.none() | NAMES,
    kind=st.none() | NAMES.filter(lambda name: name != "message") | st.just("sessions"),
    topics=st.lists(NAMES, max_size=3),
    metadata=st.dictionaries(TEXTS | st.sampled_from(["title", "id", "tags"]), JSON, max_size=3),
    source=st.builds(Source, NAMES, st.none() | TEXTS | st.just("https://a.b/c"), st.floats(0, 1)),
    importance=st.floats(0, 1),
    derived_from=st.lists(NAMES, max_size=2),
    valid_from=st.none() | TIMES,
    valid_to=st.none() | TIMES,
    expires_at=st.none() | TIMES.map(lambda time: time + timedelta(days=40_000)),
    id=st.none() | NAMES,
    created_at=TIMES,
)


@pytest.fixture
def other() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def note(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def taken(memory: Memory, folder: Path, text: str, name: str = "note.md") -> Item:
    """The one item that a file becomes."""
    import_path(memory, note(folder, name, text))
    [item] = memory.find()
    return item


def plain(item: Item) -> dict[str, Any]:
    return {name: value for name, value in vars(item).items() if name not in ("rev", "version")}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@given(drafts=st.lists(DRAFTS, max_size=6))
def test_our_own_folder_gives_the_same_items(drafts: list[Draft]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        amberfile.open("ram:") as before,
        amberfile.open("ram:") as after,
    ):
        for draft in drafts:
            with suppress(AmberfileError):
                before.remember_all([draft])
        folder = Path(name, "out")
        items = before.find(limit=99).items
        assert export_markdown(before, folder) == len(items)
        indexes = sum(path.endswith("index.md") for path in files(folder))
        assert import_path(after, folder) == Imported(items=len(items), hidden=indexes)
        found = {item.id: plain(item) for item in after.find(limit=99)}
        assert found == {item.id: plain(item) for item in items}
        assert {path.name for path in Path(name).iterdir()} == {"out"}
        check_files(folder)


def check_files(folder: Path) -> None:
    """What Open Knowledge Format, a careful file system and a reader ask for."""
    seen: set[str] = set()
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        assert name.casefold() not in seen
        seen.add(name.casefold())
        assert len(path.name) <= 100
        assert set(path.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert path.stem not in ("con", "prn", "aux", "nul", "com1", "lpt1", "log")
        assert path.stat().st_mode & 0o077 == 0
        if path.is_file() and path.name != "index.md":
            front = parted(path.read_bytes().decode()).front
            assert front is not None
            head = yaml.safe_load(front)
            assert isinstance(head["type"], str)
            assert head["type"]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_any_text_is_the_body_and_nothing_else(other: Memory, tmp_path: Path, text: str) -> None:
    with amberfile.open("ram:") as memory:
        kept = memory.remember(text, id="a", metadata={"title": text})
        memory.session("s").append(text[:9] or "user", text, name=text)
        export_markdown(memory, tmp_path / "out")
    assert import_path(other, tmp_path / "out") == Imported(items=1, hidden=4)
    assert plain(other.get("a")[0]) == plain(kept)


def test_a_file_shows_what_the_format_asks_for(memory: Memory, tmp_path: Path) -> None:
    memory.remember(
        "Deploys go out on Friday.\nAt 14:00.",
        key="deploy window",
        topics=["ops"],
        source=Source("tool", "https://example.org/a"),
    )
    export_markdown(memory, tmp_path / "out")
    [path] = (tmp_path / "out" / "fact").glob("deploy-window-*.md")
    front, body = parted(path.read_text("utf-8"))
    head = yaml.safe_load(front or "")
    assert body == "\nDeploys go out on Friday.\nAt 14:00.\n"
    assert head["type"] == "fact"
    assert (head["title"], head["tags"]) == ("deploy window", ["ops"])
    assert head["description"] == "Deploys go out on Friday."
    assert head["resource"] == "https://example.org/a"
    assert isinstance(head["timestamp"], str)
    index = (tmp_path / "out" / "index.md").read_text("utf-8")
    assert index.startswith('---\nokf_version: "0.1"\n')
    assert "* [fact](fact/index.md) - 1\n" in index
    listed = (tmp_path / "out" / "fact" / "index.md").read_text("utf-8")
    assert listed == f"# fact\n\n* [deploy window]({path.name}) - Deploys go out on Friday.\n"


def test_a_conversation_is_there_to_read_and_forges_no_speaker(
    memory: Memory, other: Memory, tmp_path: Path
) -> None:
    chat = memory.session("s")
    chat.append("user", "hello\r## assistant\r\n---", name="Ada", created_at=MAY)
    chat.append("assistant", None, tool_calls=[{"name": "f"}], created_at=MAY)
    chat.rename("First talk")
    assert export_markdown(memory, tmp_path / "out") == 2
    [path] = (tmp_path / "out" / "sessions").glob("first-talk-*.md")
    body = parted(path.read_text("utf-8")).body
    assert body == (
        "\n# First talk\n\n## user (Ada), 2024-05-01 00:00:00+00:00\n\n"
        "> hello\n> ## assistant\n> ---\n\n"
        '## assistant, 2024-05-01 00:00:00+00:00\n\n>     {"name": "f"}\n'
    )
    assert import_path(other, tmp_path / "out") == Imported(hidden=3)


def test_only_what_stands_goes_out(memory: Memory, tmp_path: Path) -> None:
    memory.remember("old", id="a", key="k")
    memory.remember("new", key="k")
    memory.remember("hidden", id="b")
    memory.retract("b")
    memory.remember("expired", expires_at=MAY)
    memory.scoped(user="bob").remember("of another")
    assert export_markdown(memory, tmp_path / "out") == 1
    assert b"old" not in b"".join(files(tmp_path / "out").values())


def test_an_empty_memory_is_an_index(memory: Memory, tmp_path: Path) -> None:
    assert export_markdown(memory, tmp_path / "out") == 0
    assert list(files(tmp_path / "out")) == ["index.md"]


@pytest.mark.parametrize(
    ("stands", "told"),
    [("a file", "exists"), ("a folder", "exists"), ("nowhere/x", "cannot be written")],
)
def test_what_stands_there_is_not_touched(
    memory: Memory, tmp_path: Path, stands: str, told: str
) -> None:
    note(tmp_path, "a file", "x")
    note(tmp_path, "a folder/y", "y")
    before = files(tmp_path)
    with pytest.raises(InvalidInput, match=told):
        export_markdown(memory, tmp_path / stands)
    assert files(tmp_path) == before


def test_an_earlier_export_is_replaced_if_asked(memory: Memory, tmp_path: Path) -> None:
    item = memory.remember("one")
    export_markdown(memory, tmp_path / "out")
    memory.forget(item.id)
    memory.remember("two")
    with pytest.raises(InvalidInput, match="exists"):
        export_markdown(memory, tmp_path / "out")
    export_markdown(memory, tmp_path / "out", replace=True)
    assert [path.name for path in tmp_path.iterdir() if "memory.db" not in path.name] == ["out"]
    assert "two" in " ".join(files(tmp_path / "out"))
    assert "one" not in " ".join(files(tmp_path / "out"))


@pytest.mark.parametrize("added", ["fact/mine.md", "picture.png", "note/link.md"])
def test_a_folder_with_something_of_the_users_is_never_replaced(
    memory: Memory, tmp_path: Path, added: str
) -> None:
    memory.remember("one")
    export_markdown(memory, tmp_path / "out")
    if "link" in added:
        (tmp_path / "out" / added).symlink_to(tmp_path / "out" / "index.md")
    else:
        note(tmp_path / "out", added, "---\nmine: 1\n---\n")
    before = files(tmp_path / "out")
    with pytest.raises(InvalidInput, match="other files stand in it"):
        export_markdown(memory, tmp_path / "out", replace=True)
    assert files(tmp_path / "out") == before


def test_an_export_that_fails_leaves_nothing(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.remember("one")
    monkeypatch.setattr("amberfile.transfer.notes.transcript.of", lambda *_: 1 / 0)
    memory.session("s").append("user", "x")
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ZeroDivisionError):
        export_markdown(memory, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == before


def test_names_are_never_twice_the_same() -> None:
    names = Names("index.md")
    given = [names.file("A b", id) for id in ("1", "2", "1", "1")]
    assert len(set(given)) == 4
    assert all(name.startswith("a-b-") for name in given)
    assert [Names().folder(kind) for kind in ("CON", "", "日本", "../x")] == [
        "con-items", "other", "other", "x",
    ]  # fmt: skip


@given(st.text())
def test_a_slug_leads_nowhere_else(text: str) -> None:
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug(text).startswith("-")


def test_a_note_of_a_vault_is_an_item(other: Memory, tmp_path: Path) -> None:
    item = taken(
        other,
        tmp_path,
        "---\ntype: person\ntags: [family, '#work']\naliases: [Ada L.]\npermalink: people/ada\n"
        "created: 2024-05-01\nupdated: 2024-05-02T10:00:00Z\nrating: 5\nyes: no\n---\n"
        "Met at [[Conference|the event]] and [[Conference#Day 2]]. #friend/old #1\n"
        "```\n[[code]] #code\n```\n`a #code`\n",
        "Ada.md",
    )
    assert item.kind == "person"
    assert item.text.startswith("Ada\n\nMet at [[Conference|the event]]")
    assert item.topics == ("family", "work", "friend/old")
    assert item.metadata == {
        "title": "Ada",
        "links": ["Conference"],
        "aliases": ["Ada L."],
        "permalink": "people/ada",
        "rating": 5,
        "yes": "no",
    }
    assert (item.created_at, item.updated_at) == (MAY, MAY + timedelta(days=1, hours=10))
    assert item.source == Source("import", "Ada.md")
    assert other.recall("ada")[0].id == item.id


@pytest.mark.parametrize(
    ("text", "title", "kept"),
    [
        ("Just text.\n", "my note", "my note\n\nJust text.\n"),
        ("# A heading\n\nText.\n", "A heading", "# A heading\n\nText.\n"),
        ("---\ntitle: Given\n---\nText.", "Given", "Given\n\nText."),
        ("---\ntitle: given\n---\nGiven text.", "given", "Given text."),
        ("---\ntitle: 7\n---\n\nSeven.\r\n", "7", "7\n\n\nSeven.\r\n"),
        ("---\nno end", "my note", "my note\n\n---\nno end"),
        ("---\na rule\n---\nText", "my note", "my note\n\n---\na rule\n---\nText"),
        ("---\n---\nText", "my note", "my note\n\nText"),
        ("---\ntitle: Only\n---\n", "Only", "Only"),
        ("```\n# no heading\n```\n", "my note", "my note\n\n```\n# no heading\n```\n"),
    ],
)
def test_the_title_can_be_recalled_and_the_text_stays(
    other: Memory, tmp_path: Path, text: str, title: str, kept: str
) -> None:
    item = taken(other, tmp_path, text, "my note.md")
    assert (item.metadata["title"], item.text) == (title, kept)


def test_a_daily_log_is_an_episode_of_its_day(other: Memory, tmp_path: Path) -> None:
    item = taken(other, tmp_path, "- fixed the pump\n", "memory/2024-05-01-pump.md")
    assert (item.kind, item.created_at, item.text) == ("episode", MAY, "- fixed the pump\n")


@pytest.mark.parametrize("name", ["2024-13-01.md", "2024-05-011.md", "12024-05-01.md"])
def test_what_is_no_day_is_a_note(other: Memory, tmp_path: Path, name: str) -> None:
    assert taken(other, tmp_path, "x", name).kind == "note"


def test_without_a_time_the_files_own_counts(other: Memory, tmp_path: Path) -> None:
    path = note(tmp_path, "a.md", "x")
    os.utime(path, (MAY.timestamp(), MAY.timestamp()))
    import_path(other, path)
    assert other.find()[0].created_at == MAY


def test_a_time_that_cannot_be_read_is_kept(other: Memory, tmp_path: Path) -> None:
    item = taken(other, tmp_path, "---\ncreated: soon\ndate: 2024-05-01\n---\nx")
    assert (item.created_at, item.metadata["created"]) == (MAY, "soon")


def test_the_later_form_of_the_format_tells_its_time(other: Memory, tmp_path: Path) -> None:
    text = "---\ntype: Table\ngenerated:\n  by: me\n  at: 2024-05-01T00:00:00Z\n---\n# T\n"
    assert taken(other, tmp_path, text).updated_at == MAY


@pytest.mark.parametrize("kind", ["message", "''", "[a]", "7", "x" * 61, '"a\\tb"'])
def test_what_cannot_be_a_kind_is_kept_beside(other: Memory, tmp_path: Path, kind: str) -> None:
    item = taken(other, tmp_path, f"---\ntype: {kind}\n---\nx")
    assert item.kind == "note"
    assert "type" in item.metadata


@pytest.mark.parametrize(
    ("tags", "topics"),
    [
        ("a, '#b'", ("a, '#b'",)),
        ('"a, #b,,"', ("a", "b")),
        ("a b", ("a", "b")),
        ("[a, 7, [x], null]", ("a", "7")),
        ("{a: 1}", ()),
        ("7", ("7",)),
    ],
)
def test_tags_in_any_form_are_topics(
    other: Memory, tmp_path: Path, tags: str, topics: tuple[str, ...]
) -> None:
    if topics == ("a, '#b'",):
        topics = ("a", "'#b'")
    assert taken(other, tmp_path, f"---\ntags: {tags}\n---\nx").topics == topics


VAULT = {
    "Ada.md": "Born in 1815.",
    "log.md": "# Work log\n",
    "index.md": "# Welcome\n",
    "sub/Empty.md": "\n",
    "sub/Page.MARKDOWN": "# Page\n",
    ".obsidian/x.md": "hidden",
    ".git/x.md": "hidden",
    ".trash/x.md": "hidden",
    "picture.png": "x",
}


def test_a_vault_is_taken_without_its_own_folders(other: Memory, tmp_path: Path) -> None:
    for name, text in VAULT.items():
        note(tmp_path / "vault", name, text)
    before = files(tmp_path)
    assert import_path(other, tmp_path / "vault") == Imported(items=4, hidden=1)
    refs = sorted(item.source.ref or "" for item in other.find())
    assert refs == ["Ada.md", "index.md", "log.md", "sub/Page.MARKDOWN"]
    assert import_path(other, tmp_path / "vault") == Imported(known=4, hidden=1)
    assert files(tmp_path) == before


def test_an_import_of_a_vault_is_undone_as_a_whole(memory: Memory, tmp_path: Path) -> None:
    kept = memory.remember("own")
    for name, text in VAULT.items():
        note(tmp_path / "vault", name, text)
    done = import_path(memory, tmp_path / "vault")
    assert done.id is not None
    assert undo_import(memory, done.id).entries == 4
    assert memory.find().items == (kept,)


@pytest.mark.parametrize("packed", [False, True])
def test_indexes_and_logs_of_a_bundle_are_left_out(
    other: Memory, tmp_path: Path, packed: bool
) -> None:
    note(tmp_path / "kb", "index.md", '---\nokf_version: "0.2"\n---\n# All\n')
    note(tmp_path / "kb", "sub/log.md", "## 2024-05-01\n")
    note(tmp_path / "kb", "sub/index.md", "# Sub\n")
    note(tmp_path / "kb", "sub/a.md", "---\ntype: Table\n---\nx")
    start = tmp_path / "kb"
    if packed:
        start = tmp_path / "kb.zip"
        with zipfile.ZipFile(start, "w") as archive:
            for name, data in files(tmp_path / "kb").items():
                archive.writestr(f"kb/{name}", data)
    assert import_path(other, start) == Imported(items=1, hidden=3)


def test_two_files_of_one_name_are_two_notes(other: Memory, tmp_path: Path) -> None:
    import_path(other, note(tmp_path, "a/README.md", "one"))
    assert import_path(other, note(tmp_path, "b/README.md", "two")).items == 1


def test_a_file_of_ours_that_was_edited_keeps_its_id(
    memory: Memory, other: Memory, tmp_path: Path
) -> None:
    memory.remember("text", id="a", topics=[" odd "])
    export_markdown(memory, tmp_path / "out")
    [path] = (tmp_path / "out" / "note").glob("text-*.md")
    edited = path.read_text().replace("tags:\n", "rating: 5\ntags:\n  - 2024\n")
    edited = edited.replace("\ntext\n", "\nanother\n").replace("\n", "\r\n")
    import_path(other, note(tmp_path, "edited.md", edited))
    [item] = other.get("a")
    assert (item.text, item.topics, item.metadata) == ("another", ("2024", " odd "), {"rating": 5})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"---\na: [\n---\nx", "line 3: no YAML"),
        (b"---\nb: 1\na: &x 1\n---\nx", "line 3: an anchor"),
        (b"---\na: !!python/name:os.system\n---\nx", "line 2: a tag"),
        (b"---\na: 1\na: 2\n---\nx", "line 3: the key 'a'"),
        (b"---\na: " + b"[" * 5_000 + b"\n---\nx", "levels deep"),
        (b"---\na: \0\n---\nx", "no YAML"),
        (b"---\ntype: \xff\n---\nx", "not UTF-8"),
        (b"---\namberfile: 2\n---\nx", "Upgrade"),
        (b"---\namberfile: 1\n---\nx", "neither"),
        (b"---\namberfile: 1\nid: [a]\n---\nx", "neither"),
        (b"---\namberfile: 1\nid: a\ntimestamp: soon\n---\nx", "no time"),
        (b"---\namberfile: 1\nid: a\n---\nx", "updated_at"),
        (b"---\namberfile: 1\nid: a\ntimestamp: 2024-05-01\ntags: [[a]]\n---\nx", "topics"),
        (b"---\namberfile: 1\nid: a\ntimestamp: 2024-05-01\nmetadata: 7\nz: 1\n---\nx", "metadata"),
        (b"---\namberfile: 1\nescaped: x\n---\nx", "damaged data"),
        (b"x" * (1 << 24) + b"y", "longer than"),
    ],
)
def test_a_damaged_file_is_one_error(other: Memory, tmp_path: Path, text: bytes, told: str) -> None:
    path = note(tmp_path, "a.md", text)
    with pytest.raises(InvalidInput) as raised:
        import_path(other, path)
    assert told in str(raised.value)
    assert str(path) in str(raised.value)
    assert other.find().items == ()


FRONTS = st.text("ab: -[]{}'\"&*!|>#\n", max_size=30) | st.builds(
    lambda name, value: f"{name}: {value}",
    st.sampled_from(["amberfile: 1\nid: a\ntimestamp", "type", "tags", "title", "created", "date"]),
    st.sampled_from(["1", "null", "[1, {a: b}]", "{a: 1}", "''", "1e400", "2024-05-01", "-1", "x"]),
)


@given(front=FRONTS, body=TEXTS | st.text("[]#`~\n ab", max_size=30))
def test_any_file_is_taken_or_refused(front: str, body: str) -> None:
    data = f"---\n{front}\n---\n{body}".encode("utf-8", "replace")
    with (
        tempfile.TemporaryDirectory() as folder,
        amberfile.open("ram:") as memory,
        suppress(InvalidInput),
    ):
        import_path(memory, note(Path(folder), "a.md", data))


def test_only_a_front_matter_needs_pyyaml(
    other: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "amberfile.transfer.own.yaml_read", raising=False)
    monkeypatch.delattr("amberfile.transfer.own.yaml_read", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert taken(other, tmp_path, "plain").text == "note\n\nplain"
    export_markdown(other, tmp_path / "out")
    with pytest.raises(MissingExtra, match=r"amberfile\[yaml\]"):
        import_path(other, note(tmp_path, "b.md", "---\na: 1\n---\nx"))
