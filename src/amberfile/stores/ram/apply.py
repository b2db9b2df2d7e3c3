"""What each change does, one function a change; the contract is `amberfile.changes`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import singledispatch
from typing import Literal

from amberfile.changes import (
    Append,
    Change,
    Claim,
    ClearSession,
    CloseTurn,
    DropImport,
    Enqueue,
    Finish,
    Forget,
    MarkImport,
    OpenTurn,
    Put,
    RenameSession,
    Restore,
    Result,
    Retract,
)
from amberfile.errors import Conflict, NotFound
from amberfile.stores.ram.tables import Session, Shelf, Tables, own
from amberfile.stores.ram.write import Write
from amberfile.types import MESSAGE, ImportInfo, Item, Job, Turn, Version


@singledispatch
def apply(change: Change, write: Write) -> Result:
    raise TypeError(f"not a change: {change!r}")


@apply.register
def _put(change: Put, write: Write) -> Result:
    given = change.item
    before = _named(write.tables, given)
    id = before.id if before else given.id
    _require_version(id, before, change.if_version)
    if before is None and id in write.tables.forgotten:
        raise Conflict(f"item {id!r} was forgotten, and its id never returns. Use a new id.")
    item = replace(
        own(given),
        id=id,
        scope=write.batch.scope,
        created_at=before.created_at if before else given.created_at,
        state="current",
        version=before.version + 1 if before else 1,
        rev=write.rev,
    )
    write.record(Version(item, "updated" if before else "created"), change.terms)
    return Result((id,), item.version)


@apply.register
def _retract(change: Retract, write: Write) -> Result:
    item = write.tables.item(change.id)
    if item is None or item.state == "retracted":
        return Result()
    hidden = _next_version(item, "retracted", write)
    write.record(Version(hidden, "retracted", change.reason), None)
    return Result(number=1)


@apply.register
def _restore(change: Restore, write: Write) -> Result:
    item = write.tables.item(change.id)
    if item is None or item.state == "current":
        return Result()
    _require_version(change.id, item, change.if_version)
    write.record(Version(_next_version(item, "current", write), "restored"), change.terms)
    return Result(number=1)


@apply.register
def _forget(change: Forget, write: Write) -> Result:
    keyed = {} if change.key is None else write.tables.keys.get(change.key, {})
    gone: list[str] = []
    for id in dict.fromkeys((*change.ids, *keyed.values())):
        gone += [id] * (_forget_item(id, change, write) + _forget_message(id, change, write))
    return Result(tuple(gone), len(gone))


def _forget_item(id: str, change: Forget, write: Write) -> bool:
    item = write.tables.item(id)
    if item is None or not _is_meant(item.rev, change, write.tables):
        return False
    if item.state == "current":
        write.hide(("item", id))
    write.rekey(item, None)
    write.journal.drop(write.tables.items, id)
    _bury(id, change, write)
    write.log(("item", id), item.kind, None)
    return True


def _forget_message(id: str, change: Forget, write: Write) -> bool:
    handle = write.tables.handles.get(("message", id))
    if handle is None:
        return False
    message = write.tables.message(handle)
    if not _is_meant(message.rev, change, write.tables):
        return False
    write.journal.drop(write.tables.sessions[message.session].handles, message.seq)
    write.hide(("message", id))
    _bury(id, change, write)
    write.log(("message", id), MESSAGE, None)
    return True


def _is_meant(rev: int, change: Forget, tables: Tables) -> bool:
    if change.written_by is None:
        return True
    number = tables.import_numbers.get(change.written_by)
    return number is not None and rev in tables.imports[number].revs


def _bury(id: str, change: Forget, write: Write) -> None:
    if not change.may_return:
        write.journal.set(write.tables.forgotten, id, write.rev)


@apply.register
def _append(change: Append, write: Write) -> Result:
    session = write.tables.sessions.get(change.session)
    if change.turn is not None:
        _require_open(change.session, session, change.turn)
    if not change.messages:
        return Result((), session.last_seq + 1 if session else 1)
    said = [message.created_at for message in change.messages]
    session = session or Session(said[0], said[-1])
    first, last = session.last_seq + 1, session.last_seq + len(said)
    for seq, (message, terms) in enumerate(zip(change.messages, change.terms, strict=True), first):
        _require_new(message.id, write.tables)
        stored = replace(
            own(message),
            scope=write.batch.scope,
            session=change.session,
            turn=change.turn,
            seq=seq,
            rev=write.rev,
        )
        write.journal.set(session.handles, seq, write.say(stored, terms))
    write.touch(change.session, session, last_seq=last, updated_at=said[-1])
    return Result(tuple(message.id for message in change.messages), first)


@apply.register
def _open_turn(change: OpenTurn, write: Write) -> Result:
    session = write.tables.sessions.get(change.session) or Session(write.at, write.at)
    if change.turn in session.turns:
        raise Conflict(f"turn {change.turn!r} was used in this session. Use a new id.")
    if session.open_turn is not None:
        _fail_lapsed(session.turns[session.open_turn], session, write)
    turn = Turn(change.turn, change.session, "open", change.lease_until, opened_at=write.at)
    write.journal.set(session.turns, turn.id, turn)
    write.touch(change.session, session, open_turn=turn.id)
    return Result()


def _fail_lapsed(turn: Turn, session: Session, write: Write) -> None:
    if turn.lease_until > write.at:
        raise Conflict(
            f"turn {turn.id!r} of session {turn.session!r} is open until {turn.lease_until}. "
            "Wait until it is closed."
        )
    failed = replace(turn, state="failed", closed_at=write.at)
    write.journal.set(session.turns, turn.id, failed)


@apply.register
def _close_turn(change: CloseTurn, write: Write) -> Result:
    session = write.tables.sessions.get(change.session)
    session = _require_open(change.session, session, change.turn)
    turn = replace(session.turns[change.turn], state=change.state, closed_at=write.at)
    write.journal.set(session.turns, turn.id, turn)
    write.touch(change.session, session, open_turn=None)
    return Result()


@apply.register
def _clear_session(change: ClearSession, write: Write) -> Result:
    session = write.tables.sessions.get(change.session)
    if session is None or (change.if_empty and (session.handles or session.turns)):
        return Result()
    for _, handle in session.handles.below(None):  # from the end of their lists: no shifting
        id = write.tables.message(handle).id
        write.hide(("message", id))
        write.unlog(("message", id))
    write.log(("session", change.session), "session", None)
    if change.drop:
        write.journal.drop(write.tables.sessions, change.session)
    else:
        write.touch(change.session, session, open_turn=None, handles=Shelf(), turns={})
    return Result((change.session,), len(session.handles))


@apply.register
def _rename_session(change: RenameSession, write: Write) -> Result:
    session = write.tables.sessions.get(change.session)
    if session is None:
        raise NotFound(f"session {change.session!r} has not begun. It begins with a message.")
    write.touch(change.session, session, title=change.title)
    return Result()


@apply.register
def _enqueue(change: Enqueue, write: Write) -> Result:
    job = change.job
    if job.id not in write.tables.job_numbers:
        number = write.number()
        queued = Job(job.id, job.kind, job.payload, job.not_before)
        write.journal.set(write.tables.job_numbers, job.id, number)
        write.journal.set(write.tables.jobs, number, own(queued))
    return Result()


@apply.register
def _claim(change: Claim, write: Write) -> Result:
    for number, job in write.tables.jobs.above(0):
        if job.kind in change.kinds and _is_due(job, write.at):
            attempt, until = job.attempt + 1, change.lease_until
            claimed = replace(job, state="claimed", attempt=attempt, lease_until=until)
            write.journal.set(write.tables.jobs, number, claimed)
            return Result((job.id,), attempt)
    return Result()


@apply.register
def _finish(change: Finish, write: Write) -> Result:
    number = write.tables.job_numbers.get(change.id, 0)
    job = write.tables.jobs.get(number)
    if job is None or (job.state, job.attempt) != ("claimed", change.attempt):
        raise Conflict(f"attempt {change.attempt} is not the latest claim of job {change.id!r}.")
    if change.outcome == "done":
        write.journal.drop(write.tables.jobs, number)
        write.journal.drop(write.tables.job_numbers, change.id)
        return Result()
    job = replace(job, lease_until=None, error=change.error)
    if change.outcome == "retry":
        job = replace(job, state="queued", not_before=change.not_before or write.at)
    else:
        job = replace(job, state="failed")
    write.journal.set(write.tables.jobs, number, job)
    return Result()


@apply.register
def _mark_import(change: MarkImport, write: Write) -> Result:
    numbers, imports = write.tables.import_numbers, write.tables.imports
    number = numbers.get(change.id)
    if number is None:
        number = write.number()
        write.journal.set(numbers, change.id, number)
        told = ImportInfo(
            change.id, write.batch.scope, change.source, change.format, 0, write.at, ()
        )
    else:
        told = imports[number]
    revs = tuple(dict.fromkeys((*told.revs, write.rev)))
    told = replace(told, entries=told.entries + change.entries, revs=revs)
    write.journal.set(imports, number, told)
    return Result(number=told.entries)


@apply.register
def _drop_import(change: DropImport, write: Write) -> Result:
    if change.id not in write.tables.import_numbers:
        return Result()
    number = write.journal.drop(write.tables.import_numbers, change.id)
    write.journal.drop(write.tables.imports, number)
    return Result(number=1)


def _named(tables: Tables, given: Item) -> Item | None:
    """The item that `given` is a version of: the one with its key, else with its id."""
    keyed = None if given.key is None else tables.keys.get(given.key, {}).get(given.kind)
    if keyed is None:
        return tables.item(given.id)
    if keyed != given.id and given.id in tables.items:
        raise Conflict(f"{given.kind} key {given.key!r} belongs to {keyed!r}, not {given.id!r}.")
    return tables.item(keyed)


def _next_version(item: Item, state: Literal["current", "retracted"], write: Write) -> Item:
    version, rev = item.version + 1, write.rev
    return replace(item, state=state, version=version, rev=rev, updated_at=write.at)


def _is_due(job: Job, at: datetime) -> bool:
    if job.state == "claimed":
        return job.lease_until is not None and job.lease_until <= at
    return job.state == "queued" and job.not_before <= at


def _require_version(id: str, item: Item | None, wanted: int | None) -> None:
    found = item.version if item else 0
    if wanted not in (None, found):
        raise Conflict(f"item {id!r} has version {found}, not {wanted}. Read it and decide again.")


def _require_new(id: str, tables: Tables) -> None:
    if ("message", id) in tables.handles:
        raise Conflict(f"message {id!r} exists, and messages are never edited. Use a new id.")
    if id in tables.forgotten:
        raise Conflict(f"message {id!r} was forgotten, and its id never returns. Use a new id.")


def _require_open(id: str, session: Session | None, turn: str) -> Session:
    if session is None or session.open_turn != turn:
        raise Conflict(f"turn {turn!r} of session {id!r} is not open. Open a new one.")
    return session
