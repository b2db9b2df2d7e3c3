"""The postings of a term stand in order of place, however they came to be written."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path

import amberfile
from amberfile import Draft
from amberfile.changes import Append, Batch, Terms, pack_weight
from amberfile.stores.sqlite import SqliteStore
from amberfile.stores.sqlite.index import MOST_WAITING, unpacked
from amberfile.testing.samples import ADA, NOW
from amberfile.types import Message


def places(path: Path) -> dict[int, list[int]]:
    """By term, the places in its rows."""
    with amberfile.open(path) as memory:
        store = memory._shared.store()
        assert isinstance(store, SqliteStore)
        with store._connections.snapshot() as db:
            rows = db.execute("SELECT term, data FROM posting ORDER BY term, first").fetchall()
    each = groupby(rows, itemgetter(0))
    return {term: [place for place, _ in unpacked([(r[1],) for r in of])] for term, of in each}


def test_what_waited_in_the_tail_comes_before_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with amberfile.open(path) as memory:
        for number in range(3):
            memory.remember(f"deploy {number}")
        memory.remember_all(Draft(f"deploy again {number}") for number in range(MOST_WAITING))
    found = places(path)
    assert max(map(len, found.values())) == MOST_WAITING + 3
    assert all(one == sorted(one) for one in found.values())


def test_parts_that_are_given_in_another_order_are_sorted(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    weight = pack_weight(1, 1)
    postings = [("deploy", part, weight) for part in (3, 1, 2)]
    count = MOST_WAITING
    said = tuple(Message(f"m{n}", ADA, "s", "user", "deploy", NOW) for n in range(count))
    store = SqliteStore(path)
    store.write(Batch(ADA, (Append("s", said, (Terms(postings, 0, 3, 3),) * count),), NOW))
    store.close()
    [found] = places(path).values()
    assert len(found) == 3 * count
    assert found == sorted(found)
