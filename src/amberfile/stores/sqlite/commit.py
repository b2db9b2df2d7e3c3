"""Group commit: waiting callers share one transaction and one sync of the disk.

The first caller leads: it takes what is waiting, writes it in one transaction
and hands the lead to the next who came meanwhile. Each batch has a savepoint,
so one caller's error is his alone; a failed COMMIT reaches everyone in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import cast

from amberfile.changes import Batch, Written

MOST_TOGETHER = 256
"""Batches in one transaction; more wait for the next."""


class Ticket:
    """One caller's batch on its way. `answer` or `error` is set when it is through."""

    __slots__ = ("_wake", "answer", "batch", "error", "leads")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.answer: Written | None = None
        self.error: BaseException | None = None
        self.leads = False
        self._wake: threading.Lock | None = None

    @property
    def through(self) -> bool:
        return self.answer is not None or self.error is not None

    def result(self) -> Written:
        if self.error is not None:
            raise self.error
        return cast("Written", self.answer)

    def will_wait(self) -> None:
        self._wake = threading.Lock()
        self._wake.acquire()

    def wait(self) -> None:
        if self._wake:
            self._wake.acquire()

    def wake(self) -> None:
        if self._wake:
            self._wake.release()


class GroupCommit:
    """Lines up the batches of all threads.

    Args:
        commit: writes these tickets in one transaction. It sets the answer or
            error of each; one that it leaves with neither, because the leader
            was interrupted before anything was committed, waits for the next.

    `alone` is held while one transaction runs; hold it to keep others from writing.

    An interrupt may come at any call. What hands over to others is therefore
    begun again when it is cut off, and does no harm when it runs twice.
    """

    def __init__(self, commit: Callable[[Callable[[], Sequence[Ticket]]], None]) -> None:
        self._commit = commit
        self.reset()

    def reset(self) -> None:
        """As new: what waited belongs to the parent of this process."""
        self._mutex = threading.Lock()
        self._waiting: list[Ticket] = []
        self._led = False
        self.alone = threading.Lock()

    def submit(self, batch: Batch) -> Written:
        """Write `batch` with whatever else is waiting.

        Interrupted while it waits, the batch is withdrawn or, if it is being
        written, written: retry it with the same op_id to know.
        """
        ticket = Ticket(batch)
        try:
            with self._mutex:
                self._waiting.append(ticket)
                ticket.leads = not self._led
                self._led = True
                if not ticket.leads:
                    ticket.will_wait()
            if not ticket.leads:
                ticket.wait()
            if ticket.leads and not ticket.through:
                self._lead(ticket)
        finally:
            try:
                self._leave(ticket)
            except BaseException:
                self._leave(ticket)
                raise
        return ticket.result()

    def _lead(self, own: Ticket) -> None:
        taken: list[Ticket] = []
        try:
            with self.alone:
                self._commit(lambda: self._take(taken))
        except Exception as error:
            # BEGIN failed, or the connection: nothing was taken or nothing was written.
            for ticket in taken or [own]:
                if not ticket.through:
                    ticket.error = error
        finally:
            try:
                self._settle(taken, own)
            except BaseException:
                self._settle(taken, own)
                raise

    def _take(self, taken: list[Ticket]) -> Sequence[Ticket]:
        with self._mutex:
            taken.extend(self._waiting[:MOST_TOGETHER])
            del self._waiting[: len(taken)]
        return taken

    def _settle(self, taken: list[Ticket], own: Ticket) -> None:
        """Let those go whose batch is through; the others wait for the next leader."""
        with self._mutex:
            again = [ticket for ticket in taken if not ticket.through and ticket is not own]
            self._waiting[:0] = [ticket for ticket in again if ticket not in self._waiting]
            for ticket in taken:
                if ticket.through and ticket is not own:
                    ticket.wake()

    def _leave(self, ticket: Ticket) -> None:
        """Withdraw if still waiting; pass the lead on if it was held."""
        with self._mutex:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if not ticket.leads:
                return
            if self._waiting:
                successor = self._waiting[0]
                successor.leads = True
                successor.wake()
            else:
                self._led = False
            ticket.leads = False
