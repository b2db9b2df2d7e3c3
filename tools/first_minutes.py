"""The first five minutes at a terminal, recorded: a real shell, twice, on a new home.

    python tools/first_minutes.py                  what a terminal showed, as text
    python tools/first_minutes.py --write FILE     put it into FILE, between its marks
    python tools/first_minutes.py --check FILE     fail if FILE shows something else
    python tools/first_minutes.py --svg            a picture of it
    python tools/first_minutes.py --bin FOLDER …   with the amberfile of that folder

What differs from run to run (the home, ids, times) is replaced by an example.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

SHELLS: Sequence[Sequence[str]] = (
    (
        "amberfile",
        'amberfile remember "Deploys go out on Friday, 14:00 UTC" --key deploy_window',
        'amberfile remember "Ada prefers tea, no sugar"',
    ),
    (
        'amberfile recall "when do we deploy?"',
        "amberfile list",
        "amberfile forget --key deploy_window --yes",
    ),
)
"""The lines that are typed; each inner sequence in a shell of its own."""

BEGIN, END = "<!-- first minutes: begin -->", "<!-- first minutes: end -->"

_WIDTH = 100
_PATIENCE_S = 60
_PROMPT = "\x1b]133;A\x07$ "  # no program prints this: it tells that the shell waits
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?")
_EXAMPLES = (
    "0199c1a2-6f04-7c31-9d0e-3b5d7f1a2c44",
    "0199c1a2-8b1e-7f02-8a6c-51d0e92b7f3a",
)


def main() -> int:
    options = _options()
    folder = Path(options.bin or Path(sys.executable).parent)
    shown = recorded(folder)
    if options.svg:
        print(picture(shown))
        return 0
    text = plain(shown)
    page = options.write or options.check
    if page is None:
        print(text)
        return 0
    before = page.read_text("utf-8")
    after = between_marks(before, text)
    if options.write:
        page.write_text(after, "utf-8")
    elif after != before:
        print(f"{page} does not show what a terminal shows now:\n{text}", file=sys.stderr)
        return 1
    return 0


def recorded(folder: Path) -> str:
    """What a terminal shows of `SHELLS`, with its colours, with examples for what differs."""
    home = Path(tempfile.mkdtemp(prefix="amberfile-"))
    try:
        shells = [_shell(lines, folder, home) for lines in SHELLS]
    finally:
        shutil.rmtree(home)
    return _exemplary("\n# a new shell\n".join(shells), home)


def plain(shown: str) -> str:
    """The same without colours and without blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in _ESCAPES.sub("", shown).splitlines())


def picture(shown: str) -> str:
    """The same as an SVG picture, which loads nothing from elsewhere."""
    from rich.console import Console
    from rich.text import Text

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_WIDTH, file=nowhere, force_terminal=True)
        for line in shown.splitlines():
            console.print(Text.from_ansi(line), crop=False)
    drawn = console.export_svg(title="amberfile")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def between_marks(page: str, text: str) -> str:
    """The page with `text` between its marks, as a block of console."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n```console\n{text}\n```\n\n{END}{after}"


def _shell(lines: Sequence[str], folder: Path, home: Path) -> str:
    """What a new shell shows while these lines are typed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(home)
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting"], _env(folder, home))
    try:
        shown = [_until_prompt(terminal)]
        for line in (*lines, "exit"):
            os.write(terminal, line.encode() + b"\n")
            shown.append(_until_prompt(terminal))
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
    said = "".join(shown).replace("\r\n", "\n").replace(_PROMPT, "$ ")
    return said[said.index("$ ") :].rpartition("$ exit")[0].rstrip("\n")


def _env(folder: Path, home: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLUMNS": str(_WIDTH),
        "LINES": "40",
        "PS1": _PROMPT.replace("\x1b", "\\e").replace("\x07", "\\a"),
    }


def _until_prompt(terminal: int) -> str:
    """What is shown until the shell waits, or has ended."""
    data = b""
    while not data.decode("utf-8", "replace").endswith(_PROMPT):
        ready, _, _ = select.select([terminal], [], [], _PATIENCE_S)
        if not ready:
            raise TimeoutError(f"the shell showed {data!r} and then nothing for {_PATIENCE_S} s")
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # the shell has ended
            break
        if not piece:
            break
        data += piece
    return data.decode("utf-8", "replace")


def _exemplary(shown: str, home: Path) -> str:
    """The same with examples in the place of what differs from run to run."""
    shown = shown.replace(str(home), "~")
    examples: Iterator[str] = iter(_EXAMPLES)
    for id in dict.fromkeys(_ID.findall(shown)):
        shown = shown.replace(id, next(examples))
    return _TIME.sub(lambda found: "2026-11-20 14:00:00"[: len(found[0])], shown)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path)
    parser.add_argument("--svg", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--check", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
