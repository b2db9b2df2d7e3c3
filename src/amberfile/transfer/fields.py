"""What a field of another program's JSON holds, if it is what is asked for; nothing raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from amberfile.checks import MAX_NAME
from amberfile.transfer import times

TIMES = ("created_at", "createdAt", "timestamp", "time", "date", "create_time", "created")


def named(value: Any) -> str | None:
    """A name of 1 to `MAX_NAME` characters; a whole number is its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    fits = isinstance(value, str) and 0 < len(value) <= MAX_NAME
    return value if fits else None


def name_in(record: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first name that stands under one of `keys`."""
    return next(filter(None, (named(record.get(key)) for key in keys)), None)


def text_in(record: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first text that stands under one of `keys`; it may be empty."""
    return next((record[key] for key in keys if isinstance(record.get(key), str)), None)


def time_in(record: Any, keys: Sequence[str] = TIMES) -> datetime | None:
    """The first time that can be read under one of `keys`; None if `record` is no object."""
    if not isinstance(record, Mapping):
        return None
    return next(filter(None, (times.read(record.get(key)) for key in keys)), None)


def told_in(content: Any) -> str | None:
    """A message's text, or the texts of its blocks, one a line; None if there are none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [text for block in content if (text := _block(block)) is not None]
    return "\n".join(texts) if texts else None


def objects(value: Any) -> list[dict[str, Any]] | None:
    """A list of objects; None if it is anything else, or empty."""
    fits = isinstance(value, list) and all(isinstance(one, dict) for one in value)
    return value if fits and value else None


def _block(block: Any) -> str | None:
    if isinstance(block, str):
        return block
    if not isinstance(block, dict) or "text" not in str(block.get("type", "text"))[:100]:
        return None
    text = block.get("text")
    return text if isinstance(text, str) else None
