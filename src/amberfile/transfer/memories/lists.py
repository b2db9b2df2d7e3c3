"""Lists of memories as text: what a chat program shows in its settings, copied into a file.

One memory a line. Marks of a list and a day in front are taken off, a heading
becomes the topic of what follows. Any text fits, so this format has to be named.
"""

from __future__ import annotations

import re
from typing import Final

from amberfile.checks import MAX_NAME, MAX_TEXT
from amberfile.replay import Replay
from amberfile.transfer import times
from amberfile.transfer.importer import Importer
from amberfile.transfer.remembered import remember
from amberfile.transfer.source import Source, derived_id

_MARK: Final = re.compile(r"(?:[-*+•‣–—]|\d{1,9}[.)])\s+")
_DAY: Final = re.compile(r"\[([^\[\]]{1,40})\]\s*[-–—:]\s*")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)[\s#]*")
_UNKNOWN: Final = re.compile(r"(date )?(unknown|not available|none)|n/?a|\?", re.IGNORECASE)
_EMPTY: Final = re.compile(r"[\W_]*")


def _take(replay: Replay, source: Source) -> None:
    topics: list[str] = []
    for number, line in enumerate(source.text(MAX_TEXT).split("\n"), start=1):
        plain = line.strip()
        if heading := _HEADING.fullmatch(plain):
            topics = [heading[1]] if 0 < len(heading[1]) <= MAX_NAME else []
        elif not _EMPTY.fullmatch(plain) and not plain.startswith("```"):
            with source.at(number):
                _remember(replay, plain, topics, source.name)


def _remember(replay: Replay, line: str, topics: list[str], origin: str) -> None:
    """One line. It has the same id in every file, so a list that grew adds only what is new."""
    text = _MARK.sub("", line, count=1) if _MARK.match(line) else line
    day = _DAY.match(text)
    created = times.read(day[1]) if day else None
    if day and (created or _UNKNOWN.fullmatch(day[1].strip())):
        text = text[day.end() :]
    if text:
        remember(
            replay,
            text,
            id=derived_id("list", text),
            origin=origin,
            topics=topics,
            created_at=created,
        )


IMPORTER = Importer("list", "memories as text, one a line", lambda _: False, _take)
