"""A text in the user's own editor, in a private file that is gone afterwards."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

from amberfile.errors import AmberfileError, InvalidInput


class EditorFailed(AmberfileError):
    """The editor could not be run, or ended with an error."""


def edited(text: str, editor: str) -> str:
    """What `text` has become when the editor ends.

    The last line break, which editors add by themselves, counts only if
    `text` has one too. The file lies in a folder of its own, so that copies
    which an editor makes beside it go with it.

    Args:
        editor: a command line; the file's path is added to it. No shell reads it.

    Raises:
        InvalidInput: the text has lone surrogates, or is not UTF-8 afterwards.
        EditorFailed: nothing can be taken from this edit.
    """
    with tempfile.TemporaryDirectory(prefix="amberfile-") as folder:
        path = os.path.join(folder, "text.md")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encoded(text))
        _run(editor, path)
        found = _decoded(_read(path))
    return found.removesuffix("\n") if not text.endswith("\n") else found


def _run(editor: str, path: str) -> None:
    try:
        command = shlex.split(editor)
        code = subprocess.run([*command, path], check=False).returncode  # noqa: S603
    except (OSError, ValueError) as error:
        raise EditorFailed(
            f"the editor {editor!r} cannot be run: {error}. Set EDITOR, or give --text."
        ) from None
    if code:
        raise EditorFailed(f"the editor {editor!r} ended with {code}. Nothing was changed.")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise EditorFailed(
            f"the editor left no file to read ({error.strerror}). Nothing was changed."
        ) from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInput(
            "the text has lone surrogates, which no editor keeps. Give the new one with --text."
        ) from None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the edited text is not UTF-8 ({error.reason}). Nothing was changed: edit it again."
        ) from None
