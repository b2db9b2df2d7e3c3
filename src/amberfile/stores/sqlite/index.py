"""The inverted index of one scope while a batch is written.

What an entry added is kept with its row, packed, so that it can be taken out
again without reading its text. A term goes with its last posting.
"""

from __future__ import annotations

from array import array

import apsw

from amberfile.changes import HANDLE_BITS, Terms
from amberfile.stores.sqlite.rows import bound

_MOST_KNOWN = 500_000


class TermIds:
    """Ids of terms that this writer met; right as long as nobody else wrote."""

    def __init__(self) -> None:
        self._rev = -1
        self._ids: dict[int, dict[str, int]] = {}
        self._size = 0

    def of(self, scope: int) -> dict[str, int]:
        return self._ids.setdefault(scope, {})

    def begin(self, rev: int) -> None:
        """Forget everything unless the store stands where we left it, at `rev`."""
        if rev != self._rev or self._size > _MOST_KNOWN:
            self.forget()

    def end(self, rev: int) -> None:
        """What we know is committed with `rev`."""
        self._rev = rev
        self._size = sum(map(len, self._ids.values()))

    def forget(self) -> None:
        self._ids.clear()
        self._rev = -1


class Index:
    """Adds and removes entries. `flush` writes what was added, in the order of the table."""

    def __init__(self, db: apsw.Connection, scope: int, ids: dict[str, int]) -> None:
        self._db = db
        self._scope = scope
        self._ids = ids
        self._pending: list[tuple[int, int, int]] = []
        self._new: list[tuple[int, int, str | bytes | None]] = []
        self._next_id = 0
        self.entries = self.passages = self.words = 0

    def add(self, handle: int, terms: Terms) -> bytes:
        """Index an entry; returns what `remove` needs."""
        known = self._ids
        first = handle << HANDLE_BITS
        distinct = {}
        for term, part, weight in terms.postings:
            number = known.get(term) or self._look_up(term)
            distinct[number] = None
            self._pending.append((number, first | part, weight))
        self._count(1, terms.passages, terms.words)
        return array("Q", (terms.passages, terms.words, *distinct)).tobytes()

    def remove(self, handle: int, packed: bytes) -> None:
        """Take an entry out again."""
        self.flush()
        passages, words, *numbers = array("Q", packed)
        places = handle << HANDLE_BITS, (handle + 1) << HANDLE_BITS
        for number in numbers:
            self._db.execute(_DELETE, (number, *places))
            for (text,) in self._db.execute(_DELETE_UNUSED, (number, number)):
                self._ids.pop(text if isinstance(text, str) else _decoded(text), None)
        self._count(-1, -passages, -words)

    def flush(self) -> None:
        """Write the postings that wait; sorted, so that pages fill from left to right."""
        if self._new:
            self._db.executemany(_INSERT_TERM, self._new)
            self._new = []
        if self._pending:
            self._pending.sort()
            self._db.executemany(_INSERT, self._pending)
            self._pending = []

    def _count(self, entries: int, passages: int, words: int) -> None:
        self.entries += entries
        self.passages += passages
        self.words += words

    def _look_up(self, term: str) -> int:
        text = bound(term)
        for (number,) in self._db.execute(_FIND_TERM, (self._scope, text)):
            break
        else:
            if not self._new:
                self._next_id = next(self._db.execute(_LAST_TERM))[0]
            self._next_id += 1
            number = self._next_id
            self._new.append((number, self._scope, text))
        self._ids[term] = number
        return int(number)


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")


_INSERT = "INSERT INTO posting (term, place, weight) VALUES (?, ?, ?)"
_DELETE = "DELETE FROM posting WHERE term = ? AND place >= ? AND place < ?"
_INSERT_TERM = "INSERT INTO term (id, scope, text) VALUES (?, ?, ?)"
_FIND_TERM = "SELECT id FROM term WHERE scope = ? AND text = ?"
_LAST_TERM = "SELECT coalesce(max(id), 0) FROM term"
_DELETE_UNUSED = """
    DELETE FROM term
     WHERE id = ? AND NOT EXISTS (SELECT 1 FROM posting WHERE term = ?)
    RETURNING text
"""
