"""MemPalace through its command line, as its README shows it: init, mine, search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


class Memories:
    def __init__(self, folder: Path) -> None:
        self._project = folder / "project"
        self._project.mkdir(exist_ok=True)
        self._written = False

    def keep(self, key: str, text: str) -> None:
        self._project.joinpath(f"{key}.md").write_text(f"# {key}\n\n{text}\n", "utf-8")
        self._written = True

    def find(self, words: str) -> list[str]:
        lines = (line.strip() for line in self._run("search", words).splitlines())
        return [line for line in lines if line.startswith("Deploys")]

    def kept(self) -> list[str]:
        raise LookupError("mined from files; nothing is listed")

    def close(self) -> None:
        """Have what was written mined: it takes a folder, not a text."""
        if self._written:
            self._run("init", str(self._project), "--yes")
            self._run("mine", str(self._project))

    def _run(self, *arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("mempalace")), *arguments]
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if run.returncode:
            lines = (run.stderr + run.stdout).splitlines()
            raise RuntimeError(next((line.strip() for line in lines if "rror" in line), lines[-1]))
        return run.stdout
