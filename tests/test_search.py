"""Recall by words: what is found, in which order, and why; the same from every store."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import amberfile
from amberfile import Draft, Hit, Item, Memory, Message, Said
from amberfile.recall.analysis import only_stop_words, query_terms, query_words, terms

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
QUERIES = 10_000 if os.environ.get("AMBERFILE_TORTURE", "0") not in ("", "0") else 200

FACTS = {
    "favorite_language": "Python",
    "deploy": "deploy window is Friday",
    "terms": "Payment terms are net-30 for all invoices",
    "mail": "Write to ana@example.com or see https://www.example.com/help",
    "native": "She writes C++ and C# and a little Objective-C",
    "band": "I saw The Who live, and they were there",
    "accent": "Le déploiement de la crème brûlée à Zürich",
    "cn": "我明天去北京大学开会",
    "jp": "東京都の天気は晴れです",
    "th": "ฉันชอบกินข้าวผัด",
    "kr": "오늘 서울에서 회의",
    "emoji": "The release went fine 🎉🚀",
    "camel": "Call getUserName() or max_retry_count in src/memory/store.py:42",
    "quotes": "He said \"don't\" AND 'never' OR NEAR(this, that)*",
    "marks": "100% of 50% is 50% -- ; DROP TABLE item",
    "past": "We went to the lake and swam",
}
TURNS = [
    "Where did you put the umbrella?",
    "In the hall, behind the door",
    "Thanks! And the keys?",
    "On the kitchen table",
    "hello\0world \ud800 and \x1b[31m red",
]


def fill(memory: Memory) -> Memory:
    memory.remember_all(Draft(text, key=key, id=key) for key, text in FACTS.items())
    memory.session("s").extend(
        Said("user", text, created_at=NOW, id=f"m{number}") for number, text in enumerate(TURNS)
    )
    return memory


@pytest.fixture(scope="module")
def ram() -> Iterator[Memory]:
    numbers = count()
    with amberfile.open("ram:", clock=lambda: NOW, ids=lambda: str(next(numbers))) as memory:
        yield fill(memory)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    path = tmp_path_factory.mktemp("search") / "memory.db"
    with amberfile.open(path, clock=lambda: NOW) as memory:
        yield fill(memory)


def ids(hits: list[Hit]) -> list[str]:
    return [hit.id for hit in hits]


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("When is the deploy window?", "deploy"),
        ("language", "favorite_language"),
        ("favorite_language", "favorite_language"),
        ("net-30", "terms"),
        ("payment term", "terms"),
        ("C++", "native"),
        ("c#", "native"),
        ("example.com", "mail"),
        ("ana@example.com", "mail"),
        ("ANA@EXAMPLE.COM", "mail"),
        ("北京", "cn"),
        ("大学", "cn"),
        ("天気", "jp"),
        ("晴", "jp"),
        ("ข้าว", "th"),
        ("서울", "kr"),
        ("déploiement", "accent"),
        ("creme brulee", "accent"),
        ("ZURICH", "accent"),
        ("🎉", "emoji"),
        ("username", "camel"),
        ("max_retry_count", "camel"),
        ("retry", "camel"),
        ("store.py", "camel"),
        ("go swimming", "past"),
        ("the who", "band"),
        ("THEY WERE", "band"),
        ("don't never", "quotes"),
        ('"NEAR(', "quotes"),
        ("50%", "marks"),
        ("DROP TABLE item; --", "marks"),
        ("umbrel", "m0"),
        ("brella", "m0"),
        ("umbrellaxyz", "m0"),
        ("kitchen", "m3"),
        ("world", "m4"),
    ],
)
def test_a_question_finds_it_first(query: str, key: str, ram: Memory, sqlite: Memory) -> None:
    assert ids(ram.recall(query))[:1] == [key]
    assert ids(sqlite.recall(query))[:1] == [key]


@pytest.mark.parametrize(
    "query", ["%", "...", "_", "*", '""', "\0", "\ud800", "- + :", "zzzzqqqq", "umbrellawxyz"]
)
def test_what_asks_for_nothing_finds_nothing(query: str, ram: Memory, sqlite: Memory) -> None:
    assert ram.recall(query) == sqlite.recall(query) == []


@pytest.mark.parametrize("query", ["", " ", "\n\t", "\u3000"])
def test_a_blank_question_gives_the_newest(query: str, ram: Memory) -> None:
    hits = ram.recall(query, limit=6)
    assert ids(hits) == ["m4", "m3", "m2", "m1", "m0", "past"]
    assert {(hit.score, hit.why) for hit in hits} == {(0.0, ())}


def oracle(query: str, memory: Memory) -> set[str]:
    """The ids to find, by reading everything: whole words, else their heads, else parts."""
    entries = [hit.entry for hit in memory.recall("", limit=1_000)]
    if not query.strip():
        return {entry.id for entry in entries}
    stops = only_stop_words(query)
    known = {entry.id: words_of(entry, stops) for entry in entries}
    asked = set(query_terms(query))
    if not any(asked & words for words in known.values()):
        asked = set() if stops else parts(query, sorted(set().union(*known.values())))
    return {id for id, words in known.items() if asked & words}


def words_of(entry: Item | Message, stops: bool) -> set[str]:
    head = [entry.key or ""] if isinstance(entry, Item) else [entry.name or "", "2 January 2026"]
    return {word for text in (*head, entry.text) for word in terms(text, stop_words=stops)}


def parts(query: str, vocabulary: list[str]) -> set[str]:
    found: set[str] = set()
    for word in query_words(query):
        shortest = max(2, len(word) - 3) if len(word) > 1 or word.isascii() else 1
        heads = [word[:end] for end in range(len(word), shortest - 1, -1)]
        fits = [[term for term in vocabulary if term.startswith(head)] for head in heads]
        fits += [[term for term in vocabulary if head in term] for head in heads]
        found |= set(next(filter(None, fits), [])[:64])
    return found


WORDS = sorted({word for text in [*FACTS.values(), *FACTS, *TURNS] for word in text.split()})
PIECES = st.sampled_from(WORDS).flatmap(
    lambda word: st.tuples(st.integers(0, len(word)), st.integers(0, len(word))).map(
        lambda ends: word[min(ends) : max(ends)]
    )
)
MARKS = st.sampled_from(["AND", "OR", "NOT", "NEAR(", '"', "'", "*", "^", "%", "_", "-", ":", "("])
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=20)
QUERY = st.lists(st.sampled_from(WORDS) | PIECES | MARKS | ANYTHING, min_size=1, max_size=4)


@settings(max_examples=QUERIES)
@given(QUERY.map(" ".join) | PIECES | ANYTHING)
def test_any_question_finds_what_the_oracle_finds_on_every_store(
    ram: Memory, sqlite: Memory, query: str
) -> None:
    hits = ram.recall(query, limit=1_000)
    assert set(ids(hits)) == oracle(query, ram)
    assert [(hit.id, hit.score, hit.why) for hit in sqlite.recall(query, limit=1_000)] == [
        (hit.id, hit.score, hit.why) for hit in hits
    ]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(hit.score == math.fsum(reason.added for reason in hit.why) for hit in hits)


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Memory]]:
    """Two thousand turns and some facts, in each kind of store."""
    path = tmp_path_factory.mktemp("chats") / "memory.db"
    memories = [amberfile.open(url, clock=lambda: NOW) for url in ("ram:", path)]
    for memory in memories:
        for session in range(20):
            said = [Said("user", _turn(n), id=f"{session}-{n}") for n in range(100)]
            memory.session(f"s{session}").extend(said)
        memory.remember_all(Draft(f"umbrella {_turn(n)}", id=str(n)) for n in range(40))
    yield memories
    for memory in memories:
        memory.close()


def _turn(number: int) -> str:
    words = ("red", "hat", "umbrella", "door", "window", "deploy", "lake")
    chosen = [word for place, word in enumerate(words) if number % (place + 2) == 0]
    return " ".join(chosen or ["nothing"]) + ("?" if number % 5 == 0 else "")


@pytest.mark.parametrize(
    "query", ["umbrella", "red umbrella by the door", "deploy lake", "nothing"]
)
@pytest.mark.parametrize("limit", [1, 10, 100, 500, 5_000])
def test_rankings_are_equal_to_the_id(query: str, limit: int, chats: list[Memory]) -> None:
    one, other = (memory.recall(query, limit=limit) for memory in chats)
    assert [(hit.id, hit.score) for hit in one] == [(hit.id, hit.score) for hit in other]
    assert len(one) == len(set(ids(one)))


def test_filters_come_before_the_cut(chats: list[Memory]) -> None:
    for memory in chats:
        everything = memory.recall("umbrella", limit=5_000)
        facts = memory.recall("umbrella", limit=5_000, kinds=["note"])
        assert set(ids(facts)) == {hit.id for hit in everything if hit.entry.kind == "note"}
        assert ids(memory.recall("umbrella", limit=7, kinds=["note"])) == ids(facts)[:7]
        last = memory.recall("umbrella", limit=9, sessions=["s0"])
        assert {hit.id.partition("-")[0] for hit in last} == {"0"}
        assert len(last) == 9


def test_equal_scores_come_newest_first(memory: Memory) -> None:
    for number in range(5):
        memory.remember("umbrella", id=str(number))
    assert ids(memory.recall("umbrella")) == ["4", "3", "2", "1", "0"]


def test_why_names_the_word_and_its_place(memory: Memory) -> None:
    memory.remember("the window", key="deploy", topics=["ops"], id="a")
    memory.session("s").append("user", "hello", name="Grace", created_at=NOW)
    hit = memory.recall("deploy ops window")[0]
    assert {(reason.term, reason.place) for reason in hit.why} == {
        ("deploy", "key"),
        ("op", "topics"),
        ("window", "text"),
    }
    hit = memory.recall("what did Grace say in January?")[0]
    assert {reason.place for reason in hit.why} == {"name", "date"}


def test_the_turns_beside_it_raise_a_match_and_are_not_added(memory: Memory) -> None:
    chat = memory.session("s")
    chat.append("user", "When did Caroline visit the gallery?")
    chat.append("assistant", "Caroline was there on Monday", id="beside")
    chat.append("user", "I see", id="no match")
    chat.append("user", "Something else entirely")
    chat.append("user", "Nothing of it")
    chat.append("user", "Caroline was there on Monday", id="alone")
    hits = memory.recall("Caroline gallery Monday")
    found = ids(hits)
    assert found.index("beside") < found.index("alone")
    assert "no match" not in found
    assert "before" in {reason.place for reason in hits[found.index("beside")].why}


def test_whole_words_leave_no_room_for_parts(memory: Memory) -> None:
    memory.remember("deploy", id="whole")
    memory.remember("redeployment-plan", id="part")
    assert ids(memory.recall("deploy")) == ["whole"]
    assert ids(memory.recall("edeploy")) == ["part"]


def test_a_word_that_only_begins_alike_counts_less(memory: Memory) -> None:
    memory.remember("zebra", id="a")
    whole, begins, inside = (memory.recall(query)[0].score for query in ("zebra", "zeb", "ebra"))
    assert whole == 2 * begins == 4 * inside


def test_a_question_of_stop_words_reads_everything(memory: Memory) -> None:
    memory.remember("I saw The Who live", id="oldest")
    memory.remember_all(Draft(f"The umbrella {number}") for number in range(1_500))
    memory.remember("who is it", key="the_who", id="key")
    hits = memory.recall("the who", limit=2_000)
    assert ids(hits)[:2] == ["key", "oldest"]
    assert len(hits) == 1_502
    assert all(hit.score > 0 for hit in hits)


def test_long_texts_are_found_by_any_passage(memory: Memory) -> None:
    filler = "Nothing of interest is said in this sentence. " * 200
    memory.remember(f"{filler}The umbrella is red. {filler}", id="long")
    memory.remember(filler, id="filler")
    assert ids(memory.recall("red umbrella")) == ["long"]


def test_a_superseded_text_is_not_found(memory: Memory) -> None:
    memory.remember("Thursday", key="deploy")
    memory.remember("Friday", key="deploy", expires_at=datetime.now(timezone.utc) + timedelta(1))
    assert memory.recall("Thursday") == []
    assert len(memory.recall("Friday")) == 1
