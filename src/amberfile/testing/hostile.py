"""Any `str` is kept exactly, wherever one may stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from amberfile.changes import (
    NO_TERMS,
    Append,
    Batch,
    Claim,
    CloseTurn,
    DropImport,
    Finish,
    Forget,
    MarkImport,
    Put,
    RenameSession,
    Retract,
    Terms,
    Written,
)
from amberfile.errors import InvalidInput
from amberfile.stores.base import Store
from amberfile.testing.hooks import StoreHooks
from amberfile.testing.samples import (
    ADA,
    HOUR,
    MANY,
    NOW,
    append,
    batch,
    enqueue,
    exact,
    found,
    item,
    message,
    open_turn,
    put,
    say,
)
from amberfile.types import Filter, Parts, Scope, Source

HOSTILE = {
    "empty": "",
    "space": " \t\r\n ",
    "NUL": "\0",
    "NUL inside": "a\0b",
    "lone high surrogate": "\ud83d",
    "lone low surrogate": "\ude00 after",
    "surrogates in reverse": "\ude00\ud83d",
    "two surrogates that are not one character": "\ud83d\ude00",
    "the character that they are not": "\U0001f600",
    "the last code points": "\ue000\uffff\U0010ffff",
    "byte order mark": "\ufeffa",
    "right to left": "\u202eabc\u202c \u2067\u05d0\u2069",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
    "a path": "../../etc/passwd",
    "SQL": "'; DROP TABLE item; --\"",
    "patterns": "%_*?[a-z]\\",
    "FTS": '"a" OR b* NEAR(c, 1) -d ^e {f}: col:g',
    "JSON": '{"$ne": null} "\\u0000\\ud83d" $where',
    "protocol": "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "escapes": "\\x00 \\ud83d %00 &#0; \x1b[31m \x7f",
    "long": "long " * 200_000,
}

ITEM_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "id": lambda s: {"id": s},
    "kind": lambda s: {"kind": s},
    "key": lambda s: {"key": s},
    "text": lambda s: {"text": s},
    "topics": lambda s: {"topics": (s, "between", s)},
    "a name in metadata": lambda s: {"metadata": {s: {s: 1}}},
    "a value in metadata": lambda s: {"metadata": {"x": s, "y": [s]}},
    "source.kind": lambda s: {"source": Source(kind=s)},
    "source.ref": lambda s: {"source": Source(ref=s)},
    "derived_from": lambda s: {"derived_from": (s, "b", s)},
}

MESSAGE_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "id": lambda s: {"id": s},
    "role": lambda s: {"role": s},
    "content": lambda s: {"content": s},
    "name": lambda s: {"name": s},
    "tool_calls": lambda s: {"tool_calls": ({s: 1, "x": [s]},)},
    "tool_call_id": lambda s: {"tool_call_id": s},
    "parts.format": lambda s: {"parts": Parts(s, 1, None)},
    "parts.data": lambda s: {"parts": Parts("f", 1, {s: [s]})},
}

UNBOUNDED = {"text", "content", "a name in metadata", "a value in metadata", "tool_calls"}
UNBOUNDED |= {"parts.data"}
"""Fields that hold a long text. Others may refuse one with `InvalidInput`."""

each_string = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


class HostileContract(StoreHooks):
    @each_string
    @pytest.mark.parametrize("field", ITEM_FIELDS)
    def test_an_item_keeps_any_string(self, store: Store, field: str, text: str) -> None:
        given = replace(item("a"), **ITEM_FIELDS[field](text))
        written = _written(store, batch(Put(given, NO_TERMS)), text, field)
        if written:
            assert written.results[0].ids == (given.id,)
            expected = exact(replace(given, rev=written.rev))
            assert exact(store.get(ADA, [given.id])) == [expected]
            assert exact([one.entry for one in found(store)]) == [expected]
            assert exact([one.item for one in store.history(ADA, given.id)]) == [expected]

    @each_string
    @pytest.mark.parametrize("field", MESSAGE_FIELDS)
    def test_a_message_keeps_any_string(self, store: Store, field: str, text: str) -> None:
        given = message(**{"content": "hello", "id": "m"} | MESSAGE_FIELDS[field](text))
        written = _written(store, batch(Append("s", (given,), (NO_TERMS,))), text, field)
        if written:
            expected = exact(replace(given, rev=written.rev, seq=1))
            assert exact(store.messages(ADA, "s")) == [expected]
            assert exact(store.known_messages(ADA, [given.id])) == [expected]

    @each_string
    def test_a_session_and_a_turn_keep_any_string(self, store: Store, text: str) -> None:
        opened = open_turn(text, session=text)
        said = say("hello", session=text, turn=text)
        if _written(store, batch(opened, said, RenameSession(text, text)), text):
            [info] = store.sessions(ADA, text)
            assert (info.id, info.title) == (text, text)
            [hello] = store.messages(ADA, text)
            assert (hello.session, hello.turn) == (text, text)
            store.write(batch(CloseTurn(text, text)))
            told = [(turn.id, turn.session, turn.state) for turn in store.turns(ADA, text)]
            assert told == [(text, text, "done")]

    @each_string
    def test_a_job_keeps_any_string(self, store: Store, text: str) -> None:
        change = enqueue(text, kind=text, payload={text: [text]})
        if _written(store, batch(change), text):
            result = store.write(batch(Claim((text,), NOW + HOUR))).results[0]
            assert result.ids == (text,)
            store.write(batch(Finish(text, 1, "failed", error=text)))
            [job] = store.jobs(ADA, [text])
            assert (job.id, job.kind, job.payload) == (text, text, {text: [text]})
            assert job.error == text

    @each_string
    def test_a_reason_keeps_any_string(self, store: Store, text: str) -> None:
        store.write(batch(put("a")))
        if _written(store, batch(Retract("a", text)), text):
            assert [one.reason for one in store.history(ADA, "a")] == ["", text]

    @each_string
    def test_a_scope_keeps_any_string(self, store: Store, text: str) -> None:
        scope = Scope(text, text, text)
        if _written(store, batch(put("a", scope=scope), scope=scope), text):
            assert store.scopes() == [scope]
            assert [one.entry.scope for one in found(store, scope)] == [scope]

    @each_string
    def test_a_term_keeps_any_string(self, store: Store, text: str) -> None:
        terms = Terms([(text, 1, 1)], 0, 1, 1)
        if _written(store, batch(Put(item("a"), terms)), text):
            assert [*store.postings([ADA], [text, "other"])] == [text]
            for prefix in (True, False):
                assert store.vocabulary([ADA], text, prefix=prefix, limit=2) == [text]

    @each_string
    def test_an_import_keeps_any_string(self, store: Store, text: str) -> None:
        if _written(store, batch(put("a"), MarkImport(text, text, text, 1)), text):
            [told] = store.imports(ADA)
            assert (told.id, told.source, told.format) == (text, text, text)
            assert store.write(batch(Forget(("a",), written_by=text))).results[0].number == 1
            assert store.write(batch(DropImport(text))).results[0].number == 1

    @each_string
    def test_an_id_that_may_return_is_any_string(self, store: Store, text: str) -> None:
        given = (put(text), append(message("", id=text)))
        if _written(store, batch(*given), text):
            assert store.ids(ADA, text, limit=2) == [text]
            store.write(batch(Forget((text,), may_return=True)))
            store.write(batch(*given, Forget((text,))))
            assert store.forgotten(ADA, [text]) == {text}

    @each_string
    def test_an_op_id_keeps_any_string(self, store: Store, text: str) -> None:
        if 1 <= len(text) <= 200:
            store.write(batch(put("a"), op_id=text, digest=b"1"))
            assert store.write(batch(put("a"), op_id=text, digest=b"1")).replayed

    @each_string
    def test_a_filter_compares_any_string_exactly(self, store: Store, text: str) -> None:
        given = put("a", key=text, topics=(text,), metadata={text: text})
        others = (put("b", key="b", topics=("b",), metadata={"b": "b"}), say("hello"))
        if _written(store, batch(given, *others), text):
            for filter in (Filter(key=text), Filter(topics=[text]), Filter(where={text: text})):
                found = store.find([ADA], filter, limit=MANY, messages=True)
                assert [one.entry.id for one in found] == ["a"]

    def test_no_string_is_taken_for_another(self, store: Store) -> None:
        texts = [text for name, text in HOSTILE.items() if name != "long"]
        store.write(batch(*(put(text, key=text) for text in texts)))
        said = [append(message("", id=text), session=text) for text in texts]
        store.write(batch(*said, *map(enqueue, texts)))
        assert [one.id for one in store.get(ADA, texts)] == texts
        assert [one.id for one in store.known_messages(ADA, texts)] == texts
        assert [[one.id for one in store.messages(ADA, text)] for text in texts] == [
            [text] for text in texts
        ]
        assert [job.id for job in store.jobs(ADA)] == texts
        assert sorted(session.id for session in store.sessions(ADA)) == sorted(texts)
        gone = store.write(batch(Forget(tuple(texts)))).results[0]
        assert sorted(gone.ids) == sorted(texts * 2)


def _written(store: Store, batch: Batch, text: str, field: str = "") -> Written | None:
    """What the write answered; None if it refused, as it may a name that is too long."""
    try:
        return store.write(batch)
    except InvalidInput:
        assert text == HOSTILE["long"]
        assert field not in UNBOUNDED
        return None
