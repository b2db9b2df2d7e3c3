"""JSON values as YAML that people can read, the same bytes on every machine.

Block style; a text of several lines is a literal block where YAML holds it
exactly, else a string in quotes. What another reader could take for a number,
a time or a truth value is in quotes too. It needs no package: PyYAML's own
writers differ in what they escape, and one of them is slow.

>>> print(block({"id": "7", "text": "one\\n two", "topics": ["ops"], "size": 1e-7}), end="")
id: "7"
text: |-
  one
   two
topics:
  - ops
size: 1.0e-07
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEP = 2
_LONGEST_KEY = 1_000
"""Characters: the readers look no farther than 1,024 for the end of a key without a mark."""

_PLAIN = re.compile(r"[^\W\d_](?:[\w .,;/()'+=!?@%&*-]|:(?=[\w/]))*(?<! )")
_WORDS = frozenset("y n yes no on off true false null".split())
_TO_ESCAPE = re.compile(r"[^ !#-\[\]-~]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def block(value: Mapping[str, Any]) -> str:
    """The object, each key on a line of its own; "" if it is empty. Lone surrogates stay."""
    return "".join(_entries(value, 0))


def _entries(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for key, inner in value.items():
        name = _on_one_line(key)
        yield f"{pad}{name}:" if len(name) <= _LONGEST_KEY else f"{pad}? {name}\n{pad}:"
        yield from _after_mark(inner, indent)


def _elements(value: list[Any] | tuple[Any, ...], indent: int) -> Iterator[str]:
    pad = " " * indent
    for inner in value:
        if inner and not isinstance(inner, str | int | float):
            below = "".join(_below(inner, indent + _STEP))
            yield f"{pad}- {below[indent + _STEP :]}"
        else:
            yield f"{pad}-"
            yield from _after_mark(inner, indent)


def _after_mark(value: Any, indent: int) -> Iterator[str]:
    """What follows the mark of a key or an element that stands `indent` deep."""
    if isinstance(value, str):
        yield f" {_text(value, indent + _STEP)}\n"
    elif not value or isinstance(value, int | float):
        yield f" {_bare(value)}\n"
    else:
        yield "\n"
        yield from _below(value, indent + _STEP)


def _below(value: Any, indent: int) -> Iterator[str]:
    return (_entries if isinstance(value, Mapping) else _elements)(value, indent)


def _bare(value: Any) -> str:
    """None, a truth value, a number, or what is empty."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            mantissa, mark, exponent = repr(value).partition("e")
            return f"{mantissa}{'' if '.' in mantissa else '.0'}{mark}{exponent}"
        case int():
            return str(value)
        case Mapping():
            return "{}"
    return "[]"


def _text(value: str, indent: int) -> str:
    if "\n" not in value or not _fits_block(value):
        return _on_one_line(value)
    told = str(_STEP) if value[0] in " \t\n" else ""
    end = "-" if value[-1] != "\n" else "+" if value.endswith("\n\n") else ""
    pad = " " * indent
    lines = value.removesuffix("\n").split("\n")
    return f"|{told}{end}\n" + "\n".join(line and pad + line for line in lines)


def _fits_block(value: str) -> bool:
    """Whether a literal block gives exactly this back: nothing unseen, more than line breaks."""
    seen = value.replace("\n", "").replace("\t", "").isprintable()
    return seen and value.strip("\n") != ""


def _on_one_line(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.isprintable() and value.lower() not in _WORDS:
        return value
    return f'"{_TO_ESCAPE.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() or "\ud800" <= char <= "\udfff":
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"
