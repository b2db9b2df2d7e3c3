"""Nothing of one machine is committed, and nothing in src runs what it reads."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("src/**/*.py"))

ONE_MACHINE = re.compile(r"(?<![\w.~])/(?:work|root|home)/|/opt/py[p]i")
A_HOST = re.compile(r"\bpypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org")
LOCKS = {"uv.lock", "pylock.toml", "poetry.lock"}

# Each runs code that data brings with it.
FORBIDDEN = {"eval", "exec", "pickle", "cPickle", "dill", "shelve", "marshal", "yaml"}
FORBIDDEN |= {"trust_remote_code"}

# The one file that reads YAML takes the parser's events, and has no loader make objects of them.
READS_YAML = "src/amberfile/transfer/own/yaml_read.py"
MAKES_OBJECTS = {"load", "load_all", "full_load", "unsafe_load", "safe_load", "constructor"}
MAKES_OBJECTS |= {"Loader", "FullLoader", "UnsafeLoader", "CLoader", "CFullLoader", "CUnsafeLoader"}


def committed() -> list[Path]:
    """Every file that git has or would take."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others"]
    run = subprocess.run(
        [*command, "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = (ROOT / name for name in run.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_one_machine_or_a_package_host() -> None:
    found = []
    for path in committed():
        text = path.read_bytes().decode("utf-8", "ignore")
        for number, line in enumerate(text.splitlines(), start=1):
            if ONE_MACHINE.search(line) or A_HOST.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_no_lock_file_is_committed() -> None:
    assert [path for path in committed() if path.name in LOCKS] == []


def names(source: str) -> Iterator[str]:
    """Every name that code can call, import or pass; not what prose mentions."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(module=str(name)) | ast.alias(name=name):
                yield name.partition(".")[0]


@pytest.mark.parametrize("file", SOURCES)
def test_a_module_cannot_run_what_it_reads(file: str) -> None:
    forbidden = FORBIDDEN - {"yaml"} | MAKES_OBJECTS if file == READS_YAML else FORBIDDEN
    assert forbidden.isdisjoint(names((ROOT / file).read_text("utf-8")))


@pytest.mark.parametrize(
    "fault", ["eval('1')", "import pickle", "from yaml import load", "f(trust_remote_code=True)"]
)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert not FORBIDDEN.isdisjoint(names(fault))
