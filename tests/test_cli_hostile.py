"""Any string through the command line: kept exactly or refused in one line, never obeyed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile
from amberfile.checks import MAX_NAME
from amberfile.cli import output
from amberfile.testing.hostile import HOSTILE

Run = Callable[..., Result]

each_string = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def obeyed(told: str) -> set[str]:
    """What a terminal would act on; of a line break and a tab it may."""
    unseen = {one for one in set(told) if unicodedata.category(one) in ("Cc", "Cs")}
    marks = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x2028, 0x202F))}
    return (unseen - {"\n", "\t"}) | (set(told) & (marks | {*map(chr, range(0x2066, 0x206A))}))


def stored(db: str) -> list[str]:
    with amberfile.open(db) as memory:
        return [item.text for item in memory.find()]


@pytest.mark.parametrize("text", ["\x1b[31m", "\x7f", "\x9b", "\u202e", "\u2067", "\ud800", "\r"])
def test_what_a_terminal_obeys_is_known_here(text: str) -> None:
    assert obeyed(f"a{text}b\n\tc") == {text[0]}


@each_string
def test_any_text_is_kept_and_read_back(run: Run, db: str, text: str) -> None:
    run("remember", "--", text)
    assert stored(db) == [text]
    [kept] = json.loads(run("list", "--json").stdout)["data"]
    if text != HOSTILE["two surrogates that are not one character"]:  # JSON joins them
        assert kept["text"] == text


@each_string
def test_any_text_on_stdin_is_kept_or_refused(run: Run, db: str, text: str) -> None:
    given = text.encode("utf-8", "surrogatepass")
    result = run("remember", "-", stdin=given)
    if "\ud800" <= max(text, default="") <= "\udfff":
        assert result.exit_code == 1
    else:
        assert (result.exit_code, stored(db)) == (0, [text])


ARGUMENTS = [
    ["recall"],
    ["recall", "x", "--kind"],
    ["recall", "x", "--topic"],
    ["recall", "x", "--session"],
    ["recall", "x", "--since"],
    ["remember", "x", "--key"],
    ["remember", "x", "--kind"],
    ["remember", "x", "--topic"],
    ["remember", "x", "--metadata"],
    ["remember", "x", "--source"],
    ["remember", "x", "--expires"],
    ["remember", "x", "--importance"],
    ["list", "--topic"],
    ["list", "--cursor"],
    ["list", "--user"],
    ["list", "--hidden", "--kind"],
    ["show"],
    ["edit", "--text", "y"],
    ["edit", "known", "--text"],
    ["edit", "known", "--key"],
    ["edit", "known", "--metadata"],
    ["history"],
    ["retract"],
    ["restore"],
    ["forget", "--yes"],
    ["forget", "--dry-run", "--key"],
    ["sessions"],
    ["sessions", "show"],
    ["sessions", "rename", "talk"],
    ["sessions", "rename"],
    ["sessions", "rm", "--yes"],
    ["sessions", "export"],
    ["sessions", "export", "talk"],
    ["import"],
    ["--db"],
    [],
    ["retract", "known", "--reason"],
]


@each_string
def test_any_argument_is_taken_or_refused_in_one_line(
    run: Run, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with amberfile.open(db) as memory:
        memory.remember("x", id="known")
        memory.session("talk").append("user", "x")
    for words in ARGUMENTS:
        result = run(*words, text)
        assert result.exit_code in (0, 1, 2, 4, 5), (words, result.exception)
        assert result.exit_code == 0 or result.stderr.count("\n") <= 1, words
        assert not obeyed(result.output), words


@pytest.fixture
def fill(db: str) -> Callable[[str], list[str]]:
    """Writes a store with a string wherever one may stand; gives the ids of its entries."""

    def write(text: str) -> list[str]:
        name = text if 0 < len(text) <= MAX_NAME else "plain"
        fields: dict[str, Any] = {"topics": [name], "metadata": {text: text}}
        fields["source"] = amberfile.Source(name, text)
        with amberfile.open(db) as memory:
            item = memory.remember(f"apple {text}", id="known", key=name, kind=name, **fields)
            memory.update(item.id, text=f"apple pie {text} {text}", key=None, topics=[])
            memory.remember(text, id=name)
            hidden = memory.remember(f"apple {text}", id="gone")
            memory.retract(hidden.id, reason=text)
            session = memory.session(name)
            said = session.append(
                name,
                f"{text} apple",
                id="said",
                name=text,
                tool_calls=[{text: text}],
                tool_call_id=text,
                parts=amberfile.Parts(name, 1, {text: text}),
            )
            session.append("user", None, id=f"{name[:99]} 2")
            session.rename(text)
        return [item.id, name, hidden.id, said.id]

    return write


READS = [
    ["recall", "apple"],
    ["list"],
    ["list", "--hidden"],
    ["sessions"],
    ["history", "known"],
    ["history", "gone"],
    ["retract", "gone", "known"],
    ["export", "--format", "openai"],
]


@each_string
@pytest.mark.parametrize("form", ["terminal", "pipe", "--json", "--jsonl"])
def test_no_terminal_is_sent_what_it_would_obey(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    fill: Callable[[str], list[str]],
    form: str,
    text: str,
) -> None:
    monkeypatch.setattr(output, "on_terminal", lambda: form == "terminal")
    option = [form] if form.startswith("-") else []
    ids = fill(text)
    named = [
        ["show", "--", *ids],
        ["forget", "--dry-run", "--", *ids],
        ["sessions", "show", "--", ids[1]],
        ["sessions", "rm", "--dry-run", "--", ids[1]],
        ["restore", "--", *ids],
    ]
    for words in (*READS, *named):
        command, *rest = words
        together = option if "export" not in words else []
        result = run(*together, command, *rest)
        assert result.exit_code == 0, (words, result.output[:500], result.exception)
        assert not obeyed(result.output), words


@each_string
@pytest.mark.usefixtures("person", "terminal")
def test_no_question_shows_what_a_terminal_would_obey(
    run: Run, fill: Callable[[str], list[str]], text: str
) -> None:
    ids = fill(text)
    for words in (["forget", "--", *ids], ["sessions", "rm", "--", ids[1]]):
        asked = run(*words, stdin="n\n")
        assert asked.exit_code == 1, asked.exception
        assert "for good? [y/N]" in asked.stderr
        assert not obeyed(asked.output), words


@each_string
@pytest.mark.usefixtures("terminal")
def test_a_row_of_the_last_listing_is_the_entry_whatever_its_id(
    run: Run, db: str, fill: Callable[[str], list[str]], text: str
) -> None:
    _, name, _, _ = fill(text)
    run("list")
    assert run("forget", "@1", "--yes").stdout == "forgot 1\n"
    with amberfile.open(db) as memory:
        assert memory.get(name) == []
    run("sessions")
    assert run("sessions", "show", "@1").exit_code == 0
    elsewhere = run("sessions", "show", "@1", "--user", name)
    assert elsewhere.exit_code == 2
    assert not obeyed(elsewhere.output)


@each_string
@pytest.mark.usefixtures("terminal", "person")
def test_an_editor_gets_the_text_and_nothing_else_happens(
    run: Run, fill: Callable[[str], list[str]], db: str, text: str
) -> None:
    fill(text)
    before = stored(db)
    result = run("edit", "known", "--editor", "true")
    surrogates = any("\ud800" <= one <= "\udfff" for one in text)
    assert result.exit_code == (1 if surrogates else 0), result.output
    assert stored(db) == before
    assert not obeyed(result.output)
