"""What the command line does with single memories: keeps, shows, changes, hides, removes."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile
from amberfile import Item

Run = Callable[..., Result]


def data(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["data"]
    return found


def stored(db: str) -> list[Item]:
    with amberfile.open(db) as memory:
        return list(memory.find())


def kept(run: Run, *words: str) -> str:
    """The id of what `remember` kept."""
    return run("remember", *words).stdout.strip()


def test_remember_takes_every_field(run: Run, db: str) -> None:
    fields = ["--key", "k", "--kind", "rule", "--topic", "a", "--topic", "b", "--importance", "1"]
    more = ["--metadata", "x=1", "--metadata", "y=a=b", "--source", "https://example.org"]
    kept(run, "text", *fields, *more, "--expires", "3000-01-01T00:00+00:00")
    [item] = stored(db)
    assert (item.text, item.key, item.kind, item.topics) == ("text", "k", "rule", ("a", "b"))
    assert (item.importance, item.metadata) == (1.0, {"x": "1", "y": "a=b"})
    assert item.source == amberfile.Source("user", "https://example.org")
    assert item.expires_at == datetime(3000, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_span_counts_from_now(run: Run, db: str, given: str, length: timedelta) -> None:
    before = datetime.now(timezone.utc)
    kept(run, "x", "--expires", given)
    after = datetime.now(timezone.utc)
    [item] = stored(db)
    assert item.expires_at is not None
    assert before + length <= item.expires_at <= after + length


def test_a_date_without_a_zone_is_this_machines(run: Run, db: str) -> None:
    kept(run, "x", "--expires", "3000-01-01")
    assert stored(db)[0].expires_at == datetime(3000, 1, 1).astimezone()


def test_listings_take_a_stretch_of_time(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        session = memory.session("s")
        for day in (1, 2, 3):
            at = datetime(2026, 5, day, tzinfo=timezone.utc)
            session.append("user", f"apple {day}", created_at=at)
    stretch = ["--since", "2026-05-02T00:00Z", "--until", "2026-05-03T00:00Z"]
    assert [one["text"] for one in data(run("recall", "apple", *stretch, "--json"))] == ["apple 2"]
    kept(run, "now")
    assert [one["text"] for one in data(run("list", "--since", "1h", "--json"))] == ["now"]
    assert data(run("list", "--until", "1h", "--json")) == []


def test_recall_looks_into_one_session_only(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        memory.session("monday").append("user", "an apple")
        memory.session("tuesday").append("user", "an apple")
    [hit] = data(run("recall", "apple", "--session", "tue", "--json"))
    assert hit["session"] == "tuesday"


def test_list_goes_on_where_it_stopped(run: Run) -> None:
    for number in range(5):
        kept(run, str(number))
    first = json.loads(run("list", "-n", "3", "--json").stdout)
    assert [one["text"] for one in first["data"]] == ["4", "3", "2"]
    kept(run, "new")
    rest = run("list", "-n", "3", "--cursor", first["cursor"], "--json")
    assert [one["text"] for one in data(rest)] == ["1", "0"]
    assert "cursor" not in json.loads(rest.stdout)
    assert f"--cursor {first['cursor']}"[:12] in run("list", "-n", "3").stderr


def test_list_shows_what_is_hidden_and_only_that(run: Run) -> None:
    ids = [kept(run, text, "--kind", kind) for text, kind in (("a", "x"), ("b", "x"), ("c", "y"))]
    run("retract", ids[2])
    run("retract", ids[1])
    assert [one["text"] for one in data(run("list", "--json"))] == ["a"]
    assert [one["text"] for one in data(run("list", "--hidden", "--json"))] == ["b", "c"]
    assert [one["text"] for one in data(run("list", "--hidden", "--kind", "x", "--json"))] == ["b"]
    shorter = run("list", "--hidden", "-n", "1")
    assert (shorter.stdout.count("\n"), "more than 1" in shorter.stderr) == (1, True)


def test_show_tells_everything_of_an_item(run: Run) -> None:
    id = kept(run, "two\nlines", "--key", "k", "--topic", "a", "--metadata", "x=1")
    [told] = data(run("show", id, "--json"))
    assert (told["text"], told["metadata"], told["state"]) == ("two\nlines", {"x": "1"}, "current")
    assert told["source"] == {"kind": "user", "ref": None, "trust": 1.0}
    lines = dict(line.split("\t") for line in run("show", id).stdout.splitlines())
    assert list(lines)[-1] == "text"
    assert (lines["text"], lines["topics"], lines["metadata"]) == ("two\\nlines", "a", '{"x": "1"}')
    assert "expires_at" not in lines


def test_show_tells_everything_of_a_message(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        parts = amberfile.Parts("openai", 1, {"a": [1]})
        calls = [{"id": "c", "function": {"name": "f"}}]
        said = memory.session("s").append("assistant", None, tool_calls=calls, parts=parts)
    [told] = data(run("show", said.id, "--json"))
    assert (told["session"], told["seq"], told["tool_calls"]) == ("s", 1, calls)
    assert told["parts"] == {"format": "openai", "version": 1, "data": {"a": [1]}}


def test_show_shows_several_in_the_order_asked_and_hidden_ones_too(run: Run) -> None:
    ids = [kept(run, text) for text in "abc"]
    run("retract", ids[0])
    told = data(run("show", ids[2], ids[0], ids[2], "--json"))
    assert {one["id"]: one["state"] for one in told} == {ids[2]: "current", ids[0]: "retracted"}
    assert [one["id"] for one in told] == [ids[2], ids[0]]


@pytest.mark.usefixtures("terminal")
def test_a_card_has_the_text_with_its_own_lines(run: Run) -> None:
    id = kept(run, "one\ntwo \x1b[31mred", "--key", "k").split()[1]
    shown = run("show", id).stdout
    assert "\none\ntwo \\x1b[31mred\n" in shown
    assert "key         k\n" in shown


def test_edit_changes_what_it_is_given_and_keeps_the_rest(run: Run, db: str) -> None:
    id = kept(run, "old", "--key", "k", "--topic", "a", "--metadata", "x=1", "--expires", "9d")
    run("edit", id, "--text", "new", "--metadata", "y=2")
    [item] = stored(db)
    assert (item.text, item.key, item.topics) == ("new", "k", ("a",))
    assert (item.metadata, item.version) == ({"x": "1", "y": "2"}, 2)
    run("edit", id, "--no-key", "--no-topics", "--no-expires", "--kind", "rule")
    [item] = stored(db)
    assert (item.key, item.topics, item.expires_at, item.kind) == (None, (), None, "rule")
    run("edit", id, "--topic", "b", "--topic", "c", "--key", "k2", "--importance", "0")
    [item] = stored(db)
    assert (item.topics, item.key, item.importance, item.text) == (("b", "c"), "k2", 0.0, "new")


def test_edit_takes_the_text_from_stdin(run: Run, db: str) -> None:
    id = kept(run, "old")
    assert run("edit", id, "--text", "-", stdin="two\nlines\n").stdout.strip() == id
    assert [item.text for item in stored(db)] == ["two\nlines\n"]


def test_an_edit_that_changes_nothing_writes_nothing(run: Run, db: str) -> None:
    id = kept(run, "same", "--key", "k")
    result = run("edit", id, "--text", "same", "--key", "k")
    assert (result.exit_code, result.stderr) == (0, "nothing was changed\n")
    assert [item.version for item in stored(db)] == [1]


def test_a_hidden_memory_is_brought_back_before_it_is_edited(run: Run) -> None:
    id = kept(run, "x")
    run("retract", id)
    refused = run("edit", id, "--text", "y")
    assert refused.exit_code == 1
    assert f"restore {id}" in refused.stderr


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], str]:
    """A command line that runs Python statements on `path`, as an editor would."""

    def make(script: str) -> str:
        file = tmp_path / "editor.py"
        file.write_text(f"import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n{script}")
        return f"'{sys.executable}' '{file}'"

    return make


CHANGE = "path.write_bytes(path.read_bytes().replace(b'Friday', b'Monday') + b'\\n')"


@pytest.mark.usefixtures("terminal", "person")
class TestEditor:
    def test_it_gives_the_new_text(self, run: Run, db: str, editor: Callable[[str], str]) -> None:
        id = kept(run, "on Friday,\r\n14:00 \ufeff").split()[1]
        result = run("edit", id, "--editor", editor(CHANGE))
        assert result.stdout == f"{id} (note, version 2)\n"
        assert [item.text for item in stored(db)] == ["on Monday,\r\n14:00 \ufeff"]

    @pytest.mark.parametrize("text", ["x", "x\n", "x\n\n", "", "\n"])
    def test_what_it_did_not_change_stays(
        self, run: Run, db: str, editor: Callable[[str], str], text: str
    ) -> None:
        kept(run, "--", text)
        [before] = stored(db)
        ends = "path.write_bytes(path.read_bytes().removesuffix(b'\\n') + b'\\n')"
        result = run("edit", before.id, "--editor", editor(ends))
        assert "nothing was changed" in result.stderr
        assert stored(db) == [before]

    def test_its_file_is_private_and_goes(
        self, run: Run, editor: Callable[[str], str], tmp_path: Path
    ) -> None:
        id = kept(run, "x").split()[1]
        told = tmp_path / "told"
        script = (
            f"import os\nmodes = path.stat().st_mode, path.parent.stat().st_mode\n"
            f"Path({str(told)!r}).write_text(f'{{path}} {{modes[0]}} {{modes[1]}}')\n"
            "path.with_suffix('.swp').write_text('a copy')"
        )
        run("edit", id, "--editor", editor(script))
        path, *modes = told.read_text().split()
        assert [stat.S_IMODE(int(mode)) for mode in modes] == [0o600, 0o700]
        assert not os.path.exists(os.path.dirname(path))

    @pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
    def test_it_is_the_users_own(
        self,
        run: Run,
        db: str,
        editor: Callable[[str], str],
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
    ) -> None:
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv(variable, editor(CHANGE))
        run("edit", kept(run, "Friday").split()[1])
        assert [item.text for item in stored(db)] == ["Monday"]

    @pytest.mark.parametrize(
        ("script", "code"),
        [
            ("sys.exit(3)", "editor_failed"),
            ("path.unlink()", "editor_failed"),
            ("path.write_bytes(b'\\xff')", "invalid_input"),
        ],
    )
    def test_what_it_cannot_give_changes_nothing(
        self, run: Run, db: str, editor: Callable[[str], str], script: str, code: str
    ) -> None:
        kept(run, "x")
        [before] = stored(db)
        result = run("edit", before.id, "--editor", editor(script), "--json")
        assert (result.exit_code, json.loads(result.stdout)["code"]) == (1, code)
        assert stored(db) == [before]

    @pytest.mark.parametrize("command", ["", "'", "no such editor"])
    def test_one_that_cannot_be_run_is_one_line(self, run: Run, command: str) -> None:
        result = run("edit", kept(run, "x").split()[1], "--editor", command)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)

    def test_no_shell_reads_what_names_it(self, run: Run, tmp_path: Path) -> None:
        made = tmp_path / "made"
        run("edit", kept(run, "x").split()[1], "--editor", f"true; touch {made};")
        assert not made.exists()

    def test_a_text_that_no_editor_keeps_is_refused(self, run: Run, db: str) -> None:
        kept(run, "half \ud83d")
        [before] = stored(db)
        assert run("edit", before.id, "--editor", "true").exit_code == 1
        assert stored(db) == [before]

    def test_a_text_that_came_too_late_is_not_lost(
        self, run: Run, db: str, editor: Callable[[str], str]
    ) -> None:
        id = kept(run, "on Friday").split()[1]
        theirs = (
            f"import amberfile\nwith amberfile.open({db!r}) as memory:\n"
            f"    memory.update({id!r}, text='theirs')\n{CHANGE}"
        )
        result = run("edit", id, "--editor", editor(theirs))
        assert result.exit_code == 6
        assert "on Monday" in result.stdout
        assert [item.text for item in stored(db)] == ["theirs"]


def test_history_tells_every_version(run: Run) -> None:
    id = kept(run, "one")
    run("edit", id, "--text", "two")
    run("retract", id, "--reason", "wrong")
    told = data(run("history", id, "--json"))
    assert [one["version"] for one in told] == [1, 2, 3]
    assert [one["change"] for one in told] == ["created", "updated", "retracted"]
    assert [one["text"] for one in told] == ["one", "two", "two"]
    assert told[2]["reason"] == "wrong"
    lines = [line.split("\t") for line in run("history", id).stdout.splitlines()]
    assert [(line[0], line[1], line[3], line[4]) for line in lines] == [
        ("1", "created", "", "one"),
        ("2", "updated", "", "two"),
        ("3", "retracted", "wrong", "two"),
    ]


@pytest.mark.usefixtures("terminal")
def test_history_marks_what_changed_with_signs_and_colours(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = kept(run, "Deploys go out on Friday", "--key", "k").split()[1]
    run("edit", id, "--text", "Deploys go out on Monday", "--no-key", "--topic", "ops")
    plain = run("history", id).stdout
    assert "\nDeploys go out on Friday\n" in plain
    assert "\nDeploys go out on [-Friday-]{+Monday+}\n" in plain
    assert "\nkey: [-k-]\n" in plain
    assert "\ntopics: {+ops+}\n" in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    coloured = run("history", id).stdout
    assert "\x1b[32m{+Monday+}\x1b[0m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in run("history", id).stdout


def test_a_pipe_stays_plain_where_colour_is_forced(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = kept(run, "apple")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("recall", "apple").stdout.split("\t")[1:] == [id, "apple\n"]


def test_retract_hides_and_says_how_to_undo_it(run: Run, db: str) -> None:
    id = kept(run, "x")
    result = run("retract", id[:35], "--reason", "wrong")
    assert result.stdout == "retracted 1\n"
    assert result.stderr == f"bring back: amberfile --db {db} restore {id}\n"
    assert stored(db) == []
    again = run("retract", id)
    assert (again.stdout, again.stderr) == ("retracted 0\n", "")
    assert data(run("restore", id, "--json")) == [{"restored": 1}]
    assert [item.text for item in stored(db)] == ["x"]


def test_a_message_cannot_be_retracted(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        said = memory.session("s").append("user", "x")
    assert data(run("retract", said.id, "--json")) == [{"retracted": 0}]


def test_forget_asks_or_needs_yes(run: Run, db: str) -> None:
    id = kept(run, "x", "--key", "k")
    refused = run("forget", id)
    assert (refused.exit_code, len(stored(db))) == (2, 1)
    assert "--yes" in refused.stderr
    shown = run("forget", "--key", "k", "--dry-run")
    assert (shown.exit_code, shown.stdout.split("\t")[0], len(stored(db))) == (0, id, 1)
    assert data(run("forget", "unknown", "--yes", "--json")) == [{"forgotten": 0}]
    assert data(run("forget", id, "unknown", "--yes", "--json")) == [{"forgotten": 1}]
    assert stored(db) == []


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_forget_does_what_a_person_answers(run: Run, db: str, answer: str, left: int) -> None:
    kept(run, "x", "--key", "k")
    result = run("forget", "--key", "k", stdin=answer)
    assert (result.exit_code, len(stored(db))) == (left, left)
    assert "Forget 1 for good?" in result.stderr
    assert ("Nothing was done" in result.stderr) == bool(left)


@pytest.mark.usefixtures("person")
def test_a_question_shows_ten_of_what_would_go_and_counts_the_rest(run: Run, db: str) -> None:
    with amberfile.open(db) as memory:
        ids = [memory.remember(f"number {number}").id for number in range(12)]
    asked = run("forget", *ids, stdin="n\n").stderr
    assert asked.count("number ") == 10
    assert "and 2 more" in asked


@pytest.mark.usefixtures("person")
def test_nobody_is_asked_about_nothing(run: Run) -> None:
    done = run("forget", "--key", "unknown")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "forgot 0\n", "")
