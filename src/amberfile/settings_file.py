"""Change one setting in a file, and leave every other byte as it stands.

A value is put in by lines, so comments and the order of the keys stay. What
comes out is parsed before it replaces the file: if it does not say exactly
what was asked, the file stays as it is and the error tells the line to write.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence

from amberfile import places
from amberfile.errors import InvalidInput
from amberfile.settings import Plain, parsed_text

_TABLE = re.compile(r"\s*\[")
_KEY = r"\s*(?:{0}|\"{0}\"|'{0}')\s*="
_REST = re.compile(
    r"""(?P<gap>\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"'\[{]+)(?P<comment>\s*(?:\#.*)?)$"""
)


def change(path: str, name: str, value: Plain | None, *, private: bool) -> bool:
    """Set `name` in the file at `path`, or take it out if `value` is None.

    Args:
        value: as its setting's check gave it.
        private: make a new file, and the folder for it, for this user only.

    Returns:
        Whether the file was changed.

    Raises:
        InvalidInput: the file is not TOML, or too clever for an edit by lines.
    """
    path = os.path.realpath(path)  # a link to a file of settings stays a link
    old = _read(path)
    before = parsed_text(old.encode("utf-8"), path)
    after = {key: kept for key, kept in before.items() if key != name}
    if value is not None:
        after[name] = value
    if after == before:
        return False
    new = _edited(old, name, value)
    _require(new, after, path, name, value)
    _write(path, new, private)
    return True


def _read(path: str) -> str:
    if not places.is_file(path):
        return ""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path} is not UTF-8: {error}. Mend it, or move the file away."
        ) from None


def _edited(text: str, name: str, value: Plain | None) -> str:
    """`text` with one line replaced, taken out or put in."""
    lines = text.split("\n")
    end = next((at for at, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    key = re.compile(_KEY.format(re.escape(name)))
    at = next((at for at in range(end) if key.match(lines[at])), None)
    if value is None:
        return "\n".join(lines[:at] + lines[at + 1 :]) if at is not None else text
    if at is None:
        at = _place(lines[:end])
        return "\n".join([*lines[:at], f"{name} = {_written(value)}", *lines[at:]])
    ending = "\r" if lines[at].endswith("\r") else ""
    head = key.match(lines[at])
    rest = _REST.match(lines[at].removesuffix("\r"), head.end() if head else 0)
    if rest:
        lines[at] = f"{lines[at][: rest.end('gap')]}{_written(value)}{rest['comment']}{ending}"
    return "\n".join(lines)


def _place(top: Sequence[str]) -> int:
    """Behind the last key of the top table; without one, behind the first comments."""
    keys = [at for at, line in enumerate(top) if line.strip() and not line.lstrip().startswith("#")]
    if keys:
        return keys[-1] + 1
    return next((at for at, line in enumerate(top) if not line.strip()), 0)


def _written(value: Plain) -> str:
    """`value` as TOML writes it; what a terminal would obey is an escape."""
    if isinstance(value, float):
        return repr(value)
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else _escape(ord(one)) for one in text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _require(
    text: str, wanted: dict[str, object], path: str, name: str, value: Plain | None
) -> None:
    """That `text` says what is wanted, and nothing else."""
    try:
        said = parsed_text(text.encode("utf-8"), path) == wanted
    except (InvalidInput, UnicodeEncodeError):
        said = False
    if not said:
        line = f"{name} = {_written(value)}" if value is not None else f"no {name}"
        raise InvalidInput(
            f"{path} cannot be changed line by line. Edit it yourself so that it says: {line}"
        )


def _write(path: str, text: str, private: bool) -> None:
    """All of it or nothing, under the file's own mode if it is there."""
    os.makedirs(os.path.dirname(path), mode=0o700 if private else 0o777, exist_ok=True)
    unfinished = f"{path}.{os.getpid()}.unfinished"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600 if private else 0o666), "wb") as out:
            if os.path.exists(path) and not private:
                os.fchmod(out.fileno(), os.stat(path).st_mode & 0o777)
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        os.replace(unfinished, path)
    except BaseException:
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
        raise
