"""Imports as they were recorded, and the way back: everything that one wrote, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from amberfile import checks
from amberfile.changes import Change, ClearSession, DropImport, Forget
from amberfile.errors import Ambiguous, NotFound
from amberfile.memory import Memory
from amberfile.shared import BATCH, batches
from amberfile.stores.base import Changed
from amberfile.types import MESSAGE, ImportInfo, Item, Message


@dataclass(frozen=True)
class Undone:
    """What an undo did.

    Args:
        entries: removed.
        kept: items that somebody changed since the import, and that stay.
        sessions: removed, with nothing left in them.
    """

    entries: int = 0
    kept: int = 0
    sessions: int = 0


def listed(memory: Memory) -> list[ImportInfo]:
    """The imports into the memory's own scope, the last begun first."""
    return memory._shared.store().imports(memory._scope)


def undo(memory: Memory, id: str, *, dry_run: bool = False) -> Undone:
    """Forget what an import wrote and nobody changed since; the same import brings it back.

    A session that the import began goes when nothing is left in it; another
    stays, with the title that it has. It is done a thousand entries at a time:
    what was cut short is finished by the same call.

    Args:
        id: the import's, or the beginning of it.
        dry_run: remove nothing, and tell what would be.

    Raises:
        NotFound: no import begins with `id`.
        Ambiguous: several do.
    """
    undoing = _Undoing(memory, _meant(memory, id))
    return undoing.foreseen() if dry_run else undoing.done()


def _meant(memory: Memory, prefix: str) -> ImportInfo:
    """The import that has this id or, if none has, whose id begins with it."""
    wanted = checks.name("id", prefix)
    found = [one for one in listed(memory) if one.id.startswith(wanted)]
    exact = [one for one in found if one.id == wanted]
    if not exact and len(found) > 1:
        raise Ambiguous("import", wanted, [one.id for one in found])
    if not found:
        raise NotFound(
            f"no import into {memory.scope} begins with {wanted!r}: it was undone, or never was. "
            "To see them: amberfile imports"
        )
    return (exact or found)[0]


@dataclass(frozen=True, order=True)
class _Own:
    """An entry of the import; those written later are larger. `begins` is the session it began."""

    rev: int
    seq: int
    id: str
    session: str = ""
    begins: bool = False


class _Undoing:
    """One undo: what there is to remove, found before the first of it goes.

    The last written goes first. So a session's first message, by which one sees
    that the import began it, goes last, and the session in the same batch.
    """

    def __init__(self, memory: Memory, told: ImportInfo) -> None:
        self._shared, self._scope = memory._shared, memory._scope
        self._told, self._revs = told, frozenset(told.revs)
        self._own: list[_Own] = []
        self._seen: set[str] = set()
        self._kept = 0
        for page in self._pages():
            self._look_at(page)
        self._own.sort(reverse=True)

    def foreseen(self) -> Undone:
        return Undone(len(self._own), self._kept, sum(self._emptied()))

    def done(self) -> Undone:
        """Remove it; what somebody changed since it was found stays."""
        done = Undone(kept=self._kept)
        each = list(batches(self._own)) or [[]]
        for number, own in enumerate(each, start=1):
            drop = [DropImport(self._told.id)] if number == len(each) else []
            done = self._without(own, drop, done)
        return done

    def _without(self, own: Sequence[_Own], drop: Sequence[DropImport], done: Undone) -> Undone:
        ids = tuple(dict.fromkeys(one.id for one in own))
        empty = [ClearSession(one.session, drop=True, if_empty=True) for one in own if one.begins]
        changes: list[Change] = [
            Forget(ids, may_return=True, written_by=self._told.id),
            *empty,
            *drop,
        ]
        removed, *rest = self._shared.write(self._scope, changes).results
        gone = sum(len(result.ids) for result in rest[: len(empty)])
        return replace(done, entries=done.entries + removed.number, sessions=done.sessions + gone)

    def _pages(self) -> Iterator[list[Changed]]:
        """What changed since the import began, itself included."""
        store, since = self._shared.store(), self._told.revs[0] - 1
        while page := store.changes([self._scope], since, limit=BATCH):
            yield page
            since = page[-1].rev

    def _look_at(self, page: Sequence[Changed]) -> None:
        for change in page:
            if isinstance(change.entry, Message):
                self._look_at_message(change.entry)
        changed = {change.id for change in page if change.kind != MESSAGE} - self._seen
        self._seen |= changed
        for item in self._shared.store().get(self._scope, sorted(changed)):
            self._look_at_item(item)

    def _look_at_message(self, message: Message) -> None:
        if message.rev in self._revs:
            begins = message.seq == 1
            self._own.append(_Own(message.rev, message.seq, message.id, message.session, begins))

    def _look_at_item(self, item: Item) -> None:
        if item.rev in self._revs:
            self._own.append(_Own(item.rev, 0, item.id))
        elif item.version > 1:
            history = self._shared.store().history(self._scope, item.id)
            self._kept += bool(history) and history[0].item.rev in self._revs

    def _emptied(self) -> Iterator[bool]:
        """For each session that the import began, whether nothing else is in it."""
        store = self._shared.store()
        stands = {one.id: one.messages for one in store.sessions(self._scope)}
        own = Counter(one.session for one in self._own)
        for session in (one.session for one in self._own if one.begins):
            yield own[session] == stands.get(session) and not store.turns(self._scope, session)
