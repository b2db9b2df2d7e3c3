"""A call only goes down: the table of layers, checked against every import in src."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

SRC = Path(__file__).parents[2] / "src"
FILES = sorted(path.relative_to(SRC).as_posix() for path in SRC.glob("amberfile/**/*.py"))


class Layer(NamedTuple):
    files: str
    may_import: str


# Beside these, a layer may import itself; an engine only itself.
LAYERS = {
    "values": Layer("types.py errors.py changes.py plain.py", ""),
    "contracts": Layer(
        "stores/__init__.py stores/base.py embed/__init__.py embed/base.py", "values"
    ),
    # The value types of stores/base.py (Posting, Stats) are what a ranking reads.
    "recall": Layer("recall/*", "values contracts"),
    "engines": Layer("stores/* embed/*", "values contracts"),
    "config": Layer("config.py settings.py places.py settings_file.py", "values contracts engines"),
    "memory": Layer(
        "memory.py session.py branch.py aio.py search.py items.py drafts.py scopes.py shared.py "
        "checks.py ids.py replay.py admission.py imports.py doctor.py repair.py lookup.py "
        "highlight.py figures.py",
        "values contracts recall config",
    ),
    "lifecycle": Layer("lifecycle/*", "values memory"),
    "agent": Layer("agent/*", "values config memory lifecycle"),
    "faces": Layer("transfer/* interop/*", "values config memory lifecycle agent"),
    "edge": Layer("cli/* server/* web/* mcp/*", "values config memory lifecycle agent faces root"),
    "testing": Layer("testing/*", "values contracts recall stores/ram"),
    "root": Layer("__init__.py", "values config memory"),
    "start": Layer("__main__.py", "edge"),  # python -m amberfile
}

# Who may import what from outside the standard library.
PACKAGES = {
    "recall": "apsw",  # FTS5's tokenizers
    "stores/sqlite": "apsw",
    "cli": "click rich",
    "transfer": "apsw yaml",  # other programs' SQLite files; front matter
    "testing": "hypothesis pytest",
}


def layer_of(file: str) -> str:
    """The one layer of a file below src/; its own name goes before a pattern."""
    name = file.removeprefix("amberfile/")
    fits = [layer for layer, row in LAYERS.items() if name in row.files.split()] or [
        layer
        for layer, row in LAYERS.items()
        if any(fnmatch(name, pattern) for pattern in row.files.split())
    ]
    assert len(fits) == 1, (
        f"{file} stands in {fits or 'no layer'}: add it to LAYERS in {Path(__file__).name}, "
        f"and to the table of layers if it is a new one"
    )
    return fits[0]


def part_of(file: str) -> str:
    """The engine or folder of a file: "stores/sqlite", "cli", "memory"."""
    names = file.removeprefix("amberfile/").removesuffix(".py").split("/")
    return "/".join(names[: 2 if names[0] in ("stores", "embed") else 1])


def imported(source: str) -> Iterator[str]:
    """The full name of everything that `source` imports, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                assert not level, f"line {node.lineno}: write the import with its full name"
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def file_of(name: str) -> str:
    """The file below src/ that holds `name`, which is a module, a package or a name in one."""
    path = name.replace(".", "/")
    owner = path.rpartition("/")[0]
    places = [f"{path}.py", f"{path}/__init__.py", f"{owner}.py", f"{owner}/__init__.py"]
    return next((place for place in places if (SRC / place).exists()), places[0])


def faults(file: str, source: str) -> list[str]:
    """Every import of `file` that goes up, sideways or out."""
    layer, part = layer_of(file), part_of(file)
    row = LAYERS[layer].may_import.split()
    packages = PACKAGES.get(part, "").split()
    found = []
    for name in imported(source):
        package = name.partition(".")[0]
        if package == "amberfile":
            target = file_of(name)
            own = part_of(target) == part if layer == "engines" else layer_of(target) == layer
            if not own and layer_of(target) not in row and part_of(target) not in row:
                found.append(f"{file} ({layer}) imports {name} ({layer_of(target)})")
        elif package not in sys.stdlib_module_names and package not in packages:
            found.append(f"{file} imports {name}; {part} may import {packages or 'no package'}")
    return found


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_is_below_it(file: str) -> None:
    assert faults(file, (SRC / file).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("types.py", "from amberfile.stores import base"),
        ("types.py", "import amberfile"),
        ("stores/base.py", "def f():\n    import amberfile.recall.analysis"),
        ("stores/base.py", "import importlib\nimportlib.import_module('amberfile.recall')"),
        ("recall/words.py", "if TYPE_CHECKING:\n    from amberfile.stores.ram import RamStore"),
        ("recall/words.py", "import numpy"),
        ("stores/ram.py", "from amberfile.stores.sqlite import SqliteStore"),
        ("stores/ram.py", "import apsw"),
        ("memory.py", "import click.testing"),
        ("cli/main.py", "from amberfile.stores.sqlite import store"),
    ],
)
def test_a_planted_fault_is_found(file: str, source: str) -> None:
    assert faults(f"amberfile/{file}", source)


def test_a_file_without_a_layer_is_found() -> None:
    with pytest.raises(AssertionError, match="no layer"):
        layer_of("amberfile/utils.py")
