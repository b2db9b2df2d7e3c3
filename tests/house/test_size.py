"""What has grown too large to read is parted before it is merged."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("src", "tests", "bench")
    for path in (ROOT / folder).rglob("*.py")
)

MAX_FILE = 600  # lines
MAX_BODY = 60  # lines of a function, its docstring left out


def bodies(source: str) -> Iterator[tuple[str, int]]:
    """Each function's name and the lines of its body."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("file", FILES)
def test_a_file_can_be_read_in_one_sitting(file: str) -> None:
    source = (ROOT / file).read_text("utf-8")
    assert len(source.splitlines()) <= MAX_FILE
    assert [(name, lines) for name, lines in bodies(source) if lines > MAX_BODY] == []


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("src/")])
def test_a_module_says_in_its_first_line_what_it_is(file: str) -> None:
    first = (ROOT / file).read_text("utf-8").partition("\n")[0]
    assert first.startswith('"""')
    assert first.strip('" ')
