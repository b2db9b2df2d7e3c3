"""Where in a text the words stand that made it a hit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from amberfile.recall.analysis import terms
from amberfile.types import Hit

_RUN = re.compile(r"[^\W_]+")


def spans(hit: Hit) -> Iterator[tuple[int, int]]:
    """(start, end) of each word of the hit's text that counted, in order.

    Of a script without spaces the whole run is marked, not the piece that was found.

    >>> from amberfile.memory import open
    >>> memory = open("ram:")
    >>> _ = memory.remember("We deployed on Friday")
    >>> [*spans(memory.recall("when do we deploy?")[0])]
    [(3, 11)]
    """
    wanted = {reason.term for reason in hit.why}
    each = _RUN.finditer(hit.text)
    return (found.span() for found in each if not wanted.isdisjoint(terms(found[0])))
