"""`SqliteStore`: the contract's methods over one file.

Reads take a connection that no other thread uses meanwhile, and one read
transaction, in which the scope's number is looked up too. Writes go through
the group commit. What SQLite says when it fails is translated in `errors.py`.

What it leaves out: ranking is in `recall/words.py`; more than one machine is
another engine's work.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import apsw

from amberfile.changes import Batch, ClearSession, DropImport, Forget, Written
from amberfile.errors import InvalidInput, StoreError, StoreUnavailable
from amberfile.stores.base import (
    Capabilities,
    Changed,
    Found,
    Info,
    Near,
    Posting,
    Stats,
    Tally,
    TermsOf,
    is_message,
)
from amberfile.stores.sqlite import imports, place, queries, schema
from amberfile.stores.sqlite.backup import copy_verified
from amberfile.stores.sqlite.check import faults
from amberfile.stores.sqlite.commit import GroupCommit
from amberfile.stores.sqlite.connect import Connections, open_through_another
from amberfile.stores.sqlite.reindex import rebuilt
from amberfile.stores.sqlite.report import report
from amberfile.stores.sqlite.restore import staged
from amberfile.stores.sqlite.rows import (
    bound,
    to_item,
    to_job,
    to_messages,
    to_session,
    to_turn,
    to_version,
    unbound,
)
from amberfile.stores.sqlite.transaction import Transaction
from amberfile.stores.sqlite.writing import scope_number
from amberfile.types import (
    Filter,
    ImportInfo,
    Item,
    Job,
    Message,
    Scope,
    SessionInfo,
    Turn,
    Version,
)

SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}
"""What each durability asks of the disk: a sync at each commit, or at each checkpoint."""

_LETS_GO = frozenset({Forget, ClearSession, DropImport})
"""Changes after which bytes must leave the file."""


class SqliteStore:
    """A `Store` in one SQLite file.

    Safe to share between threads, and between processes of one machine. It
    refuses network file systems, where SQLite's locks do not hold.

    Args:
        path: the database file, made on first use; its folder too.
        durability: "full": a write that returned survives a power cut.
            "relaxed": it survives the end of the process; a power cut may take
            the last moments, never more than a suffix.
        busy_timeout_s: how long a write waits for other processes.
        checked: refuse a small or suspect file that is found damaged.
        vfs: the name of an apsw file system layer, for tests.

    Raises:
        StoreUnavailable, NotAStore, SchemaTooNew, StoreCorrupt: when it opens.
    """

    capabilities = Capabilities(durable=True, multi_process=True, erases=True, backup=True)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: str = "full",
        busy_timeout_s: float = 30.0,
        checked: bool = True,
        vfs: str | None = None,
    ) -> None:
        if durability not in SYNCHRONOUS:
            raise InvalidInput(f"unknown durability {durability!r}; known: full, relaxed")
        self.path = os.path.abspath(os.fspath(path))
        self.durability = durability
        place.check_path(self.path)
        if vfs is None and open_through_another(self.path):
            raise StoreUnavailable(
                f"this process has {self.path} open through another library: whichever closes it "
                "first would drop the other's locks. Close it there, or use another process"
            )
        suspect = place.has_strange_log(self.path)
        self._connections = Connections(
            self.path,
            synchronous=SYNCHRONOUS[durability],
            busy_timeout_s=busy_timeout_s,
            writable=place.is_writable(self.path),
            prepare=lambda db: schema.prepare(db, self.path, suspect=suspect, checked=checked),
            forked=self._restart,
            vfs=vfs,
        )
        self._restart()
        with self._connections.reading():
            pass  # makes, migrates or refuses the file now, not at the first call

    def _restart(self) -> None:
        self._transaction = Transaction(self._connections)
        self._line = GroupCommit(self._transaction.commit)
        self._owes_checkpoint = False

    def write(self, batch: Batch) -> Written:
        written = self._line.submit(batch)
        forgets = not _LETS_GO.isdisjoint(map(type, batch.changes))
        if forgets or self._owes_checkpoint:
            self._empty_log(patient=forgets)
        return written

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Item]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            rows = [row for id in ids for row in db.execute(queries.ITEM, (number, bound(id)))]
            return [to_item(row, scope, number) for row in rows]

    def find(
        self,
        scopes: Sequence[Scope],
        filter: Filter,
        *,
        limit: int,
        before: int | None = None,
        messages: bool = False,
    ) -> list[Found]:
        with self._connections.snapshot() as db:
            each = [
                stream
                for scope in scopes
                for stream in self._newest(db, scope, filter, before, messages=messages)
            ]
            found = (
                found
                for found in heapq.merge(*each, key=lambda found: -found.handle)
                if filter.matches(found.entry)
            )
            return list(islice(found, max(limit, 0)))

    def entries(self, scopes: Sequence[Scope], handles: Sequence[int]) -> list[Found]:
        with self._connections.snapshot() as db:
            numbers = [(scope, self._number(db, scope)) for scope in scopes]
            return [
                found
                for handle in handles
                for scope, number in numbers
                for found in _entry(db, scope, number, handle)
            ]

    def near(
        self, scopes: Sequence[Scope], handles: Sequence[int], *, before: int, after: int
    ) -> dict[int, list[Near]]:
        found: dict[int, list[Near]] = {}
        with self._connections.snapshot() as db:
            for scope in scopes:
                number = self._number(db, scope)
                for handle in filter(is_message, handles):
                    rows = db.execute(queries.NEAR, (before, after, number, handle)).fetchall()
                    if rows:
                        found[handle] = [_near(row, scope, number) for row in rows]
        return found

    def messages(
        self, scope: Scope, session: str, *, limit: int | None = None, after: int = 0
    ) -> list[Message]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            wanted = -1 if limit is None else max(limit, 0)
            values = (number, number, bound(session), after, wanted)
            rows = db.execute(queries.LAST_MESSAGES, values).fetchall()
            rows.reverse()
            return to_messages(rows, scope, number, session)

    def known_messages(self, scope: Scope, ids: Sequence[str]) -> list[Message]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            rows = [row for id in ids for row in db.execute(queries.MESSAGE, (number, bound(id)))]
            return [_message(row[1:], scope, number) for row in rows]

    def sessions(self, scope: Scope, prefix: str = "") -> list[SessionInfo]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            rows: Any = db.execute(queries.SESSIONS, (number,)).fetchall()
            found = [
                (-row[-2], to_session(row, scope, number))
                for row in rows
                if unbound(row[0]).startswith(prefix)
            ]
        return [session for _, session in sorted(found, key=lambda pair: (pair[0], pair[1].id))]

    def turns(self, scope: Scope, session: str) -> list[Turn]:
        with self._connections.snapshot() as db:
            rows = db.execute(queries.TURNS, (self._number(db, scope), bound(session))).fetchall()
            return [to_turn(row, session) for row in rows]

    def postings(self, scopes: Sequence[Scope], terms: Sequence[str]) -> dict[str, list[Posting]]:
        found: dict[str, list[Posting]] = {}
        with self._connections.snapshot() as db:
            for number in [self._number(db, scope) for scope in scopes]:
                for term, rows in queries.postings(db, number, terms):
                    found[term] = sorted(found[term] + rows) if term in found else rows
        return found

    def stats(self, scopes: Sequence[Scope]) -> Stats:
        with self._connections.snapshot() as db:
            numbers = [self._number(db, scope) for scope in scopes]
            rows = [row for number in numbers for row in db.execute(queries.STATS, (number,))]
            return Stats(*map(sum, zip(*rows, strict=True))) if rows else Stats()

    def vocabulary(
        self, scopes: Sequence[Scope], part: str, *, prefix: bool, limit: int
    ) -> list[str]:
        found: set[str] = set()
        with self._connections.snapshot() as db:
            for number in [self._number(db, scope) for scope in scopes]:
                found.update(queries.vocabulary(db, number, part, prefix=prefix, limit=limit))
        return sorted(found)[: max(limit, 0)]

    def history(self, scope: Scope, id: str) -> list[Version]:
        with self._connections.snapshot() as db:
            values = (number := self._number(db, scope), bound(id))
            if not (current := db.execute(queries.ITEM, values).fetchall()):
                return []
            rows = db.execute(queries.VERSIONS, values).fetchall() + current
            return [to_version(row, scope, number) for row in rows]

    def changes(self, scopes: Sequence[Scope], since: int, *, limit: int) -> list[Changed]:
        with self._connections.snapshot() as db:
            each = [queries.changed(db, scope, self._number(db, scope), since) for scope in scopes]
            found: list[Changed] = []
            for _, change in heapq.merge(*each, key=lambda pair: pair[0]):
                if len(found) >= limit and (not found or found[-1].rev != change.rev):
                    break
                found.append(change)
            return found

    def jobs(self, scope: Scope, ids: Sequence[str] | None = None) -> list[Job]:
        with self._connections.snapshot() as db:
            jobs = [to_job(row) for row in db.execute(queries.JOBS, (self._number(db, scope),))]
        wanted = None if ids is None else set(ids)
        return [job for job in jobs if wanted is None or job.id in wanted]

    def imports(self, scope: Scope) -> list[ImportInfo]:
        with self._connections.snapshot() as db:
            return list(imports.imports(db, scope, self._number(db, scope)))

    def forgotten(self, scope: Scope, ids: Sequence[str]) -> set[str]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            return {
                id for id in ids if db.execute(queries.FORGOTTEN, (number, bound(id))).fetchall()
            }

    def ids(self, scope: Scope, prefix: str, *, limit: int) -> list[str]:
        most = max(limit, 0)
        with self._connections.snapshot() as db:
            return sorted({*queries.ids(db, self._number(db, scope), prefix, most)})[:most]

    def keyed(self, scope: Scope, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        with self._connections.snapshot() as db:
            number = self._number(db, scope)
            return {
                (kind, key): unbound(id)
                for kind, key in keys
                for (id,) in db.execute(queries.KEYED, (number, bound(kind), bound(key)))
            }

    def tally(self, scopes: Sequence[Scope]) -> list[Tally]:
        with self._connections.snapshot() as db:
            numbers = [self._number(db, scope) for scope in dict.fromkeys(scopes)]
            return queries.tally(db, numbers)

    def scopes(self) -> list[Scope]:
        with self._connections.reading() as db:
            return [Scope(*map(unbound, row)) for row in db.execute(queries.SCOPES)]

    def info(self) -> Info:
        with self._connections.snapshot() as db:
            return report(db, self.path, self.durability)

    def backup(self, path: str) -> Info:
        with self._connections.reading() as db:
            return copy_verified(db, self.path, path)

    def restore_from(self, path: str) -> Info:
        with staged(path, self.path) as copy, self._line.alone:
            self._connections.trusted_again()
            self._transaction.replace(copy)
        self._empty_log(patient=True)
        return self.info()

    def reindex(self, terms: TermsOf, *, analysis: int) -> int:
        with self._line.alone:
            with self._connections.snapshot() as db:
                schema.verify_rows(db, self.path)
            self._connections.trusted_again()
            entries = self._transaction.alone(lambda db: rebuilt(db, terms, analysis))
        self._empty_log(patient=False)
        return entries

    def open_by(self) -> list[str] | None:
        """Other processes that have the file open, as "python 4711"; None where nobody tells."""
        return place.open_by(self.path)

    def check(self) -> list[str]:
        """What is wrong with the file, in words; [] if nothing is. Reads everything.

        SQLite's own check, each row's checksum, and the counts kept of them.
        """
        with self._connections.snapshot() as db:
            return faults(db)

    def close(self) -> None:
        with self._line.alone:
            if self._owes_checkpoint:
                with suppress(StoreError):
                    self._connections.checkpoint(patient=True)
            self._connections.close()

    def __repr__(self) -> str:
        return f"SqliteStore({self.path!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store holds open files and cannot be pickled; pass its path instead")

    def _number(self, db: apsw.Connection, scope: Scope) -> int:
        """The scope's number in the file; 0, which no row has, if it has none yet.

        Asked each time, in the state that is read: a restored backup may number them otherwise.
        """
        return scope_number(db, scope) or 0

    def _newest(
        self,
        db: apsw.Connection,
        scope: Scope,
        filter: Filter,
        before: int | None,
        *,
        messages: bool,
    ) -> Iterator[Iterator[Found]]:
        """Streams of a scope's entries that may match, newest first."""
        number = self._number(db, scope)
        yield queries.newest_items(db, scope, number, filter.key, before)
        if messages and (filter.kinds is None or "message" in filter.kinds):
            rows = db.execute(queries.NEWEST_MESSAGES, (number, queries.below(before)))
            yield (Found(row[0], _message(row[1:], scope, number)) for row in rows)

    def _empty_log(self, *, patient: bool) -> None:
        """Ask for a checkpoint that leaves no forgotten byte in the log.

        Somebody who reads at this moment keeps the log, and so does a full disk;
        the next write asks again.
        """
        with self._line.alone:
            self._owes_checkpoint = True
            self._owes_checkpoint = not self._connections.checkpoint(patient=patient)


def _entry(db: apsw.Connection, scope: Scope, number: int, handle: int) -> Iterator[Found]:
    if is_message(handle):
        for row in db.execute(queries.MESSAGE_OF_HANDLE, (number, handle)):
            yield Found(handle, _message(row[1:], scope, number))
    else:
        for row in db.execute(queries.ITEM_OF_HANDLE, (number, handle)):
            yield Found(handle, to_item(row, scope, number))


def _near(row: Any, scope: Scope, number: int) -> Near:
    offset, handle, *rest = row
    return Near(offset, handle, _message(rest, scope, number))


def _message(row: Sequence[Any], scope: Scope, number: int) -> Message:
    """From the session's name and a row of `MESSAGE_COLUMNS`."""
    return to_messages([tuple(row[1:])], scope, number, unbound(row[0]))[0]
