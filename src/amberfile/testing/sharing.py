"""Many threads, several instances, a restart, a copy, an end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest

from amberfile.changes import Claim, ClearSession, Forget
from amberfile.errors import Conflict, InvalidInput, NotFound, StoreClosed
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks, needs, only_if
from amberfile.testing.samples import (
    ADA,
    BOB,
    EVERY_CHANGE,
    FURNITURE,
    HOUR,
    MANY,
    NOW,
    append,
    batch,
    enqueue,
    found,
    ids,
    message,
    places,
    put,
    say,
    terms_of,
    view,
)
from amberfile.types import ALL

T = TypeVar("T")

Later: TypeAlias = Callable[[Store], Store]

SCOPES = [ADA, BOB]
WORKERS = 8
ROUNDS = 12
READS = 300

SECRET = "quicksilver-7391"  # noqa: S105 - a word that no file holds by chance


class ThreadContract(StoreHooks):
    def test_threads_append_to_one_session_without_gaps(self, store: Store) -> None:
        def work(worker: int) -> list[int]:
            texts = [f"{worker} says {turn}" for turn in range(ROUNDS)]
            return [store.write(batch(say(text))).results[0].number for text in texts]

        every = [*range(1, WORKERS * ROUNDS + 1)]
        assert sorted(_at_once(work)) == every
        assert [one.seq for one in store.messages(ADA, "s")] == every

    def test_threads_write_one_key_into_one_item(self, store: Store) -> None:
        def work(worker: int) -> list[int]:
            changes = [put(f"{worker} {turn}", f"w{worker}", key="k") for turn in range(ROUNDS)]
            return [store.write(batch(change)).results[0].number for change in changes]

        every = [*range(1, WORKERS * ROUNDS + 1)]
        assert sorted(_at_once(work)) == every
        [one] = found(store)
        assert [version.number for version in store.history(ADA, one.entry.id)] == every
        assert store.vocabulary([ADA], "w", prefix=True, limit=99) == [one.entry.text]

    def test_threads_get_revs_without_gaps(self, store: Store) -> None:
        def work(worker: int) -> list[int]:
            scope = SCOPES[worker % 2]
            return [store.write(batch(put(f"{worker}"), scope=scope)).rev for _ in range(ROUNDS)]

        revs = sorted(_at_once(work))
        assert revs == [*range(revs[0], revs[0] + WORKERS * ROUNDS)]
        assert store.info().rev == revs[-1]

    def test_no_update_with_if_version_is_lost(self, store: Store) -> None:
        store.write(batch(put("a", "0")))

        def work(worker: int) -> list[int]:
            return [_add_one(store) for _ in range(ROUNDS)]

        assert sorted(_at_once(work)) == [*range(1, WORKERS * ROUNDS + 1)]
        assert store.get(ADA, ["a"])[0].text == str(WORKERS * ROUNDS)

    def test_threads_never_claim_one_job_twice(self, store: Store) -> None:
        jobs = [f"job {number}" for number in range(WORKERS * ROUNDS)]
        store.write(batch(*map(enqueue, jobs)))
        claim = batch(Claim(("work",), NOW + HOUR))

        def work(worker: int) -> list[str]:
            return [store.write(claim).results[0].ids[0] for _ in range(ROUNDS)]

        assert sorted(_at_once(work)) == sorted(jobs)

    def test_a_reader_sees_whole_batches(self, store: Store) -> None:
        names = [f"{number}" for number in range(WORKERS)]
        store.write(batch(*map(put, names)))

        def read() -> None:
            for _ in range(READS):
                by_id = store.get(ADA, names)
                by_handle = [one.entry for one in store.find([ADA], ALL, limit=MANY)]
                for seen in (by_id, by_handle):
                    assert len(seen) == len(names)
                    assert len({one.rev for one in seen}) == 1

        with _restless(), ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            while not all(reader.done() for reader in readers):
                store.write(batch(*map(put, names)))
            for reader in readers:
                reader.result()


class RestartContract(StoreHooks):
    @only_if("durable")
    def test_everything_is_there_after_a_restart(self, store: Store, closed_later: Later) -> None:
        for scope in SCOPES:
            store.write(batch(*FURNITURE, scope=scope))
        before = view(store, SCOPES)
        once = closed_later(self.reopen(store))
        assert view(once, SCOPES) == before
        twice = closed_later(self.reopen(once))
        assert view(twice, SCOPES) == before

    @only_if("durable")
    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_every_change_works_after_a_restart(
        self, store: Store, closed_later: Later, name: str
    ) -> None:
        rev = store.write(batch(*FURNITURE)).rev
        once = closed_later(self.reopen(store))
        assert once.write(batch(EVERY_CHANGE[name])).rev == rev + 1
        before = view(once, SCOPES)
        twice = closed_later(self.reopen(once))
        assert view(twice, SCOPES) == before

    @only_if("durable")
    def test_a_retry_is_safe_over_a_restart(self, store: Store, closed_later: Later) -> None:
        call = batch(put("a"), op_id="op", digest=b"1")
        first = store.write(call)
        again = closed_later(self.reopen(store)).write(call)
        assert again == first._replace(replayed=True)

    @only_if("durable")
    def test_seq_goes_on_over_a_restart(self, store: Store, closed_later: Later) -> None:
        store.write(batch(say("one", "two"), ClearSession("s")))
        store = closed_later(self.reopen(store))
        assert store.write(batch(say("three"))).results[0].number == 3

    @only_if("durable")
    def test_a_forgotten_id_stays_gone_over_a_restart(
        self, store: Store, closed_later: Later
    ) -> None:
        store.write(batch(put("a"), Forget(("a",))))
        store = closed_later(self.reopen(store))
        with pytest.raises(Conflict):
            store.write(batch(put("a")))


class InstanceContract(StoreHooks):
    @only_if("multi_process")
    def test_each_instance_sees_what_the_other_wrote(
        self, store: Store, closed_later: Later
    ) -> None:
        other = closed_later(self.second(store))
        for writer, reader in ((store, other), (other, store)):
            for change in (put("a", "red"), say(f"hello {writer is store}")):
                writer.write(batch(change))
                assert view(reader, SCOPES) == view(writer, SCOPES)

    @only_if("multi_process")
    def test_instances_share_revs_seqs_versions_and_op_ids(
        self, store: Store, closed_later: Later
    ) -> None:
        pair = (store, closed_later(self.second(store)))
        calls = [
            batch(say(f"turn {turn}"), put(f"{turn}", key="k"), op_id=f"{turn}")
            for turn in range(ROUNDS)
        ]
        written = [pair[turn % 2].write(call) for turn, call in enumerate(calls)]
        again = [pair[1 - turn % 2].write(call) for turn, call in enumerate(calls)]
        first = written[0].rev
        assert [one.rev for one in written] == [*range(first, first + ROUNDS)]
        numbers = [[result.number for result in one.results] for one in written]
        assert numbers == [[turn, turn] for turn in range(1, ROUNDS + 1)]
        assert again == [one._replace(replayed=True) for one in written]

    @only_if("multi_process")
    def test_threads_of_two_instances_append_without_gaps(
        self, store: Store, closed_later: Later
    ) -> None:
        pair = (store, closed_later(self.second(store)))

        def work(worker: int) -> list[int]:
            texts = [f"{worker} says {turn}" for turn in range(ROUNDS)]
            return [pair[worker % 2].write(batch(say(text))).results[0].number for text in texts]

        every = [*range(1, WORKERS * ROUNDS + 1)]
        assert sorted(_at_once(work)) == every
        assert [one.seq for one in store.messages(ADA, "s")] == every

    @only_if("multi_process")
    def test_closing_one_instance_leaves_the_other_open(self, store: Store) -> None:
        other = self.second(store)
        other.close()
        assert store.write(batch(put("a"))).results[0].number == 1


class LifeContract(StoreHooks):
    def test_info_says_what_the_store_is(self, store: Store) -> None:
        empty = store.info()
        rev = store.write(batch(put("a"))).rev
        assert (empty.rev, store.info().rev) == (rev - 1, rev)
        assert empty.store
        assert {"isolation", "atomicity", "durability"} <= set(empty.promises)

    def test_capabilities_stay_as_they_are(self, store: Store) -> None:
        before = store.capabilities
        store.write(batch(put("a")))
        assert store.capabilities == before

    @needs("backup")
    def test_a_backup_holds_everything(
        self, store: Store, closed_later: Later, tmp_path: Path
    ) -> None:
        store.write(batch(*FURNITURE))
        path = str(tmp_path / "copy")
        assert store.backup(path).rev == store.info().rev
        before = view(store, SCOPES)
        store.write(batch(put("later")))
        assert view(closed_later(self.opened(path)), SCOPES) == before

    @needs("backup")
    def test_a_backup_overwrites_nothing(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "copy"
        path.write_text("mine")
        with pytest.raises(InvalidInput):
            store.backup(str(path))
        assert path.read_text() == "mine"

    @needs("backup")
    def test_a_backup_is_taken_back(self, store: Store, tmp_path: Path) -> None:
        store.write(batch(*FURNITURE))
        path = str(tmp_path / "copy")
        store.backup(path)
        before = view(store, SCOPES)
        last = store.write(batch(put("later"), scope=BOB)).rev
        assert store.restore_from(path).rev > last
        assert view(store, SCOPES) | {"rev": 0} == before | {"rev": 0}
        store.write(batch(put("after"), scope=BOB))
        assert ids(found(store, BOB)) == ["after"]

    @needs("backup")
    def test_without_a_backup_nothing_is_taken_back(self, store: Store, tmp_path: Path) -> None:
        store.write(batch(*FURNITURE))
        before = view(store, SCOPES)
        with pytest.raises(NotFound):
            store.restore_from(str(tmp_path / "absent"))
        assert view(store, SCOPES) == before

    @only_if("erases")
    def test_forgotten_bytes_are_gone_from_the_medium(self, store: Store) -> None:
        store.write(batch(put("a", SECRET, key=SECRET, metadata={SECRET: SECRET})))
        store.write(batch(append(message(SECRET, id="m")), say("in between")))
        assert SECRET.encode() in self.medium(store)
        store.write(batch(Forget(("a", "m"))))
        assert SECRET.encode() not in self.medium(store)
        assert ids(found(store)) == ["in between"]

    @only_if("erases")
    def test_the_bytes_of_a_dropped_session_are_gone(self, store: Store) -> None:
        store.write(batch(append(message(SECRET, id="m")), say("elsewhere", session="t")))
        store.write(batch(ClearSession("s", drop=True)))
        assert SECRET.encode() not in self.medium(store)
        assert places(store, SECRET) == []

    def test_a_closed_store_answers_nothing(self, store: Store, tmp_path: Path) -> None:
        store.write(batch(put("a")))
        store.close()
        store.close()
        for call in _every_call(store, str(tmp_path / "copy")):
            with pytest.raises(StoreClosed):
                call()


def _at_once(work: Callable[[int], list[T]]) -> list[T]:
    """What every worker answered, one worker after another."""
    with _restless(), ThreadPoolExecutor(WORKERS) as pool:
        return list(chain.from_iterable(pool.map(work, range(WORKERS))))


@contextmanager
def _restless() -> Iterator[None]:
    """Threads change places as often as they can, so that a missing lock is seen."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _add_one(store: Store) -> int:
    """Read, add, write; again while somebody else was first."""
    while True:
        [now] = store.get(ADA, ["a"])
        more = int(now.text) + 1
        with suppress(Conflict):
            store.write(batch(put("a", str(more), if_version=now.version)))
            return more


def _every_call(store: Store, path: str) -> list[Callable[[], object]]:
    return [
        lambda: store.write(batch(put("b"))),
        lambda: store.write(batch()),
        lambda: store.get(ADA, ["a"]),
        lambda: store.get(ADA, []),
        lambda: store.find([ADA], ALL, limit=1),
        lambda: store.entries([ADA], [2]),
        lambda: store.near([ADA], [3], before=1, after=1),
        lambda: store.messages(ADA, "s"),
        lambda: store.known_messages(ADA, ["a"]),
        lambda: store.sessions(ADA),
        lambda: store.turns(ADA, "s"),
        lambda: store.postings([ADA], ["a"]),
        lambda: store.stats([ADA]),
        lambda: store.vocabulary([ADA], "", prefix=True, limit=1),
        lambda: store.history(ADA, "a"),
        lambda: store.changes([ADA], 0, limit=1),
        lambda: store.jobs(ADA),
        lambda: store.imports(ADA),
        lambda: store.forgotten(ADA, ["a"]),
        lambda: store.ids(ADA, "", limit=1),
        lambda: store.keyed(ADA, [("note", "k")]),
        lambda: store.tally([ADA]),
        lambda: store.scopes(),
        lambda: store.info(),
        lambda: store.backup(path),
        lambda: store.reindex(terms_of, analysis=1),
    ]
