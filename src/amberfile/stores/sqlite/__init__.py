"""SQLite storage, the default: one file, a write-ahead log, an inverted index in ordinary rows.

    store.py        the contract's methods
    connect.py      connections, one thread at a time; place.py: where a file may live
    commit.py       group commit; transaction.py: one transaction of it
    writing.py      what one batch shares; items.py sessions.py jobs.py index.py: its changes
    queries.py      what is read; rows.py: rows to values, with checksums
    schema/         numbered scripts and who runs them
    backup.py check.py report.py errors.py

The tables `item`, `version` and `message` are the truth; `term` and `posting`
are derived from them in the same transaction.
"""

from amberfile.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
