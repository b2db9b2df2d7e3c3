"""A virtual environment for each system that is compared, and a machine without a network.

Each system is installed from the package index, with its own defaults, into a
folder that is removed at the end. What is measured runs there with a home of
its own, so no key, model or setting of this machine helps it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "systems"
INSTALL_SECONDS = 120
STEP_SECONDS = 90
NOWHERE = "http://127.0.0.1:9"  # port "discard": a proxy that refuses

_WANTS_PYTHON = re.compile(r"depend[s ]+on\s+(Python\s*>=\s*[\d.]+)")


class NotInstalled(Exception):
    """The text says why."""


@dataclass(frozen=True)
class System:
    """What is compared.

    Args:
        packages: as its guide has them installed; the first one's version is shown,
            or that of Python's own SQLite when there are none.
        imports: the statement that its guide begins with; "pass" when it is a command.
        script: the file in `systems/`.
    """

    name: str
    packages: tuple[str, ...]
    imports: str
    script: str


@dataclass(frozen=True)
class Environment:
    """A system, installed."""

    system: System
    folder: Path
    guard: tuple[str, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def command(self, step: str, folder: Path, *rest: str) -> list[str]:
        """The command line of one step, see `systems/probe.py`."""
        script = str(SCRIPTS / self.system.script)
        probe = [str(self.python), str(SCRIPTS / "probe.py"), script, step]
        return [*self.guard, *probe, str(folder), *rest]

    def step(self, step: str, folder: Path, *rest: str) -> object:
        """Take one step and give its last answer; {"raised": …} when it has none."""
        command = self.command(step, folder, *rest)
        try:
            run = subprocess.run(
                command, capture_output=True, text=True, timeout=STEP_SECONDS,
                check=False, stdin=subprocess.DEVNULL, env=environ(folder), cwd=folder,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"raised": f"no answer in {STEP_SECONDS} s"}
        lines = [line for line in run.stdout.splitlines() if line[:1] in ("{", "[", '"')]
        if not lines:
            return {"raised": f"exit {run.returncode}"} if run.returncode else None
        return json.loads(lines[-1])

    def version(self) -> str:
        code = "import sqlite3; print('SQLite', sqlite3.sqlite_version)"
        if self.system.packages:
            name = "amberfile" if self.system.packages[0] == str(ROOT) else self.system.packages[0]
            code = f"from importlib.metadata import version; print(version({_bare(name)!r}))"
        return _output([str(self.python), "-c", code]).strip()

    def size(self) -> tuple[int, float]:
        """How many packages stand in it, and their MB."""
        packages = next(self.folder.glob("lib/python*/site-packages"))
        files = (path for path in packages.rglob("*") if path.is_file())
        total = sum(path.stat().st_size for path in files if "__pycache__" not in path.parts)
        return len(list(packages.glob("*.dist-info"))), total / 1e6


def installed(system: System, folder: Path, guard: tuple[str, ...]) -> Environment:
    """Make an environment in `folder` and install the system there.

    Raises:
        NotInstalled: it does not fit this Python, or took too long.
    """
    _uv("venv", "--python", sys.executable, str(folder))
    environment = Environment(system, folder, guard)
    if system.packages:
        _uv("pip", "install", "--python", str(environment.python), *system.packages)
    return environment


def guards() -> tuple[tuple[str, ...], str]:
    """What stands before a command so that it has no network, and how to call that."""
    for prefix in (("unshare", "-n"), ("unshare", "-r", "-n")):
        if shutil.which("unshare") and _succeeds([*prefix, "true"]):
            return prefix, f"no network (`{' '.join(prefix)}`)"
    return (), "a proxy that refuses; the network itself could not be taken away"


def environ(home: Path) -> dict[str, str]:
    """A bare environment: no keys, no settings, a home of its own, a proxy that refuses."""
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    return {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", **proxies}


def _uv(*arguments: str) -> None:
    """Raise `NotInstalled` where uv fails, with the reason if it is this Python's age."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise NotInstalled("uv is not here")
    try:
        subprocess.run(
            [uv, *arguments], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"took more than {INSTALL_SECONDS} s to install") from None
    except subprocess.CalledProcessError as error:
        wants = _WANTS_PYTHON.search(error.stderr)
        reason = f"needs {wants[1]}" if wants else "the package index gave no fitting set"
        raise NotInstalled(reason) from None


def _bare(package: str) -> str:
    """Its name without the extras."""
    return package.partition("[")[0]


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
