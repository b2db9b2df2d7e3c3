"""Conversations that fork, as chat programs keep them: every message names the one before it.

The way to the message that was shown last is the session. What another end
has beside it is a session of its own, `<session>/branch-1` and so on.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Generic, TypeVar

from amberfile.admission import BRANCH
from amberfile.drafts import Said
from amberfile.replay import Replay
from amberfile.transfer.source import derived_id

K = TypeVar("K", bound=Hashable)

_FIRST_DAY = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Tree(Generic[K]):
    """One conversation.

    Args:
        parents: of each node, in the order of the source. None, or a node that
            is not here: it begins the conversation.
        said: at a node; None is what the source hides. A node may hold nothing.
            An id need not be there, nor a time.
        tip: the node that was shown last; None: the newest end.
        time: of the conversation.
    """

    session: str
    title: str
    parents: Mapping[K, K | None]
    said: Mapping[K, Said | None]
    tip: K | None = None
    time: datetime | None = None


def write(replay: Replay, tree: Tree[K]) -> None:
    """Take every message of the conversation in.

    A message without a time has that of the nearest before it, else that of
    the conversation, else the earliest in it. One whose id is another's has an
    id made from its conversation and its node.
    """
    times: dict[K | None, datetime | None] = {}
    otherwise = tree.time or min(_times(tree), default=None)
    for session, title, path in _sessions(tree):
        if title:
            replay.title(session, title)
        time = times.get(tree.parents[path[0]])
        for node in path:
            said = tree.said.get(node)
            times[node] = time = (said and said.created_at) or time
            if said is not None:
                made = derived_id(tree.session, str(node))
                told = replace(said, id=said.id or made, created_at=time or otherwise)
                replay.message(session, told, other_id=made if said.id else "")
            elif node in tree.said:
                replay.hide()


def paths(parents: Mapping[K, K | None], tip: K | None) -> Iterator[list[K]]:
    """The way to `tip`, the first node first; then what each other end has beside it.

    Every node is in exactly one path, those of circles too. The other ends come
    in the order of `parents`.

    >>> list(paths({"a": None, "b": "a", "c": "b", "d": "a", "e": "e"}, "d"))
    [['a', 'd'], ['b', 'c'], ['e']]
    """
    told: set[K] = set()
    for end in (tip, *_ends(parents), *parents):
        path: list[K] = []
        node = end
        while node is not None and node in parents and node not in told:
            told.add(node)
            path.append(node)
            node = parents[node]
        if path:
            yield path[::-1]


def _sessions(tree: Tree[K]) -> Iterator[tuple[str, str, Sequence[K]]]:
    """Each path with its session and title. Paths in which nothing is said have no number."""
    tip = _newest_end(tree) if tree.tip is None else tree.tip
    branch = 0
    for number, path in enumerate(paths(tree.parents, tip)):
        if number == 0:
            yield tree.session, tree.title, path
            continue
        branch += any(tree.said.get(node) for node in path)
        title = f"{tree.title} (branch {branch})" if tree.title else ""
        yield f"{tree.session}{BRANCH}{branch}", title, path


def _newest_end(tree: Tree[K]) -> K | None:
    """The end with the latest time, the last of equal ones; None if there is none."""
    ends = _ends(tree.parents)
    return max(reversed(ends), key=lambda node: _time(tree, node) or _FIRST_DAY, default=None)


def _ends(parents: Mapping[K, K | None]) -> list[K]:
    inner = set(parents.values())
    return [node for node in parents if node not in inner]


def _time(tree: Tree[K], node: K) -> datetime | None:
    said = tree.said.get(node)
    return said.created_at if said else None


def _times(tree: Tree[K]) -> Iterator[datetime]:
    return (time for node in tree.said if (time := _time(tree, node)))
