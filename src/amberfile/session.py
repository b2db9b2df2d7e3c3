"""`Session`: the log of one conversation, in order, and its turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from amberfile import checks
from amberfile.changes import Append, Change, ClearSession, CloseTurn, OpenTurn, RenameSession
from amberfile.drafts import Fields, Said, checked_said, to_message
from amberfile.errors import AmberfileError, NotFound
from amberfile.recall.shape import message_terms
from amberfile.shared import Shared, batches
from amberfile.types import Message, Parts, Scope, SessionInfo

LEASE = timedelta(minutes=10)


class Session:
    """What was said, oldest first. It begins with its first message.

    Made by `Memory.session` and `Memory.resume`. Safe to share between threads.
    """

    def __init__(self, shared: Shared, scope: Scope, id: str) -> None:
        self._shared, self._scope, self._id = shared, scope, id

    @property
    def id(self) -> str:
        return self._id

    def append(
        self,
        role: str,
        content: str | None,
        *,
        name: str | None = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        tool_call_id: str | None = None,
        parts: Parts | None = None,
        created_at: datetime | None = None,
        id: str | None = None,
        op_id: str | None = None,
    ) -> Message:
        """Add a message at the end, as a turn of its own; gives it as it is stored.

        Args:
            op_id: makes a retry safe: the same call again within 24 hours
                gives the message that the first one wrote.

        Raises:
            Conflict: a message has this id, or had it and was forgotten.
        """
        said = Said(role, content, name, tool_calls, tool_call_id, parts, created_at, id)
        return self._append(said, turn=None, op_id=op_id)

    def extend(self, messages: Iterable[Said]) -> int:
        """Add many messages at the end; gives their number.

        They are written a thousand at a time. An error leaves the thousands
        before it written.
        """
        written = 0
        for batch in batches(messages):
            self._write(self._appending([checked_said(said) for said in batch]))
            written += len(batch)
        return written

    def messages(self, limit: int | None = None) -> list[Message]:
        """The messages, oldest first.

        Args:
            limit: the last so many; 0 or less gives none.
        """
        limit = checks.optional(checks.whole)("limit", limit)
        return self._shared.store().messages(self._scope, self._id, limit=limit)

    def clear(self) -> int:
        """Remove its messages for good; `seq` goes on. Gives how many."""
        return self._write(ClearSession(self._id))

    def delete(self) -> int:
        """Remove the session and its messages for good; gives how many messages."""
        return self._write(ClearSession(self._id, drop=True))

    def rename(self, title: str) -> None:
        """Give it a title. Raises `NotFound` if it has not begun."""
        self._write(RenameSession(self._id, checks.text("title", title)))

    def info(self) -> SessionInfo:
        """How it stands. Raises `NotFound` if it has not begun."""
        for info in self._shared.store().sessions(self._scope, self._id):
            if info.id == self._id:
                return info
        raise NotFound(f"session {self._id!r} has not begun. Its first message begins it.")

    def turn(self, *, lease: timedelta = LEASE) -> TurnWriter:
        """One exchange, as a context manager: done at its end, failed by an exception.

        Args:
            lease: after this time another writer may take over, if it has not ended.
        """
        return TurnWriter(self, self._shared.new_id(), checks.lease("lease", lease))

    def __repr__(self) -> str:
        return f"<Session {self._id!r} of {self._scope}>"

    def _append(self, said: Said, *, turn: str | None, op_id: str | None) -> Message:
        fields = checked_said(said)
        change = self._appending([fields], turn)
        call = ("append", self._id, fields)
        written = self._shared.write(self._scope, [change], op_id=op_id, call=call)
        ids, seq = written.results[0]
        if not written.replayed:
            return replace(change.messages[0], turn=turn, seq=seq, rev=written.rev)
        stored = self._shared.store().known_messages(self._scope, ids)
        if not stored:
            raise NotFound(f"message {ids[0]!r} was forgotten. Append it under a new op_id.")
        return stored[0]

    def _appending(self, each: Sequence[Fields], turn: str | None = None) -> Append:
        now, new_id = self._shared.now(), self._shared.new_id
        messages = tuple(to_message(one, self._scope, self._id, now, new_id()) for one in each)
        return Append(self._id, messages, tuple(map(message_terms, messages)), turn)

    def _write(self, change: Change) -> int:
        return self._shared.write(self._scope, [change]).results[0].number

    def _open_turn(self, id: str, lease: timedelta) -> None:
        self._write(OpenTurn(self._id, id, self._shared.now() + lease))

    def _close_turn(self, id: str, *, failed: bool) -> None:
        self._write(CloseTurn(self._id, id, "failed" if failed else "done"))


class TurnWriter:
    """A turn of a session, open between `with` and its end.

    Raises:
        Conflict: at the start, another turn is open and its lease runs; at
            the end, the lease ran out and another writer took over.
    """

    def __init__(self, session: Session, id: str, lease: timedelta) -> None:
        self._session, self._id, self._lease = session, id, lease

    @property
    def id(self) -> str:
        return self._id

    def append(
        self,
        role: str,
        content: str | None,
        *,
        name: str | None = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        tool_call_id: str | None = None,
        parts: Parts | None = None,
        created_at: datetime | None = None,
        id: str | None = None,
        op_id: str | None = None,
    ) -> Message:
        """`Session.append`, into this turn. Raises `Conflict` when it is not open."""
        said = Said(role, content, name, tool_calls, tool_call_id, parts, created_at, id)
        return self._session._append(said, turn=self._id, op_id=op_id)

    def __enter__(self) -> TurnWriter:
        self._session._open_turn(self._id, self._lease)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._session._close_turn(self._id, failed=False)
        else:
            with suppress(AmberfileError):  # the caller's error says more than this one
                self._session._close_turn(self._id, failed=True)
