"""Zip archives and folders: what is taken, what is left out, and archives that lie."""

from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory, NotFound
from amberfile.transfer import Imported, import_path, stream

OPEN_FILES = Path("/proc/self/fd")

QUESTION = {"role": "user", "content": "hello"}
CHATGPT = {
    "title": "Trip",
    "conversation_id": "c1",
    "create_time": 1_741_000_000,
    "current_node": "a",
    "mapping": {
        "a": {
            "parent": None,
            "message": {
                "id": "m1",
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": ["Where to?"]},
            },
        }
    },
}
CLAUDE = {
    "uuid": "c2",
    "name": "A cat",
    "chat_messages": [{"uuid": "m2", "sender": "human", "text": "My cat won't eat."}],
}
MEMORIES = {"conversations_memory": "Ada has a cat.", "project_memories": {}}
BESIDE: dict[str, Any] = {
    "user.json": {"id": "user", "email": "ada@example.org", "chatgpt_plus_user": True},
    "users.json": [{"uuid": "u", "full_name": "Ada"}],
    "message_feedback.json": [{"id": "f", "conversation_id": "c1", "rating": "thumbs_up"}],
    "model_comparisons.json": [{"id": "x", "input": {}, "output": {}}],
    "shared_conversations.json": [{"id": "s", "conversation_id": "c1", "title": "Trip"}],
    "user_settings.json": {"type": "settings", "theme": "dark"},
    "chat.html": "<html></html>",
    "dalle-generations/image.webp": "\x00\x01",
    "nothing.json": [],
}
EXPORT: dict[str, Any] = {"conversations-000.json": [CHATGPT], "conversations-001.json": [CLAUDE]}
EXPORT |= {"memories.json": [MEMORIES], **BESIDE}


@pytest.fixture
def memory() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def zipped(files: dict[str, Any], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, value in files.items():
            archive.writestr(name, written(value))
    return out.getvalue()


def written(value: Any) -> bytes | str:
    return value if isinstance(value, bytes | str) else json.dumps(value)


def saved(folder: Path, data: bytes, name: str = "export.zip") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def spread(folder: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        told = written(value)
        path.write_bytes(told if isinstance(told, bytes) else told.encode())
    return folder


def sessions(memory: Memory) -> list[str]:
    return sorted(session.id for session in memory.sessions())


@pytest.mark.parametrize("folder", ["", "data-2026/"])
def test_an_export_is_taken_and_what_lies_beside_it_left_out(
    memory: Memory, tmp_path: Path, folder: str
) -> None:
    data = zipped({f"{folder}{name}": value for name, value in EXPORT.items()})
    path = saved(tmp_path, data)
    assert import_path(memory, path) == Imported(sessions=2, messages=2, items=1)
    assert sessions(memory) == ["c1", "c2"]
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["export.zip"]


def test_an_archive_and_the_folder_that_was_in_it_are_the_same(
    memory: Memory, tmp_path: Path
) -> None:
    files = {**EXPORT, "more/talk.json": [QUESTION]}
    import_path(memory, saved(tmp_path, zipped(files)))
    again = import_path(memory, spread(tmp_path / "unpacked", files))
    assert again == Imported(known=4)


def test_an_archive_below_a_folder_is_read(memory: Memory, tmp_path: Path) -> None:
    saved(tmp_path, zipped({"conversations.json": [CLAUDE]}), "b.zip")
    spread(tmp_path, {"a.json": [CHATGPT]})
    assert import_path(memory, tmp_path).messages == 2


def test_an_archive_of_another_name_is_known_by_its_first_bytes(
    memory: Memory, tmp_path: Path
) -> None:
    path = saved(tmp_path, zipped({"conversations.json": [CLAUDE]}), "download")
    assert import_path(memory, path).messages == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pictures/": ""},
        BESIDE | {"nothing.json": {}},
        {"inner.zip": zipped(EXPORT)},
        {"__MACOSX/conversations.json": [CLAUDE], ".hidden/conversations.json": [CLAUDE]},
    ],
    ids=["empty", "folder", "nothing known", "archive", "hidden"],
)
def test_an_archive_without_anything_to_import_is_refused(
    memory: Memory, tmp_path: Path, files: dict[str, Any]
) -> None:
    path = saved(tmp_path, zipped(files))
    with pytest.raises(InvalidInput, match=r"export\.zip .*nothing can be imported"):
        import_path(memory, path)


def test_names_are_only_names(memory: Memory, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["../../a.json", "/b.json", "C:\\c.json", "d\x1b[2J.json", "e" * 300 + ".json"]
    path = saved(folder, zipped({name: [CLAUDE | {"uuid": name}] for name in names}))
    before = sorted(tmp_path.rglob("*"))
    import_path(memory, path)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(sessions(memory)) == 5


def test_two_members_of_one_name_are_two(memory: Memory, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("conversations.json", json.dumps([CHATGPT]))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("conversations.json", json.dumps([CLAUDE]))
    import_path(memory, saved(tmp_path, out.getvalue()))
    assert sessions(memory) == ["c1", "c2"]


def test_progress_ends_at_the_size_of_what_is_read(memory: Memory, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = saved(tmp_path, zipped(EXPORT))
    import_path(memory, path, progress=lambda done, size: told.append((done, size)))
    size = sum(len(json.dumps(EXPORT[name])) for name in list(EXPORT)[:3])
    assert told[-1] == (size, size)
    assert told == sorted(told)


def test_damage_inside_is_told_with_the_member_and_the_line(memory: Memory, tmp_path: Path) -> None:
    path = saved(tmp_path, zipped({"conversations.json": f"[{json.dumps(CLAUDE)},\n 7]"}))
    with pytest.raises(InvalidInput, match=r"export\.zip, conversations\.json, line 2: .*1 mess"):
        import_path(memory, path)


@pytest.mark.parametrize("files", [{"conversations.json": "[{nonsense"}, {"a.jsonl": b"\xff\xfe"}])
@pytest.mark.parametrize("form", [zipped, None], ids=["archive", "folder"])
def test_json_that_cannot_be_read_is_not_left_out(
    memory: Memory, tmp_path: Path, files: dict[str, Any], form: Any
) -> None:
    path = saved(tmp_path, zipped(files)) if form else spread(tmp_path, files)
    with pytest.raises(InvalidInput, match="line 1"):
        import_path(memory, path)


def test_lists_in_lists_in_lists_are_left_out_or_refused(memory: Memory, tmp_path: Path) -> None:
    spread(tmp_path, {"deep.json": "[" * 400 + "{}" + "]" * 400})
    assert import_path(memory, tmp_path) == Imported()
    with pytest.raises(InvalidInput, match="line 1"):
        import_path(memory, tmp_path / "deep.json")


def encrypted() -> bytes:
    """The flag that says so, in both places where it stands."""
    data = bytearray(zipped({"conversations.json": [CLAUDE]}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def other_name() -> bytes:
    """A name that is marked as UTF-8 and is not."""
    data = bytearray(zipped({"\xfcbung.json": [CLAUDE]}))
    return bytes(data.replace("\xfcbung".encode(), b"\xff\xfebung"))


WRONG = {
    "truncated": zipped(EXPORT)[:-40],
    "half": zipped(EXPORT)[:300],
    "empty": b"",
    "text": b"hello",
    "encrypted": encrypted(),
    "a later packing": zipped({"conversations.json": [CLAUDE]}, zipfile.ZIP_LZMA),
    "another name": other_name(),
    "damaged": zipped({"a.json": [CLAUDE]}, zipfile.ZIP_STORED).replace(b"My cat", b"My dog"),
}


def test_an_encrypted_archive_is_said_to_be_so(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"is encrypted\. Unpack"):
        import_path(memory, saved(tmp_path, encrypted()))


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_an_archive_that_cannot_be_read_is_one_error(
    memory: Memory, tmp_path: Path, data: bytes
) -> None:
    with pytest.raises(InvalidInput, match=r"export\.zip"):
        import_path(memory, saved(tmp_path, data))


SOUND = zipped({"conversations.json": [CLAUDE] * 3, "b.json": [CHATGPT]})


@given(st.data())
def test_an_archive_with_any_damage_is_one_error_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = bytearray(SOUND)
    for place in data.draw(st.lists(st.integers(0, len(SOUND) - 1), min_size=1, max_size=4)):
        changed[place] = data.draw(st.integers(0, 255))
    path = saved(tmp_path_factory.getbasetemp(), bytes(changed))
    with amberfile.open("ram:") as memory:
        try:
            done = import_path(memory, path)
        except (InvalidInput, NotFound):
            return
        assert import_path(memory, path).known == done.messages + done.known


def test_a_bomb_is_refused_before_it_fills_the_memory(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LARGEST", 1 << 20)
    monkeypatch.setattr("amberfile.transfer.source.LARGEST", 1 << 20)
    huge = b" " * (32 << 20)
    for name, bomb in [("a.json", b'["' + huge), ("a.jsonl", b'{"a": "' + huge)]:
        path = saved(tmp_path, zipped({name: bomb}))
        assert path.stat().st_size < 1 << 20
        tracemalloc.start()
        try:
            with pytest.raises(InvalidInput, match="longer than 1048576"):
                import_path(memory, path)
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 10, 0xFFFFFF00])
def test_a_size_that_is_a_lie_is_refused_or_no_more_than_a_number(
    memory: Memory, tmp_path: Path, size: int
) -> None:
    data = bytearray(zipped({"conversations.json": [CLAUDE]}))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, size)
    path = saved(tmp_path, bytes(data))
    if size > len(json.dumps([CLAUDE])):
        assert import_path(memory, path).messages == 1
        return
    with pytest.raises(InvalidInput, match=r"export\.zip"):
        import_path(memory, path)


def test_a_folder_leaves_out_what_begins_with_a_dot_and_what_leads_elsewhere(
    memory: Memory, tmp_path: Path
) -> None:
    outside = spread(tmp_path / "outside", {"secret.json": [QUESTION]})
    names = [".git/a.json", ".obsidian/b.json", ".c.json", "d.json"]
    files = {name: [QUESTION | {"time": name}] for name in names}
    folder = spread(tmp_path / "folder", files)
    (folder / "secret.json").symlink_to(outside / "secret.json")
    (folder / "elsewhere").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    (folder / "nowhere.json").symlink_to(folder / "nowhere.json")
    assert import_path(memory, folder) == Imported(sessions=1, messages=1)
    assert sessions(memory) == ["d"]


def test_what_was_read_to_know_a_file_is_not_kept(memory: Memory, tmp_path: Path) -> None:
    text = [QUESTION | {"content": "x" * 100_000}]
    spread(tmp_path, {f"{number}.json": text for number in range(100)})
    kept: list[int] = []
    tracemalloc.start()
    try:
        import_path(
            memory, tmp_path, progress=lambda *_: kept.append(tracemalloc.get_traced_memory()[0])
        )
    finally:
        tracemalloc.stop()
    assert kept[0] < 3_000_000  # of 10 MB


def test_what_is_read_to_know_a_file_goes_before_the_next_is_read(
    memory: Memory, tmp_path: Path
) -> None:
    text = [QUESTION | {"content": "x" * 1_000_000}]
    spread(tmp_path, {f"{number}.json": text for number in range(20)})
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="nothing that looks like 'claude'"):
            import_path(memory, tmp_path, format="claude")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000  # of 20 MB
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux tells which files are open")
def test_a_folder_of_archives_opens_a_few_at_a_time(memory: Memory, tmp_path: Path) -> None:
    data = zipped({"a.json": [QUESTION], "b.json": [QUESTION]})
    for number in range(40):
        (tmp_path / f"{number}.zip").write_bytes(data)
    open_files: list[int] = []

    def note(*_: int) -> None:
        targets = (os.readlink(one) for one in OPEN_FILES.iterdir() if one.is_symlink())
        open_files.append(sum(target.endswith(".zip") for target in targets))

    assert import_path(memory, tmp_path, progress=note).messages == 80
    assert max(open_files) < 10
    note()
    assert open_files[-1] == 0


def test_a_folder_leaves_out_the_store_itself(tmp_path: Path) -> None:
    spread(tmp_path, {"a.json": [QUESTION]})
    with amberfile.open(tmp_path / "store.json") as memory:
        memory.remember("x")
        assert import_path(memory, tmp_path) == Imported(sessions=1, messages=1)


def test_a_folder_that_cannot_be_read_is_said_to_be_so(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Any) -> Any:
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NotFound, match="Permission denied"):
        import_path(memory, tmp_path)


def test_a_format_that_is_named_takes_only_its_own_of_a_folder(
    memory: Memory, tmp_path: Path
) -> None:
    spread(tmp_path, EXPORT)
    import_path(memory, tmp_path, format="claude")
    assert sessions(memory) == ["c2"]
    with pytest.raises(InvalidInput, match="nothing that looks like 'list'"):
        import_path(memory, tmp_path, format="list")
    with pytest.raises(InvalidInput, match="unknown; known: "):
        import_path(memory, tmp_path, format="nonsense")


def test_a_file_of_no_kind_is_refused_if_it_is_named(memory: Memory, tmp_path: Path) -> None:
    spread(tmp_path, BESIDE)
    for name in ("user.json", "chat.html"):
        with pytest.raises(InvalidInput, match=name):
            import_path(memory, tmp_path / name)
    assert import_path(memory, tmp_path) == Imported()
