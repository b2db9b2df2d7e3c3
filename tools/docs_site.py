"""What `make docs` adds to the pages in docs/: hooks of MkDocs, named in mkdocs.yml.

changelog.md           from CHANGELOG.md
cli.md                 gets every command with its help, from the command line itself
pictures/*.svg         the first five minutes, recorded in a terminal
llms.txt               the pages, one a line, for language models (llmstxt.org)

A link to a file outside docs/ becomes that file's name: the pages are read
where the sources are not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PICTURE = "pictures/first-minutes.svg"

_OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+([^)#]+)(?:#[^)]*)?\)")
_INSIDE = {"CHANGELOG.md": "changelog.md", "README.md": "index.md"}
_RECORDING = "<!-- recording -->"
_COMMANDS = "<!-- commands -->"
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SUMMARY = re.compile(r"^(?:This page )?(.*?\.)(?:\s|$)", re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    files.append(File.generated(config, "changelog.md", content=changelog))
    files.append(File.generated(config, PICTURE, content=recording()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what is made, and name what is elsewhere."""
    up = "../" * page.file.src_uri.count("/")
    told = _OUTSIDE.sub(lambda found: inside_link(found, up, files), markdown)
    told = told.replace(_RECORDING, f"![The same in a terminal]({up}{PICTURE})")
    if _COMMANDS in told:
        told = told.replace(_COMMANDS, "\n".join(command_pages(commands())))
    return told


def on_post_build(config: MkDocsConfig) -> None:
    """Write llms.txt."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    lines += [f"- [{title}]({address}): {summary}" for title, address, summary in _PAGES]
    Path(config.site_dir, "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    _PAGES.clear()


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    _PAGES.append((page.title, page.url, summary_of(page.markdown or "")))


_PAGES: list[tuple[str, str, str]] = []


def inside_link(found: re.Match[str], up: str, files: Files) -> str:
    """The link if it stays among the pages; else the name of the file that it leads to."""
    text, target = found[1], found[2]
    if target in _INSIDE:
        return f"[{text}]({up}{_INSIDE[target]})"
    if files.get_file_from_path(target):
        return found[0]
    return f"{text} (`{target}`)" if target not in text else text


def summary_of(markdown: str) -> str:
    """The first sentence of a page."""
    lines = (line for line in markdown.splitlines() if not line.startswith(("#", "Status:")))
    body = "\n".join(lines).strip()
    found = _SUMMARY.match(body)
    if not found:
        return ""
    told = " ".join(_LINK.sub(r"\1", found[1]).split())
    return told[:1].upper() + told[1:]


def recording() -> str:
    """The first five minutes as a picture."""
    script = [sys.executable, str(ROOT / "tools" / "first_minutes.py"), "--svg"]
    return _output(script)


def commands() -> list[dict[str, Any]]:
    """Every command, as the command line tells it."""
    told = _output([sys.executable, "-m", "amberfile", "help", "--json"])
    data: list[dict[str, Any]] = json.loads(told)["data"]
    return data


def command_pages(told: list[dict[str, Any]]) -> Iterator[str]:
    """A section for each command. The options that each one has stand with the first."""
    everywhere = [_names(option) for option in told[0]["options"]]
    yield _options(told[0]["options"])
    for command in told[1:]:
        own = [one for one in command["options"] if _names(one) not in everywhere]
        yield f"### {command['name']}\n"
        yield f"```text\namberfile {command['name']} {command['usage']}\n```\n"
        yield f"```text\n{command['help']}\n```\n"
        yield _options(own)


def _options(options: list[dict[str, Any]]) -> str:
    """A table of options; "" if there are none."""
    if not options:
        return ""
    rows = [f"| `{_names(one)}` | {_type(one)} | {_plain(one['help'])} |" for one in options]
    return "\n".join(["| option | is | does |", "|---|---|---|", *rows, ""])


def _names(option: Mapping[str, Any]) -> str:
    return ", ".join(option["names"])


def _type(option: Mapping[str, Any]) -> str:
    many = ", may be repeated" if option["many"] else ""
    default = option["default"]
    otherwise = "" if default in (None, False, [], "") else f"; {default} unless given"
    return _plain(f"{option['type'].lstrip('_')}{many}{otherwise}")


def _plain(text: str) -> str:
    """A text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _output(command: list[str]) -> str:
    plain = os.environ | {"NO_COLOR": "1", "COLUMNS": "88"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    return run.stdout
