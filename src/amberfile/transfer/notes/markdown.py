"""Markdown files: notes of any vault, daily logs, and what `export_markdown` wrote.

A file is one item. What its front matter says and has no field here is kept
in the metadata, and so are the pages that it links to. The indexes, logs and
transcripts of an Open Knowledge Format bundle are left out: they tell of
other files, or are there to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import Any

from amberfile.checks import MAX_NAME
from amberfile.errors import AmberfileError
from amberfile.replay import Replay
from amberfile.transfer import times
from amberfile.transfer.fields import time_in
from amberfile.transfer.importer import Importer
from amberfile.transfer.notes import front
from amberfile.transfer.notes.okf import INDEX, LOG, RENAMED
from amberfile.transfer.own import records
from amberfile.transfer.remembered import remember
from amberfile.transfer.source import Source, derived_id
from amberfile.types import MESSAGE

SUFFIXES = (".md", ".markdown")

LARGEST = 1 << 24
"""Bytes of one file."""

_CREATED = ("created", "created_at", "date", "date created")
_UPDATED = ("timestamp", "updated", "updated_at", "modified", "last_modified", "date modified")
_OF_BUNDLE = re.compile(r"^okf_version:", re.MULTILINE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"#[ \t]+(.*?)[ \t#]*")
_TAG = re.compile(r"(?:^|(?<=[\s(]))#([\w/-]+)", re.MULTILINE)
_LINK = re.compile(r"\[\[([^\[\]\n|#^]{1,1000})")
_LONGEST_KIND = 60


def _take(replay: Replay, source: Source) -> None:
    """Import one file.

    Raises:
        MissingExtra: it has a front matter, and PyYAML is not installed.
    """
    text = source.text(LARGEST)
    if _is_of_bundle(source):
        replay.hide()
        return
    head, body = front.read(source, text)
    with source.at(1):
        if head is not None and records.MARK in head:
            _take_ours(replay, head, body)
        elif head or body.strip():
            _take_note(replay, source, head or {}, body)
        else:
            replay.hide()  # an empty page


def _take_ours(replay: Replay, head: Mapping[str, Any], body: str) -> None:
    records.check_header(head)
    if "session" in head:
        replay.hide()
    elif "escaped" in head:
        records.take(replay, records.unescaped(head["escaped"]))
    else:
        records.take(replay, _record_of(head, body))


def _record_of(head: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The record that the exporter had; what others wrote into it is added to the metadata."""
    record: dict[str, Any] = {"type": "item", "change": "created", "text": _unframed(body)}
    record |= {name: head[told] for name, told in RENAMED.items() if told in head}
    record |= {name: head[name] for name in _OWN if name in head}
    match record.get("topics"):
        case str(names):
            record["topics"] = _tags(names)
        case list(names):  # exactly, but for numbers that somebody added
            record["topics"] = [str(one) if _is_plain(one) else one for one in names]
    for name in records.TIMES & record.keys():
        if (time := times.read(record[name])) is not None:
            record[name] = time.isoformat()
    record["id"] = head.get("id")
    known = {*_SHOWN, *RENAMED.values(), *_OWN}
    added = {name: value for name, value in head.items() if name not in known}
    if added and isinstance(given := record.get("metadata", {}), Mapping):
        record["metadata"] = added | dict(given)
    return record


_SHOWN = ("title", "description", "resource", "id", records.MARK)
_OWN = [name for name in records.DRAFTED if name not in ("text", *RENAMED)]


def _unframed(body: str) -> str:
    """Without the line break that the exporter sets before and after a text."""
    for mark in ("\r\n", "\n"):
        if body.startswith(mark):
            return body[len(mark) :].removesuffix(mark)
    return body.removesuffix("\n")


def _take_note(replay: Replay, source: Source, head: Mapping[str, Any], body: str) -> None:
    rest = dict(head)
    kind, day = _kind(rest.pop("type", None)), _day(source)
    if kind is None and "type" in head:
        rest["type"] = head["type"]
    prose = _prose(body)
    title = _title(rest.pop("title", None), source, prose)
    topics = _tags(rest.pop("tags", [])) + [tag for tag in _TAG.findall(prose) if _is_tag(tag)]
    links = list(dict.fromkeys(link.strip() for link in _LINK.findall(prose)))
    shown = day is not None or title.casefold() in body.casefold()
    remember(
        replay,
        body if shown else f"{title}\n\n{body}".rstrip("\n") + "\n" * body.endswith("\n"),
        id=derived_id("markdown", source.name, title, body),
        origin=source.name,
        kind=kind or ("note" if day is None else "episode"),
        topics=list(dict.fromkeys(topics)),
        metadata={"title": title} | ({"links": links} if links else {}) | _kept(rest),
        created_at=time_in(head, _CREATED) or day or _changed(source),
        updated_at=time_in(head, _UPDATED) or time_in(head.get("generated"), ("at",)),
    )


def _kept(rest: Mapping[str, Any]) -> dict[str, Any]:
    """What the item's own times do not tell already."""
    told = {*_CREATED, *_UPDATED}
    return {
        name: value for name, value in rest.items() if name not in told or times.read(value) is None
    }


def _kind(value: Any) -> str | None:
    fits = isinstance(value, str) and value.isprintable() and value.strip() not in ("", MESSAGE)
    return value.strip() if fits and len(value) <= _LONGEST_KIND else None


def _day(source: Source) -> datetime | None:
    """The day that a daily log is called by."""
    found = _DAY.match(PurePosixPath(source.stem).name)
    return times.read(found[0]) if found else None


def _title(value: Any, source: Source, prose: str) -> str:
    """As the file says, else its first heading, else its name."""
    if isinstance(value, str | int | float) and str(value).strip():
        return str(value).strip()
    headings = (_HEADING.fullmatch(line) for line in prose.splitlines())
    heading = next((found[1] for found in headings if found and found[1]), None)
    return heading or PurePosixPath(source.stem).name


def _tags(value: Any) -> list[str]:
    """A list, or names between commas or blanks; without their "#"."""
    if isinstance(value, str):
        value = value.split("," if "," in value else None)
    if not isinstance(value, list):
        value = [value]
    plain = [str(one).strip().removeprefix("#") for one in value if _is_plain(one)]
    return [tag for tag in plain if 0 < len(tag) <= MAX_NAME]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_tag(text: str) -> bool:
    """A number is none: "#1" is an issue."""
    return len(text) <= MAX_NAME and not text.replace("/", "").replace("-", "").isdecimal()


def _prose(body: str) -> str:
    """The body without its code."""
    return _CODE.sub("", "\n".join(_lines_of_prose(body)))


def _lines_of_prose(body: str) -> Iterator[str]:
    fence = ""
    for line in body.splitlines():
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence:
            yield line


def _changed(source: Source) -> datetime | None:
    """When the file was last written."""
    if source.member:
        with suppress(ValueError):
            return datetime(*source.member.info.date_time, tzinfo=timezone.utc)
        return None
    with suppress(OSError):
        return times.read(source.path.stat().st_mtime)
    return None


def _is_of_bundle(source: Source) -> bool:
    """Whether it is an index or a log, and one of the indexes above says what bundle it is."""
    name = PurePosixPath(source.name)
    if name.name not in (INDEX, LOG):
        return False
    return any(_is_bundle(source, depth) for depth in range(len(name.parts)))


def _is_bundle(source: Source, depth: int) -> bool:
    with suppress(AmberfileError, IndexError):
        head = _index_above(source, depth).head.decode("utf-8", "replace")
        return bool(_OF_BUNDLE.search(front.parted(head).front or ""))
    return False


def _index_above(source: Source, depth: int) -> Source:
    """The index `depth` folders above the one that the source stands in."""
    if source.member:
        name = PurePosixPath(source.member.name).parents[depth] / INDEX
        return replace(source, member=source.member.beside(str(name)))
    return replace(source, path=source.path.parents[depth] / INDEX)


IMPORTER = Importer(
    "markdown",
    "Markdown notes: a vault, daily logs, `amberfile export --format markdown`",
    lambda source: source.suffix in SUFFIXES,
    _take,
)
