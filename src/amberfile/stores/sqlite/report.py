"""A store in figures and words, for people."""

from __future__ import annotations

import os

import apsw

from amberfile.stores.base import Info
from amberfile.stores.sqlite.place import file_system

_COUNTS = {
    "scopes": "SELECT count(*) FROM scope",
    "items": "SELECT count(*) FROM item WHERE state = 'current'",
    "hidden items": "SELECT count(*) FROM item WHERE state <> 'current'",
    "earlier versions": "SELECT count(*) FROM version",
    "sessions": "SELECT count(*) FROM session",
    "messages": "SELECT count(*) FROM message",
    "terms": "SELECT count(*) FROM term",
    "waiting jobs": "SELECT count(*) FROM job",
    "forgotten": "SELECT count(*) FROM tombstone WHERE kind <> 'session'",
}

_DURABLE = {
    "full": "a write that returned survives a killed process and a power cut",
    "relaxed": "a write that returned survives a killed process; a power cut may take the last",
}


def report(db: apsw.Connection, path: str, durability: str) -> Info:
    """What the file holds and promises. Counts everything, so it costs a scan."""
    rev, analysis = next(db.execute("SELECT rev, analysis FROM store"))
    details: dict[str, str | int] = {
        name: next(db.execute(query))[0] for name, query in _COUNTS.items()
    }
    details |= {
        "bytes": _size(path),
        "log bytes": _size(f"{path}-wal"),
        "free bytes": _pages(db, "freelist_count") * _pages(db, "page_size"),
        "free pages": _pages(db, "freelist_count"),
        "file system": file_system(os.path.dirname(path)) or "unknown",
        "schema": next(db.execute("PRAGMA user_version"))[0],
        "analysis": analysis,
        "sqlite": apsw.sqlite_lib_version(),
        "driver": f"apsw {apsw.apsw_version()}",
    }
    promises = {
        "durability": _DURABLE[durability],
        "atomicity": "a batch is written whole or not at all, with its index",
        "order": "seq in a session has no gaps, whoever writes",
        "erasure": "forgotten bytes leave the file at the checkpoint that forget asks for",
        "isolation": "every row has one scope, and no query goes without",
        "corruption": "a damaged row is an error, never a different memory",
    }
    return Info("sqlite", path, rev, promises, details)


def _pages(db: apsw.Connection, pragma: str) -> int:
    return int(next(db.execute(f"PRAGMA {pragma}"))[0])


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
