"""Our own format, without loss: one record of `records.py` a line, as JSON in UTF-8."""

from __future__ import annotations

from typing import BinaryIO

from amberfile.memory import Memory
from amberfile.plain import json_text
from amberfile.replay import Replay
from amberfile.transfer.importer import Importer
from amberfile.transfer.own import records
from amberfile.transfer.source import Source


def export_jsonl(memory: Memory, out: BinaryIO) -> int:
    """Write everything in the memory's own scope; gives the number of entries."""
    count = 0
    for record in records.of_memory(memory):
        out.write(records.encoded(record, json_text) + b"\n")
        count += records.is_entry(record)
    return count


def _fits(source: Source) -> bool:
    """Whether the file begins with our header."""
    return isinstance(source.first, dict) and records.MARK in source.first


def _take(replay: Replay, source: Source) -> None:
    records.take_all(replay, source, source.values())


IMPORTER = Importer("jsonl", "what `amberfile export` wrote", _fits, _take)
