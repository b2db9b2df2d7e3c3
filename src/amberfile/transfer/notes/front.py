"""The front matter of a Markdown file: YAML between two lines `---` at its very beginning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from amberfile.transfer.own.yaml_write import block
from amberfile.transfer.source import Source
from amberfile.transfer.stream import Damage

_BEGIN = re.compile(r"---[ \t]*\r?\n")
_END = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


class Parted(NamedTuple):
    """A file in two: the text of its front matter, None if it has none, and the rest."""

    front: str | None
    body: str


def parted(text: str) -> Parted:
    """A first line `---` without another one is a rule, and part of the body.

    >>> parted("---\\na: 1\\n---\\nb")
    Parted(front='a: 1\\n', body='b')
    >>> parted("---\\nb")
    Parted(front=None, body='---\\nb')
    """
    begin = _BEGIN.match(text)
    end = begin and _END.search(text, begin.end())
    if not begin or not end:
        return Parted(None, text)
    return Parted(text[begin.end() : end.start()], text[end.end() :])


def read(source: Source, text: str) -> tuple[Mapping[str, Any] | None, str]:
    """The front matter and the body. What stands between the lines and is no object is body.

    Raises:
        InvalidInput: the front matter is no YAML that is read here.
        MissingExtra: there is one, and PyYAML is not installed.
    """
    front, body = parted(text)
    if front is None:
        return None, text
    from amberfile.transfer.own.yaml_read import value  # the package is optional

    try:
        found = value(front)
    except Damage as damage:
        why = f"{damage.why} Mend the front matter and import again."
        raise source.damaged(damage.line + 1, why) from None
    if found is None:
        return {}, body
    return (found, body) if isinstance(found, dict) else (None, text)


def written(front: Mapping[str, Any], body: str) -> str:
    """A file with this front matter. Nothing in either can end it earlier or later."""
    return f"---\n{block(front)}---\n{body}"
