"""The inverted index of one scope while a batch is written.

The postings of a term stand in its rows up to 64 together, in order of place:
a row more a posting would be three times the space, twice the writing and ten
times the reading. Handles only grow, so new ones are appended to a term's
last row. The postings of the last few entries wait in a tail, a row an entry,
and are moved together: else a single write would touch a page for each of its
terms. What an entry added is kept with its own row, packed, so that it can be
taken out again without reading its text. A term goes with its last posting.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from struct import Struct
from typing import Any, TypeAlias

import apsw

from amberfile.changes import HANDLE_BITS, Terms
from amberfile.errors import StoreCorrupt
from amberfile.stores.sqlite.rows import bound, unbound
from amberfile.types import Scope

POSTING = Struct("<QI")  # place, weight
ROW_BYTES = 64 * POSTING.size

WAITING = Struct("<IQI")  # term, place, weight
MOST_WAITING = 512
"""Postings of a scope in the tail: about 40 sentences, 0.1 ms to read through."""

_MOST_KNOWN = 150_000

_Added: TypeAlias = tuple[int, Sequence[int], Sequence[tuple[str, int, int]]]
"""An entry's handle, the ids of its terms, and its postings by part."""

_part = itemgetter(1)


def unpacked(rows: Iterable[Any], form: Struct = POSTING) -> list[Any]:
    """The postings in rows of `data`: of one term, or of a tail."""
    data = b"".join([data for (data,) in rows])
    if len(data) % form.size:
        raise StoreCorrupt(
            "a part of the index is damaged. Nothing more is written here. "
            "Make it again from the rows: amberfile reindex"
        )
    return list(form.iter_unpack(data))


class Known:
    """What this writer knows of a scope's terms: their ids, and their last rows.

    Args:
        ids: by term.
        last: by id: the last row's `first`, and its bytes.
        waiting: postings in the tail.
    """

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.last: dict[int, tuple[int, int]] = {}
        self.waiting = 0


class KnownTerms:
    """What is known of every scope, and the scopes' numbers. Right as long as nobody else wrote."""

    def __init__(self) -> None:
        self._rev = -1
        self._scopes: dict[int, Known] = {}
        self.numbers: dict[Scope, int] = {}

    def of(self, scope: int) -> Known:
        return self._scopes.setdefault(scope, Known())

    def begin(self, rev: int) -> None:
        """Forget everything unless the store stands where we left it, at `rev`."""
        if rev != self._rev or sum(len(known.ids) for known in self._scopes.values()) > _MOST_KNOWN:
            self.forget()

    def end(self, rev: int) -> None:
        """What we know is committed with `rev`."""
        self._rev = rev

    def forget(self) -> None:
        self._scopes.clear()
        self.numbers.clear()
        self._rev = -1


class Index:
    """Adds and removes entries. `finish` writes what was added."""

    def __init__(self, db: apsw.Connection, scope: int, known: Known) -> None:
        self._db = db
        self._scope = scope
        self._known = known
        self._added: list[_Added] = []
        self._new: list[tuple[int, int, str | bytes | None]] = []
        self._next_id = 0
        self._touched = False
        self.entries = self.passages = self.words = 0

    @property
    def changed(self) -> bool:
        return self._touched

    @property
    def waiting(self) -> int:
        return self._known.waiting

    def add(self, handle: int, terms: Terms) -> bytes:
        """Index an entry; returns what `remove` needs."""
        ids = self._known.ids
        postings = sorted(terms.postings, key=_part)
        numbers = [ids.get(term) or self._look_up(term) for term, _, _ in postings]
        self._added.append((handle, numbers, postings))
        self._count(1, terms.passages, terms.words)
        return array("I", (terms.passages, terms.words, *dict.fromkeys(numbers))).tobytes()

    def remove(self, handle: int, packed: bytes) -> None:
        """Take an entry out again."""
        self._settle()
        passages, words, *numbers = array("I", packed)
        for number in numbers:
            self._remove_postings(number, handle << HANDLE_BITS, (handle + 1) << HANDLE_BITS)
            self._known.last.pop(number, None)
            for (text,) in self._db.execute(_DELETE_UNUSED, (number, number)):
                self._known.ids.pop(unbound(text), None)
        self._count(-1, -passages, -words)

    def finish(self) -> None:
        """Write what was added: to the tail, or with all that waits there to its place."""
        added = sum(len(numbers) for _, numbers, _ in self._added)
        if self._known.waiting + added > MOST_WAITING:
            self._settle()
        elif added:
            self._write_new_terms()
            rows = [(self._scope, one[0], _waiting(one)) for one in self._added if one[1]]
            self._db.executemany(_INSERT_TAIL, rows)
            self._known.waiting += added
            self._added = []

    def _write_new_terms(self) -> None:
        if self._new:
            self._db.executemany(_INSERT_TERM, self._new)
            self._new = []

    def _settle(self) -> None:
        """Write every posting that waits, sorted, so that pages fill from left to right."""
        self._write_new_terms()
        data = self._gathered()
        longer: list[tuple[bytes, int, int]] = []
        more: list[tuple[int, int, bytes]] = []
        for number in sorted(data):
            self._append(number, b"".join(data[number]), longer, more)
        if longer:
            self._db.executemany(_LENGTHEN, longer)
        if more:
            self._db.executemany(_INSERT, more)

    def _gathered(self) -> dict[int, list[bytes]]:
        """By term, the postings that wait: those in the tail are older than what was added."""
        data: defaultdict[int, list[bytes]] = defaultdict(list)
        pack = POSTING.pack
        if self._known.waiting:
            tail = self._db.execute(TAIL, (self._scope,))
            for number, place, weight in unpacked(tail, WAITING):
                data[number].append(pack(place, weight))
            self._db.execute(_EMPTY_TAIL, (self._scope,))
            self._known.waiting = 0
        for handle, numbers, postings in self._added:
            first = handle << HANDLE_BITS
            for number, (_, part, weight) in zip(numbers, postings, strict=True):
                data[number].append(pack(first | part, weight))
        self._added = []
        return data

    def _append(
        self,
        number: int,
        data: bytes,
        longer: list[tuple[bytes, int, int]],
        more: list[tuple[int, int, bytes]],
    ) -> None:
        """Plan where a term's new postings go: into its last row as far as they fit."""
        first, size = self._known.last.get(number) or self._last_row(number)
        room = max(ROW_BYTES - size, 0) if size else 0
        if room:
            longer.append((data[:room], number, first))
            size += len(data[:room])
        for start in range(room, len(data), ROW_BYTES):
            piece = data[start : start + ROW_BYTES]
            first, size = POSTING.unpack_from(piece)[0], len(piece)
            more.append((number, first, piece))
        self._known.last[number] = first, size

    def _last_row(self, number: int) -> tuple[int, int]:
        rows: Any = self._db.execute(_LAST_ROW, (number,)).fetchall()
        return rows[0] if rows else (0, 0)

    def _remove_postings(self, number: int, low: int, high: int) -> None:
        """Take out a term's postings from place `low` to below `high`."""
        rows: Any = self._db.execute(_ROWS_BELOW, (number, high))
        touched = []
        for first, data in rows:
            touched.append((first, data))
            if first <= low:
                break
        for first, data in touched:
            kept = [pair for pair in POSTING.iter_unpack(data) if not low <= pair[0] < high]
            if kept:
                shorter = b"".join([POSTING.pack(*pair) for pair in kept])
                self._db.execute(_SHORTEN, (shorter, number, first))
            else:
                self._db.execute(_DELETE, (number, first))

    def _count(self, entries: int, passages: int, words: int) -> None:
        self._touched = True
        self.entries += entries
        self.passages += passages
        self.words += words

    def _look_up(self, term: str) -> int:
        text = bound(term)
        found: Any = self._db.execute(_FIND_TERM, (self._scope, text)).fetchall()
        number: int = found[0][0] if found else self._new_term(text)
        self._known.ids[term] = number
        return number

    def _new_term(self, text: str | bytes | None) -> int:
        if not self._new:
            last: Any = self._db.execute(_LAST_TERM).fetchall()
            self._next_id = last[0][0]
        self._next_id += 1
        self._new.append((self._next_id, self._scope, text))
        self._known.last[self._next_id] = 0, 0
        return self._next_id


def _waiting(added: _Added) -> bytes:
    """One entry's row in the tail."""
    handle, numbers, postings = added
    first, pairs = handle << HANDLE_BITS, zip(numbers, postings, strict=True)
    return b"".join([WAITING.pack(number, first | part, w) for number, (_, part, w) in pairs])


TAIL = "SELECT data FROM tail WHERE scope = ? ORDER BY handle"
_INSERT_TAIL = "INSERT INTO tail (scope, handle, data) VALUES (?, ?, ?)"
_EMPTY_TAIL = "DELETE FROM tail WHERE scope = ?"
_INSERT = "INSERT INTO posting (term, first, data) VALUES (?, ?, ?)"
_LENGTHEN = "UPDATE posting SET data = CAST(data || ? AS BLOB) WHERE term = ? AND first = ?"
_SHORTEN = "UPDATE posting SET data = ? WHERE term = ? AND first = ?"
_DELETE = "DELETE FROM posting WHERE term = ? AND first = ?"
_LAST_ROW = "SELECT first, length(data) FROM posting WHERE term = ? ORDER BY first DESC LIMIT 1"
_ROWS_BELOW = "SELECT first, data FROM posting WHERE term = ? AND first < ? ORDER BY first DESC"
_INSERT_TERM = "INSERT INTO term (id, scope, text) VALUES (?, ?, ?)"
_FIND_TERM = "SELECT id FROM term WHERE scope = ? AND text = ?"
_LAST_TERM = "SELECT coalesce(max(id), 0) FROM term"
_DELETE_UNUSED = """
    DELETE FROM term
     WHERE id = ? AND NOT EXISTS (SELECT 1 FROM posting WHERE term = ?)
    RETURNING text
"""
