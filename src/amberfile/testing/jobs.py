"""The contract of jobs: one claim at a time, fenced by its attempt."""

from __future__ import annotations

from datetime import datetime

import pytest

from amberfile.changes import Claim, Finish, Result
from amberfile.errors import Conflict
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import ADA, HOUR, NOW, SECOND, batch, enqueue, exact
from amberfile.types import Job

CLAIM = Claim(("work",), NOW + HOUR)


class JobContract(StoreHooks):
    def test_a_job_reads_back_as_it_was_queued(self, store: Store) -> None:
        payload = {"": [1, 1.0, True, None], "deep": {"x": "y"}}
        store.write(batch(enqueue("a", payload=payload, not_before=NOW + SECOND)))
        expected = Job("a", "work", payload, NOW + SECOND)
        assert exact(store.jobs(ADA)) == [exact(expected)]

    def test_a_job_shares_nothing_with_what_was_given_or_read(self, store: Store) -> None:
        payload = {"list": [1]}
        store.write(batch(enqueue("a", payload=payload)))
        payload["list"].append(2)
        store.jobs(ADA)[0].payload["list"].append(3)
        assert store.jobs(ADA)[0].payload == {"list": [1]}

    def test_jobs_are_told_oldest_first(self, store: Store) -> None:
        store.write(batch(enqueue("b"), enqueue("a")))
        store.write(batch(enqueue("c", not_before=NOW - HOUR)))
        assert [job.id for job in store.jobs(ADA)] == ["b", "a", "c"]
        assert [job.id for job in store.jobs(ADA, ["c", "nobody", "b"])] == ["b", "c"]
        assert store.jobs(ADA, []) == []

    def test_a_job_that_stands_is_not_queued_again(self, store: Store) -> None:
        store.write(batch(enqueue("a", payload={"x": 1}), enqueue("b"), CLAIM))
        before = store.jobs(ADA)
        store.write(batch(enqueue("a", kind="other", payload={"x": 2}), enqueue("b")))
        assert store.jobs(ADA) == before

    def test_a_claim_takes_the_oldest_job_that_is_due(self, store: Store) -> None:
        store.write(
            batch(
                enqueue("other", kind="sleep"),
                enqueue("later", not_before=NOW + SECOND),
                enqueue("b"),
                enqueue("a", not_before=NOW - HOUR),
            )
        )
        assert _claim(store, NOW) == Result(("b",), 1)
        assert _claim(store, NOW) == Result(("a",), 1)
        assert _claim(store, NOW) == Result((), 0)
        assert _claim(store, NOW + SECOND) == Result(("later",), 1)
        claimed = store.jobs(ADA, ["b"])
        assert claimed == [Job("b", "work", {}, NOW, "claimed", 1, NOW + HOUR)]

    def test_a_claim_names_the_kinds_it_can_do(self, store: Store) -> None:
        store.write(batch(enqueue("a", kind="work"), enqueue("b", kind="sleep")))
        assert _claim(store, NOW, ()) == Result((), 0)
        assert _claim(store, NOW, ("sleep", "eat")) == Result(("b",), 1)

    def test_a_claim_that_ran_out_may_be_taken_again(self, store: Store) -> None:
        store.write(batch(enqueue("a"), CLAIM))
        assert _claim(store, NOW + HOUR - SECOND) == Result((), 0)
        assert _claim(store, NOW + HOUR) == Result(("a",), 2)

    def test_only_the_latest_claim_may_finish(self, store: Store) -> None:
        store.write(batch(enqueue("a"), CLAIM))
        store.write(batch(Claim(("work",), NOW + 2 * HOUR), at=NOW + HOUR))
        for attempt in (0, 1, 3):
            with pytest.raises(Conflict):
                store.write(batch(Finish("a", attempt)))
        store.write(batch(Finish("a", 2)))
        assert store.jobs(ADA) == []

    def test_a_late_finish_counts_while_nobody_else_claimed(self, store: Store) -> None:
        store.write(batch(enqueue("a"), CLAIM))
        store.write(batch(Finish("a", 1), at=NOW + 2 * HOUR))
        assert store.jobs(ADA) == []

    def test_what_is_not_claimed_cannot_be_finished(self, store: Store) -> None:
        store.write(batch(enqueue("a")))
        for id, attempt in (("a", 0), ("a", 1), ("nobody", 1)):
            with pytest.raises(Conflict):
                store.write(batch(Finish(id, attempt)))
        store.write(batch(CLAIM, Finish("a", 1, "failed")))
        with pytest.raises(Conflict):
            store.write(batch(Finish("a", 1)))

    def test_a_finished_job_is_gone_and_may_be_queued_again(self, store: Store) -> None:
        store.write(batch(enqueue("a"), enqueue("b"), CLAIM, Finish("a", 1)))
        store.write(batch(enqueue("a")))
        assert [(job.id, job.attempt) for job in store.jobs(ADA)] == [("b", 0), ("a", 0)]

    def test_a_job_to_be_retried_waits_until_it_is_due(self, store: Store) -> None:
        store.write(batch(enqueue("a"), enqueue("b"), CLAIM))
        again = NOW + 2 * SECOND
        store.write(batch(Finish("a", 1, "retry", not_before=again, error="it rained")))
        assert store.jobs(ADA, ["a"]) == [Job("a", "work", {}, again, attempt=1, error="it rained")]
        assert _claim(store, NOW) == Result(("b",), 1)
        assert _claim(store, NOW + SECOND) == Result((), 0)
        assert _claim(store, again) == Result(("a",), 2)

    def test_a_job_to_be_retried_is_due_at_once_without_a_time(self, store: Store) -> None:
        store.write(batch(enqueue("a"), CLAIM))
        at = NOW + SECOND
        store.write(batch(Finish("a", 1, "retry"), at=at))
        assert [job.not_before for job in store.jobs(ADA)] == [at]
        assert _claim(store, at) == Result(("a",), 2)

    def test_a_failed_job_stays_and_is_not_claimed(self, store: Store) -> None:
        store.write(batch(enqueue("a"), CLAIM, Finish("a", 1, "failed", error="it broke")))
        failed = Job("a", "work", {}, NOW, "failed", attempt=1, error="it broke")
        assert store.jobs(ADA) == [failed]
        assert _claim(store, NOW + 9 * HOUR) == Result((), 0)


def _claim(store: Store, at: datetime, kinds: tuple[str, ...] = ("work",)) -> Result:
    return store.write(batch(Claim(kinds, at + HOUR), at=at)).results[0]
