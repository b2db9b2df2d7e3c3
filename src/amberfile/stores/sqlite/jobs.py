"""Changes of the queue of jobs."""

from __future__ import annotations

from amberfile.changes import Claim, Enqueue, Finish, Result
from amberfile.errors import Conflict
from amberfile.stores.sqlite.rows import bound, to_json, unbound
from amberfile.stores.sqlite.writing import Writing
from amberfile.types import micros

_INSERT = """
    INSERT INTO job (scope, id, kind, payload, state, attempt, not_before, error, rev)
    VALUES (?, ?, ?, ?, 'queued', 0, ?, '', ?)
    ON CONFLICT (scope, id) DO NOTHING
"""
_DUE = """
    SELECT number, id, attempt FROM job
     WHERE scope = ? AND kind IN ({marks})
       AND (state = 'queued' AND not_before <= ? OR state = 'claimed' AND lease_until <= ?)
     ORDER BY number LIMIT 1
"""


def enqueue(writing: Writing, change: Enqueue) -> Result:
    job = change.job
    values = (bound(job.id), bound(job.kind), to_json(job.payload), micros(job.not_before))
    writing.db.execute(_INSERT, (writing.scope, *values, writing.rev))
    return Result()


def claim(writing: Writing, change: Claim) -> Result:
    query = _DUE.format(marks=", ".join("?" * len(change.kinds)))
    kinds = map(bound, change.kinds)
    row = writing.row(query, (writing.scope, *kinds, writing.at, writing.at))
    if row is None:
        return Result()
    number, id, attempt = row
    writing.db.execute(
        "UPDATE job SET state = 'claimed', attempt = ?, lease_until = ?, rev = ? WHERE number = ?",
        (attempt + 1, micros(change.lease_until), writing.rev, number),
    )
    return Result((unbound(id),), attempt + 1)


def finish(writing: Writing, change: Finish) -> Result:
    row = writing.row(
        "SELECT number FROM job WHERE scope = ? AND id = ? AND attempt = ? AND state = 'claimed'",
        (writing.scope, bound(change.id), change.attempt),
    )
    if row is None:
        raise Conflict(
            f"attempt {change.attempt} of job {change.id!r} is not its latest claim: its lease "
            "ran out and another took it, or it is finished. Drop the work"
        )
    if change.outcome == "done":
        writing.db.execute("DELETE FROM job WHERE number = ?", row)
    else:
        state = "queued" if change.outcome == "retry" else "failed"
        not_before = writing.at if change.not_before is None else micros(change.not_before)
        writing.db.execute(
            "UPDATE job SET state = ?, lease_until = NULL, error = ?, rev = ?,"
            " not_before = CASE WHEN ? = 'queued' THEN ? ELSE not_before END WHERE number = ?",
            (state, bound(change.error), writing.rev, state, not_before, *row),
        )
    return Result()
