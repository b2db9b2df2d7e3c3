"""Our own format as YAML, without loss: one record of `records.py` a document."""

from __future__ import annotations

import re
from typing import BinaryIO

from amberfile.memory import Memory
from amberfile.replay import Replay
from amberfile.transfer.importer import Importer
from amberfile.transfer.own import records
from amberfile.transfer.own.yaml_write import block
from amberfile.transfer.source import Source

SUFFIXES = (".yaml", ".yml")

_HEADER = re.compile(rb"(---[ \t]*\r?\n)?amberfile: *\d")


def export_yaml(memory: Memory, out: BinaryIO) -> int:
    """Write everything in the memory's own scope; gives the number of entries.

    It holds what JSONL holds, in the same order, for people to read.
    """
    count = 0
    for number, record in enumerate(records.of_memory(memory)):
        out.write(b"---\n" * (number > 0) + records.encoded(record, block))
        count += records.is_entry(record)
    return count


def _fits(source: Source) -> bool:
    """Whether the file begins with our header; a Markdown file's front matter is another."""
    return not source.suffix.startswith((".md", ".markdown")) and bool(_HEADER.match(source.head))


def _take(replay: Replay, source: Source) -> None:
    """Import a file that `export_yaml` wrote.

    Raises:
        MissingExtra: PyYAML is not installed.
    """
    from amberfile.transfer.own.yaml_read import documents  # the package is optional

    records.take_all(replay, source, documents(source))


IMPORTER = Importer("yaml", "what `amberfile export --format yaml` wrote", _fits, _take)
