"""Hypothesis strategies for changes: few names, those of FURNITURE among them.

A time is told as if the clock stood at NOW. The version of a `Restore` and
the attempt of a `Finish` are told as how far behind the current one they are.
`machine.py` makes both real.
"""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from amberfile.changes import (
    NO_TERMS,
    Change,
    Claim,
    ClearSession,
    CloseTurn,
    DropImport,
    Finish,
    Forget,
    MarkImport,
    OpenTurn,
    RenameSession,
    Restore,
    Retract,
)
from amberfile.testing.samples import (
    ADA,
    BOB,
    HOUR,
    MANY,
    NOW,
    SECOND,
    append,
    enqueue,
    message,
    put,
)
from amberfile.types import Filter, Parts, Source

T = TypeVar("T")

SCOPES = [ADA, BOB]
SCOPE = st.sampled_from([ADA, ADA, BOB])
READ = st.sampled_from([[ADA], [BOB], [ADA, BOB], [BOB, ADA], []])

IDS = st.sampled_from(
    ["kept", "kept", "hidden", "hidden", "hello", "a", "b", "gone", "lent", "\ud800", ""]
)
KEYS = st.none() | st.sampled_from(["k", "h", "K", ""])
KINDS = st.sampled_from(["fact", "note"])
SESSIONS = st.sampled_from(["s", "s", "other", "_"])
TURNS = st.sampled_from(["t", "t", "u", "v"])
JOBS = st.sampled_from(["claimed", "claimed", "queued", "j"])
WORDS = st.sampled_from(["red", "blue", "re", "bred", "r%", "é", "\U0001f600", "\nred", "\0"])
TEXTS = st.lists(WORDS, max_size=5).map(" ".join)
NAMES = st.sampled_from(["x", "y", "\ud83d\ude00"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0]) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=2)
SHIFTS = st.sampled_from([SECOND * 0, SECOND, HOUR, -HOUR])
CLOCK = st.sampled_from([SECOND, HOUR, 25 * HOUR, -SECOND])
TIMES = SHIFTS.map(lambda shift: NOW + shift)
AGE = st.sampled_from([0, 0, 0, 1])
VERSIONS = st.sampled_from([None] * 8 + [0, 1, 2, 3])
LIMITS = st.sampled_from([0, 1, 2, MANY])

PUTS = st.builds(
    put,
    IDS,
    TEXTS,
    if_version=VERSIONS,
    kind=KINDS,
    key=KEYS,
    topics=st.lists(NAMES, max_size=2).map(tuple),
    metadata=OBJECTS,
    source=st.builds(Source, kind=NAMES, ref=st.none() | NAMES, trust=st.sampled_from([0.0, 0.5])),
    importance=st.sampled_from([0.0, 0.25]),
    derived_from=st.lists(IDS, max_size=2).map(tuple),
    created_at=TIMES,
    updated_at=TIMES,
    valid_from=st.none() | TIMES,
    valid_to=st.none() | TIMES,
    expires_at=st.none() | TIMES,
)
MESSAGES = st.builds(
    message,
    st.none() | TEXTS,
    id=st.one_of(IDS, st.integers(0, 99).map(str)),
    role=st.sampled_from(["user", "assistant"]),
    created_at=TIMES,
    name=st.none() | NAMES,
    tool_calls=st.none() | st.lists(OBJECTS, max_size=2).map(tuple),
    tool_call_id=st.none() | NAMES,
    parts=st.none() | st.builds(Parts, NAMES, st.integers(1, 2), JSON),
)
APPENDS = st.builds(
    lambda messages, session, turn: append(*messages, session=session, turn=turn),
    st.lists(MESSAGES, min_size=1, max_size=3),
    SESSIONS,
    st.sampled_from([None, None, "t", "u"]),
)
RETRACTS = st.builds(Retract, IDS, TEXTS)
RESTORES = st.builds(Restore, IDS, st.just(NO_TERMS), AGE)
IMPORTS = st.sampled_from(["import", "import", "i", "\ud800"])
FORGETS = st.builds(
    Forget,
    st.lists(IDS, max_size=2).map(tuple),
    KEYS,
    st.booleans(),
    st.sampled_from([None, None, None, "import", "i"]),
)
MARKS = st.builds(MarkImport, IMPORTS, NAMES, NAMES, st.integers(0, 3))
DROPS = st.builds(DropImport, IMPORTS)
OPENINGS = st.builds(OpenTurn, SESSIONS, TURNS, TIMES)
CLOSINGS = st.builds(CloseTurn, SESSIONS, TURNS, st.sampled_from(["done", "failed"]))
CLEARINGS = st.builds(ClearSession, SESSIONS, st.booleans(), st.booleans())
TITLES = st.builds(RenameSession, SESSIONS, TEXTS)
ENQUEUES = st.builds(
    enqueue, JOBS, st.sampled_from(["work", "sleep"]), payload=OBJECTS, not_before=TIMES
)
CLAIMS = st.builds(
    Claim,
    st.lists(st.sampled_from(["work", "sleep"]), max_size=2, unique=True).map(tuple),
    TIMES,
)
FINISHES = st.builds(
    Finish,
    JOBS,
    AGE,
    st.sampled_from(["done", "retry", "failed"]),
    st.none() | TIMES,
    TEXTS,
)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    PUTS,
    RETRACTS,
    RESTORES,
    FORGETS,
    APPENDS,
    OPENINGS,
    CLOSINGS,
    CLEARINGS,
    TITLES,
    ENQUEUES,
    CLAIMS,
    FINISHES,
    MARKS,
    DROPS,
)


def _seldom(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.one_of(st.none(), st.none(), st.none(), strategy)


FILTERS = st.builds(
    Filter,
    kinds=_seldom(st.lists(KINDS | st.just("message"), max_size=2)),
    key=_seldom(KEYS),
    topics=st.sampled_from([[], [], [], ["x"]]),
    sessions=_seldom(st.lists(SESSIONS, max_size=2)),
    where=st.just({}) | st.just({}) | st.dictionaries(NAMES, JSON, max_size=1),
    since=_seldom(TIMES),
    until=_seldom(TIMES),
    alive_at=_seldom(TIMES),
)
