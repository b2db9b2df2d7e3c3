"""The README shows what a terminal shows: two real shells, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tools" / "first_minutes.py"


def check(page: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--check", str(page)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_readme_shows_what_a_terminal_shows() -> None:
    run = check(ROOT / "README.md")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("shown", ["remembered", "deploy 0.92 (key, text)"])
def test_another_text_than_the_terminals_is_found(tmp_path: Path, shown: str) -> None:
    page = tmp_path / "README.md"
    text = (ROOT / "README.md").read_text("utf-8")
    assert shown in text
    page.write_text(text.replace(shown, "something else"), "utf-8")
    assert check(page).returncode == 1
