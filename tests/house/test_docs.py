"""The documentation is true: its code runs, its commands succeed, its links lead somewhere.

The blocks of one page run in order and share names, a folder and a home.
```python is run, and so is every line of ```console that begins `$ amberfile`;
```python-fragment is shown only.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md"))]
MODULES = sorted(
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    for path in ROOT.glob("src/amberfile/**/*.py")
    if path.stem != "__main__"
)

FENCE = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAVIGATED = re.compile(r"^ +- (?:.*: )?(\S+\.md)$", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
SKIPS = re.compile(r"doctest: *\+?skip", re.IGNORECASE)


class Block(NamedTuple):
    language: str
    line: int
    text: str


def blocks(page: str) -> Iterator[Block]:
    for fence in FENCE.finditer(page):
        line = page.count("\n", 0, fence.start()) + 2
        yield Block(fence[2], line, textwrap.dedent(fence[3]))


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    names: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block in blocks(read(page)):
            if block.language == "python":
                run_python(block, page, names, runner)
            elif block.language == "console":
                run_console(block, page)


def run_python(block: Block, page: str, names: dict[str, Any], runner: asyncio.Runner) -> None:
    """Run a block as if it stood in its page, so that a traceback gives the page's line."""
    source = "\n" * (block.line - 1) + block.text
    code = compile(source, ROOT / page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - it is our own page
    if inspect.iscoroutine(result):
        runner.run(result)


def run_console(block: Block, page: str) -> None:
    joined = re.sub(r"\\\n(> ?)?", "", block.text)
    for line in joined.splitlines():
        if line.startswith("$ amberfile"):
            command = ["bash", "-eo", "pipefail", "-c", line.removeprefix("$ ")]
            run = subprocess.run(
                command, capture_output=True, text=True, timeout=60, check=False, input=""
            )
            assert run.returncode == 0, f"{page}:{block.line}: {line}\n{run.stdout}{run.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_no_code_that_is_not_run(page: str) -> None:
    text = read(page)
    assert text.count("```") == 2 * len(list(blocks(text))), "a fence without an end"
    assert not SKIPS.search(text)
    for block in blocks(text):
        if block.language.lower().startswith("py"):
            assert block.language in ("python", "python-fragment"), block
        if re.search(r"^(\$ )?amberfile ", block.text, re.MULTILINE):
            assert block.language == "console", block


@pytest.mark.parametrize("page", PAGES)
def test_a_link_inside_the_project_leads_somewhere(page: str) -> None:
    for link in LINK.findall(FENCE.sub("", read(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def anchors(text: str) -> set[str]:
    """The fragments of a page's headings, as code hosts make them."""
    titles = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_decision_is_listed() -> None:
    listed = LINK.findall(read("docs/adr/index.md"))
    decisions = sorted(path.name for path in ROOT.glob("docs/adr/[0-9]*.md"))
    assert listed == decisions


def test_every_page_stands_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    listed = set(NAVIGATED.findall(navigation))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert pages - listed == set()
    assert listed - pages <= {"changelog.md"}  # made from CHANGELOG.md


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert not SKIPS.search(inspect.getsource(module))
    assert doctest.testmod(module).failed == 0
