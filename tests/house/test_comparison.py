"""The scripts of the comparison that need nothing installed still run, and still judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMS = Path(__file__).parents[2] / "bench" / "systems"

LISTS = """
class Memories:
    def __init__(self, folder): self.file = folder / "texts"
    def keep(self, key, text): self.file.open("a").write(text + "\\n")
    def kept(self): return self.file.read_text().splitlines()
    def find(self, words): return self.kept()
    def close(self): pass
"""


def step(script: Path, name: str, folder: Path) -> object:
    """The last answer of one step, as `bench/environments.py` reads it."""
    command = [sys.executable, str(SYSTEMS / "probe.py"), str(script), name, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return json.loads(run.stdout.splitlines()[-1]) if run.stdout else None


@pytest.mark.parametrize("name", ["with_amberfile.py", "with_fts5.py"])
def test_a_script_finds_in_words_what_another_process_kept(name: str, tmp_path: Path) -> None:
    assert step(SYSTEMS / name, "keep", tmp_path) is None
    assert step(SYSTEMS / name, "find", tmp_path) == {"wrong": []}
    texts = step(SYSTEMS / name, "kept", tmp_path)
    assert isinstance(texts, list)
    assert len(texts) == 20


def test_a_system_that_lists_instead_of_searching_finds_nothing(tmp_path: Path) -> None:
    script = tmp_path / "with_lists.py"
    script.write_text(LISTS, "utf-8")
    step(script, "keep", tmp_path)
    found = step(script, "find", tmp_path)
    assert isinstance(found, dict)
    assert len(found["wrong"]) == 2
