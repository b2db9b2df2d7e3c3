"""A memory as a folder of Markdown files for people: Open Knowledge Format, Obsidian.

    index.md                     what is there
    <kind>/<words>-<mark>.md     one item: front matter, then its text as it is
    sessions/<words>-<mark>.md   one conversation, to read

The front matter holds `type`, `title`, `tags` and `timestamp`, as the format
asks, and the item's other fields under our own names: the importer of
`markdown.py` makes the same item of it. What it leaves out: history, and what
is hidden or expired; JSONL and YAML hold these.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from amberfile import checks
from amberfile.errors import InvalidInput
from amberfile.items import stands
from amberfile.memory import Memory
from amberfile.replay import recorded
from amberfile.transfer.notes import transcript
from amberfile.transfer.notes.front import parted, written
from amberfile.transfer.notes.slugs import Names
from amberfile.transfer.own import records
from amberfile.types import Item, Message, Version

INDEX, LOG, SESSIONS = "index.md", "log.md", "sessions"

VERSION = "0.1"
"""Of the Open Knowledge Format."""

RENAMED = {"kind": "type", "topics": "tags", "updated_at": "timestamp", "created_at": "created"}
"""Fields of a record that have another name in a front matter."""

_LEFT_OUT = ("type", "text", "change", "state", "version", "reason")
_LONGEST_TITLE = 80
_LEADING = re.compile(r"\A[\s#>*+-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


class _Entry(NamedTuple):
    """A line of an index."""

    title: str
    file: str
    told: str


def export_markdown(
    memory: Memory, folder: str | os.PathLike[str], *, replace: bool = False
) -> int:
    """Write the current items and the conversations of the memory's own scope.

    The folder is whole when it appears, and only its owner can read it. Gives
    the number of entries.

    Args:
        replace: an earlier export may stand there; it goes, with what was
            changed in it. A folder in which anything else stands is refused.

    Raises:
        InvalidInput: something stands there, or it cannot be written.
    """
    target = Path(checks.path("folder", folder))
    with _appearing(target, replace) as made:
        return _written_to(made, memory)


def title_of(text: str, id: str) -> str:
    """The first words; the id where there are none."""
    words = " ".join(_LEADING.sub("", text[:1_000]).split("\n", 1)[0].split())
    shown = "".join(char for char in words if char.isprintable())
    if len(shown) > _LONGEST_TITLE:
        shown = shown[: _LONGEST_TITLE - 1].rpartition(" ")[0] or shown[: _LONGEST_TITLE - 1]
        shown += "…"
    return shown or id


def _written_to(folder: Path, memory: Memory) -> int:
    kinds, names = Names(SESSIONS), Names(INDEX, LOG)
    indexes: dict[str, list[_Entry]] = {}
    count = 0
    for entry in recorded(memory):
        count += isinstance(entry, Message)
        if not isinstance(entry, Message) and stands(entry[-1].item, memory._shared.now()):
            item = entry[-1].item
            place = kinds.folder(item.kind)
            file = names.file(item.key or title_of(item.text, ""), item.id)
            title, told = _named(item)
            _write(folder / place / file, _of_item(item, title, told))
            indexes.setdefault(place, []).append(_Entry(title, file, told))
            count += 1
    for session in memory.sessions():
        if session.messages:
            title = session.title or session.id
            file = names.file(title, session.id)
            text = transcript.of(session, memory.session(session.id).messages())
            _write(folder / SESSIONS / file, text)
            told = f"{session.messages} messages"
            indexes.setdefault(SESSIONS, []).append(_Entry(title_of(title, ""), file, told))
    _write_indexes(folder, memory, indexes)
    return count


def _named(item: Item) -> tuple[str, str]:
    """An item's title and, where that is its key, what it says in a line."""
    first = title_of(item.text, item.id)
    return (title_of(item.key, item.id), first) if item.key else (first, "")


def _of_item(item: Item, title: str, told: str) -> str:
    record = records.of_item([Version(item, "created")])
    fields = {name: value for name, value in record.items() if name not in _LEFT_OUT}
    front: dict[str, Any] = {"type": item.kind, "title": title, "description": told}
    front |= {"tags": fields.pop("topics", None), "timestamp": fields.pop("updated_at")}
    front |= {"resource": _address(item), records.MARK: records.FORMAT, "id": fields.pop("id")}
    front |= {RENAMED.get(name, name): value for name, value in fields.items() if name != "kind"}
    file = written(_without_nothing(front), f"\n{item.text}\n")
    if not _SURROGATE.search(file):
        return file
    shown = {name: front[name] for name in ("type", "title", "tags", "timestamp", records.MARK)}
    shown["escaped"] = records.escaped(record)
    return _SURROGATE.sub("\ufffd", written(_without_nothing(shown), f"\n{item.text}\n"))


def _address(item: Item) -> str | None:
    ref = item.source.ref
    return ref if ref and re.fullmatch(r"https?://[!-~]+", ref) else None


def _without_nothing(front: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in front.items() if value not in (None, "", [])}


def _write_indexes(folder: Path, memory: Memory, indexes: Mapping[str, list[_Entry]]) -> None:
    for place, entries in indexes.items():
        _write(folder / place / INDEX, _listed(place, sorted(entries)))
    places = [_Entry(place, f"{place}/{INDEX}", str(len(indexes[place]))) for place in indexes]
    head = {"okf_version": VERSION, records.MARK: records.FORMAT}
    _write(folder / INDEX, written(head, _listed(f"Memory of {memory.scope}", sorted(places))))


def _listed(title: str, entries: list[_Entry]) -> str:
    lines = [f"# {_plain(title)}", ""]
    for entry in entries:
        told = f" - {_plain(entry.told)}" if entry.told else ""
        lines.append(f"* [{_plain(entry.title) or entry.file}]({entry.file}){told}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """On one line, and without a meaning of its own in Markdown."""
    return _MARKUP.sub(r"\\\1", "".join(char for char in text if char.isprintable()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        out.write(text.encode())


@contextmanager
def _appearing(target: Path, replace: bool) -> Iterator[Path]:
    """A new private folder that takes its name when it is whole."""
    if os.path.lexists(target) and not (replace and _is_ours(target)):
        told = (
            "is no export by amberfile, or other files stand in it. Give another path."
            if replace
            else "exists. Give another path."
        )
        raise InvalidInput(f"{target} {told}")
    try:
        whole = Path(os.path.abspath(target))
        made = Path(tempfile.mkdtemp(prefix=f".{whole.name}.", dir=whole.parent))
        try:
            (made / "new").mkdir(mode=0o700)
            yield made / "new"
            _swap(made, whole)
        finally:
            shutil.rmtree(made)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidInput(f"{target} cannot be written ({why}). Give another path.") from error


def _swap(made: Path, target: Path) -> None:
    """Put the new folder where the old one is, if one is."""
    old = made / "old"
    stood = os.path.lexists(target)
    if stood:
        target.rename(old)
    try:
        (made / "new").rename(target)
    except OSError:
        if stood:
            old.rename(target)
        raise


def _is_ours(folder: Path) -> bool:
    """Whether it is an earlier export, and every file in it is of that."""
    if folder.is_symlink() or not folder.is_dir() or not _has_mark(folder / INDEX):
        return False
    files = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    return all(path.name == INDEX or (path.suffix == ".md" and _has_mark(path)) for path in files)


def _has_mark(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    front = parted(path.read_bytes().decode("utf-8", "replace")).front
    return front is not None and f"\n{records.MARK}: {records.FORMAT}\n" in f"\n{front}"
