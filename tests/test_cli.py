"""The command line: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest
from click.testing import Result

import amberfile
from amberfile.cli.groups import LazyGroup
from amberfile.cli.main import main

CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"


def process(*words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "amberfile", *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **more)


def data(result: Result) -> list[dict[str, Any]]:
    """The data of an envelope."""
    envelope = json.loads(result.stdout)
    assert set(envelope) == {"status", "command", "duration_ms", "scope", "count", "data"}
    assert envelope["status"] == "ok"
    assert envelope["count"] == len(envelope["data"])
    found: list[dict[str, Any]] = envelope["data"]
    return found


def stored(db: str) -> list[str]:
    with amberfile.open(db) as memory:
        return [item.text for item in memory.find()]


def test_one_process_remembers_and_another_recalls(db: str) -> None:
    kept = process("--db", db, "remember", "Deploys go out on Friday", "--key", "window")
    found = process("--db", db, "recall", "when do we deploy?")
    score, id, text = found.stdout.decode().rstrip("\n").split("\t")
    assert (id, text) == (kept.stdout.decode().strip(), "Deploys go out on Friday")
    assert float(score) > 0


def test_version_loads_neither_rich_nor_an_engine() -> None:
    probe = (
        "import sys\nfrom amberfile.cli.main import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    version, modules = shown.stdout.splitlines()
    assert amberfile.__version__ in version
    assert not {"rich", "amberfile.stores.sqlite", "asyncio"} & set(modules.split())


def test_recall_in_a_pipe_does_not_load_rich(db: str) -> None:
    probe = (
        "import sys\nfrom amberfile.cli.main import main\n"
        f"try: main(['--db', {db!r}, 'recall', 'x'])\nexcept SystemExit: pass\n"
        "print('rich' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "False\n"


def test_alone_it_tells_where_the_memory_is_and_makes_nothing(
    run: Callable[..., Result], db: str
) -> None:
    result = run()
    assert result.exit_code == 0
    assert f"memory  {db}  (not made yet)" in result.stdout
    assert result.stdout.count("amberfile --db") == 3
    assert not Path(db).exists()
    run("remember", "x")
    [status] = data(run("--json"))
    assert (status["where"], status["exists"], status["items"]) == (db, True, 1)
    assert len(status["try"]) == 3


def leaves(group: LazyGroup, *above: str) -> Iterator[tuple[str, ...]]:
    """Every command below `group`, as the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, LazyGroup):
            yield (*above, name)
            yield from leaves(command, *above, name)
        else:
            yield (*above, name)


@pytest.mark.parametrize("words", [*leaves(cast(LazyGroup, main))], ids=" ".join)
def test_every_command_has_help_with_an_example(
    run: Callable[..., Result], words: tuple[str, ...]
) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert re.search(rf"\n  (.* \| |\w+=\w+ )?amberfile {' '.join(words)}\b", result.stdout)
    options = ("--db", "--user", "--agent", "--space", "--json", "--jsonl")
    assert all(option in result.stdout for option in options)


def test_the_commands_stand_in_sections(run: Callable[..., Result]) -> None:
    told = run("--help").stdout
    titles = ["Remember and recall", "Look and change", "Sessions", "Move and keep safe"]
    places = [told.index(f"\n{title}:\n") for title in (*titles, "Settings")]
    assert places == sorted(places)
    assert places[0] < told.index("\n  recall ") < places[1] < told.index("\n  edit ") < places[2]


@pytest.mark.parametrize(
    ("alias", "command"), [("add", "remember"), ("search", "recall"), ("rm", "forget")]
)
def test_an_alias_is_the_command_under_another_name(
    run: Callable[..., Result], alias: str, command: str
) -> None:
    assert f"Usage: main {command} " in run(alias, "--help").stdout
    assert f"\n  {alias} " not in run("--help").stdout


def test_an_alias_is_told_by_the_commands_own_name(run: Callable[..., Result]) -> None:
    assert json.loads(run("search", "x", "--json").stdout)["command"] == "recall"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["recal", "x"], "'recall'"),
        (["serch", "x"], "'search'"),
        (["sessions", "shwo"], "'show'"),
        (["qqqq"], None),
    ],
)
def test_a_mistyped_command_is_told_with_the_nearest(
    run: Callable[..., Result], words: list[str], meant: str | None
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert (f"Did you mean {meant}?" in result.stderr) == (meant is not None)


def test_a_command_loads_no_other_command(db: str) -> None:
    probe = (
        "import sys\nfrom amberfile.cli.main import main\n"
        f"try: main(['--db', {db!r}, 'recall', 'x'])\nexcept SystemExit: pass\n"
        "print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    others = {"amberfile.cli.edit", "amberfile.cli.history", "amberfile.cli.sessions"}
    assert not others & set(shown.stdout.split())


def test_recall_as_json_tells_an_item(run: Callable[..., Result]) -> None:
    run("remember", "Deploys go out on Friday", "--key", "window", "--topic", "ops")
    [hit] = data(run("recall", "deploy", "--json"))
    assert set(hit) == {
        *("id", "kind", "text", "score", "why"),
        *("key", "topics", "created_at", "updated_at", "version"),
    }
    assert (hit["kind"], hit["key"], hit["topics"], hit["version"]) == (
        "fact",
        "window",
        ["ops"],
        1,
    )
    assert set(hit["why"][0]) == {"term", "place", "added"}
    assert sum(reason["added"] for reason in hit["why"]) == pytest.approx(hit["score"], abs=1e-4)


def test_recall_as_json_tells_a_message(run: Callable[..., Result]) -> None:
    run("import", str(CONVERSATION))
    [hit] = data(run("--json", "recall", "Which vet did we settle on?", "-n", "1"))
    assert set(hit) == {
        *("id", "kind", "text", "score", "why"),
        *("session", "seq", "role", "name", "created_at"),
    }
    assert (hit["kind"], hit["session"], hit["seq"]) == ("message", "2026-03-09-cat", 9)


def test_recall_takes_kinds_and_limits(run: Callable[..., Result]) -> None:
    for number in range(3):
        run("remember", f"apple {number}", "--kind", "fruit")
    run("remember", "apple pie", "--kind", "cake")
    assert len(data(run("recall", "apple", "--json"))) == 4
    assert len(data(run("recall", "apple", "--kind", "fruit", "--limit", "2", "--json"))) == 2
    both = data(run("recall", "apple", "--kind", "fruit", "--kind", "cake", "--json"))
    assert len(both) == 4


def test_nothing_found_is_no_error_unless_it_is_said_to_be(run: Callable[..., Result]) -> None:
    assert (run("recall", "x").exit_code, run("recall", "x").stdout) == (0, "")
    failed = run("recall", "x", "--fail-empty", "--json")
    assert (failed.exit_code, data(failed)) == (3, [])


def test_a_scope_is_one_owners(run: Callable[..., Result]) -> None:
    run("--user", "ada", "remember", "secret", "--agent", "planner")
    assert data(run("recall", "secret", "--json")) == []
    assert data(run("list", "--user", "bob", "--json")) == []
    result = run("list", "--user", "ada", "--agent", "planner", "--json")
    assert json.loads(result.stdout)["scope"] == {
        "space": "default",
        "user": "ada",
        "agent": "planner",
    }
    assert [one["text"] for one in data(result)] == ["secret"]


def test_list_takes_kinds_topics_and_a_limit(run: Callable[..., Result]) -> None:
    run("remember", "one", "--topic", "a", "--topic", "b", "--key", "k")
    run("remember", "two", "--topic", "a")
    assert [one["text"] for one in data(run("list", "--json"))] == ["two", "one"]
    both = data(run("list", "--topic", "a", "--topic", "b", "--json"))
    assert [one["text"] for one in both] == ["one"]
    assert [one["text"] for one in data(run("list", "--kind", "note", "--json"))] == ["two"]
    limited = run("list", "--limit", "1")
    assert limited.stdout.split("\t")[1:] == ["note", "", "two\n"]
    assert "more than 1" in limited.stderr


def test_import_export_and_import_again(run: Callable[..., Result], tmp_path: Path) -> None:
    [done] = data(run("import", str(CONVERSATION), "--json"))
    assert (done["sessions"], done["messages"], done["known"]) == (11, 273, 0)
    run("remember", "a fact", "--key", "k")
    out = tmp_path / "out.jsonl"
    assert run("export", str(out)).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("export").stdout_bytes == out.read_bytes()
    assert run("export", "--format", "openai").stdout_bytes == CONVERSATION.read_bytes()
    [again] = data(run("import", str(out), "--json"))
    assert (again["messages"], again["known"]) == (0, 274)
    assert run("export", str(out)).exit_code == 1
    assert run("export", str(out), "--force").exit_code == 0
    assert run("export", "--json").exit_code == 2


def test_export_where_it_cannot_write_is_one_line(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    result = run("export", str(tmp_path / "no" / "out"))
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path}/no/out: No such file or directory\n"


def test_backup_is_a_store(run: Callable[..., Result], tmp_path: Path) -> None:
    run("remember", "x", "--user", "ada")
    copy = str(tmp_path / "copy.db")
    [info] = data(run("backup", copy, "--json"))
    assert info["where"] == copy
    with amberfile.open(copy) as memory:
        assert [item.text for item in memory.scoped(user="ada").find()] == ["x"]
    assert run("backup", copy).exit_code == 1


def test_doctor_tells_what_is_sound_and_what_is_not(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("remember", "x")
    [health] = data(run("doctor", "--json"))
    assert (health["faults"], health["details"]["items"]) == ([], 1)
    assert "durability" in health["promises"]
    assert "verdict\tsound\n" in run("doctor").stdout
    monkeypatch.setattr("amberfile.doctor.faults", lambda memory: ["a page is lost"])
    sick = run("doctor")
    assert sick.exit_code == 5
    assert "fault\ta page is lost\n" in sick.stdout


def test_a_reader_that_leaves_is_no_matter(db: str) -> None:
    process("--db", db, "import", str(CONVERSATION))
    command = f'"{sys.executable}" -m amberfile --db "{db}" export | head -c 10'
    done = subprocess.run(command, shell=True, capture_output=True, check=False)  # noqa: S602
    assert (len(done.stdout), done.stderr) == (10, b"")


def test_stdin_is_read_to_the_last_character(run: Callable[..., Result], db: str) -> None:
    run("remember", "-", stdin="two\nlines\n")
    run("remember", stdin="no dash")
    assert stored(db) == ["no dash", "two\nlines\n"]
    assert run("remember").exit_code == 2
    wrong = run("remember", "-", stdin=b"\xff")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (1, 1)
    assert run("recall", "lines").stdout.endswith("\ttwo\\nlines\\n\n")


@pytest.mark.usefixtures("terminal")
def test_recall_on_a_terminal_shows_where_and_why(run: Callable[..., Result]) -> None:
    run("import", str(CONVERSATION))
    shown = run("recall", "Which vet did we settle on?", "-n", "1").stdout
    assert "score" in shown
    assert "2026-03-09-cat#9" in " ".join(shown.split())
    assert "vet 4." in " ".join(shown.split())


def test_memory_is_where_the_environment_says(tmp_path: Path) -> None:
    where = tmp_path / "there.db"
    process("remember", "x", env=os.environ | {"AMBERFILE_DB": str(where)})
    assert stored(str(where)) == ["x"]


@pytest.mark.parametrize(
    "words",
    [
        ["recall", "x"],
        ["list"],
        ["list", "--hidden"],
        ["sessions"],
        ["imports"],
        ["stats"],
        ["export"],
        ["retract", "x"],
        ["forget", "x", "--yes"],
        ["import", str(CONVERSATION), "--dry-run"],
        ["show", "x"],
    ],
    ids=" ".join,
)
def test_to_look_makes_no_store(run: Callable[..., Result], db: str, words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == (1 if words[0] == "show" else 0), result.output
    assert not Path(db).exists()
