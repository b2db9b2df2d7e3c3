"""What of an entry is indexed where: its head, its passages, its neighbours.

A head is what stands about a text: an item's key and topics, a message's
speaker and date. A long text is cut into passages and counts as its best
one, so that a page is not drowned by its own length. Neighbours are read at
query time, so a forgotten turn leaves nothing in those around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from amberfile.changes import Terms, pack_weight
from amberfile.recall.analysis import terms
from amberfile.types import Entry, Item, Message

PASSAGE = 600
"""Characters of a passage, about; the shortest is half of it."""

SHORT_TURN = 400
"""A longer turn says what it means by itself and takes nothing from its neighbours."""

LONG_NEIGHBOUR = 1600
"""A longer neighbour says too much to be a context."""

NEIGHBOURS = {-1: 0.5, -2: 0.25, 1: 0.25}
"""What a word in a neighbouring turn counts against one in the turn itself, by offset."""

ASKED = 0.8
"""The turn before when it asks: the answer seldom repeats the question's words."""

_BREAK = re.compile(r"\n+|(?<=[.!?。！？])\s*")
_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def item_terms(item: Item) -> Terms:
    """What an item is found by."""
    head = terms(item.key or "")
    for topic in item.topics:
        head += terms(topic)
    return _terms(head, item.text)


def message_terms(message: Message) -> Terms:
    """What a message is found by."""
    return _terms(_date_terms(message) + terms(message.name or ""), message.text)


def entry_terms(entry: Entry) -> Terms:
    """What an entry is found by."""
    return item_terms(entry) if isinstance(entry, Item) else message_terms(entry)


def head_places(entry: Entry) -> dict[str, str]:
    """Which field of an entry's head each of its terms stands in."""
    if isinstance(entry, Message):
        places = dict.fromkeys(_date_terms(entry), "date")
        return places | dict.fromkeys(terms(entry.name or ""), "name")
    places = {term: "topics" for topic in entry.topics for term in terms(topic)}
    return places | dict.fromkeys(terms(entry.key or ""), "key")


def passages(text: str) -> list[str]:
    """`text` in pieces of about `PASSAGE` characters, cut at the end of a line or sentence.

    Nothing is lost and nothing doubled: joined, they are the text.

    >>> passages("Short.")
    ['Short.']
    """
    if len(text) <= PASSAGE * 3 // 2:
        return [text]
    pieces = []
    start = 0
    while len(text) - start > PASSAGE * 3 // 2:
        end = _cut(text, start + PASSAGE // 2, start + PASSAGE)
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _cut(text: str, first: int, last: int) -> int:
    """The last end of a line or sentence in a window; else of a word; else its end."""
    ends = [found.end() for found in _BREAK.finditer(text, first, last)]
    return ends[-1] if ends else text.rfind(" ", first, last) + 1 or last


def neighbour_weight(offset: int, neighbour: Message) -> float:
    """What a word of `neighbour` counts for the turn `offset` away from it."""
    if len(neighbour.text) > LONG_NEIGHBOUR:
        return 0.0
    if offset == -1 and "?" in neighbour.text:
        return ASKED
    return NEIGHBOURS.get(offset, 0.0)


def _date_terms(message: Message) -> list[str]:
    day = message.created_at
    return terms(f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def _terms(head: Sequence[str], text: str) -> Terms:
    postings = _weighed(head, 0)
    pieces = passages(text)
    words = 0
    for part, piece in enumerate(pieces, start=1):
        found = terms(piece)
        words += len(found)
        postings += _weighed(found, part)
    return Terms(postings, len(head), len(pieces), words)


def _weighed(found: Sequence[str], part: int) -> list[tuple[str, int, int]]:
    length = len(found)
    distinct = dict.fromkeys(found, 0)
    if len(distinct) < length:
        distinct.update(Counter(found))
        return [(term, part, pack_weight(count, length)) for term, count in distinct.items()]
    once = pack_weight(1, length)
    return [(term, part, once) for term in found]
