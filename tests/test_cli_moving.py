"""import, imports, export: what comes in, what goes again, and what stands when it is whole."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import amberfile
from amberfile import InvalidInput
from amberfile.cli import output, progress

CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"
Run = Callable[..., Result]


def data(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["data"]
    return found


def count(db: str) -> int:
    with amberfile.open(db) as memory:
        return int(memory.info().details["messages"])


def test_an_import_tells_its_counts_and_how_to_undo_it(run: Run, db: str) -> None:
    told = run("import", str(CONVERSATION))
    assert told.stdout.startswith("imported 273 messages in 11 sessions, 0 items; 0 known")
    [one] = data(run("imports", "--json"))
    assert told.stderr == f"undo: amberfile --db {db} imports undo {one['id']}\n"


def test_a_dry_run_of_an_import_counts_and_writes_nothing(run: Run, db: str) -> None:
    told = run("import", str(CONVERSATION), "--dry-run")
    assert told.stdout.startswith("would import 273 messages in 11 sessions")
    assert told.stderr == ""
    assert count(db) == 0
    [as_json] = data(run("import", str(CONVERSATION), "--dry-run", "--json"))
    assert (as_json["messages"], as_json["dry_run"], as_json["id"]) == (273, True, None)


def test_several_paths_are_several_imports(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"messages": [{"role": "user", "content": "hello"}]}\n')
    told = data(run("import", str(CONVERSATION), str(other), "--json"))
    assert [(one["path"], one["messages"]) for one in told] == [
        (str(CONVERSATION), 273),
        (str(other), 1),
    ]
    assert len(data(run("imports", "list", "--json"))) == 2


def test_the_format_can_be_named(run: Run) -> None:
    assert run("import", str(CONVERSATION), "--format", "openai").exit_code == 0
    assert run("import", str(CONVERSATION), "--format", "bogus").exit_code == 2


def test_imports_tells_where_each_came_from(run: Run) -> None:
    run("import", str(CONVERSATION))
    [one] = data(run("imports", "--json"))
    assert set(one) == {"id", "at", "source", "format", "entries"}
    assert (one["source"], one["format"], one["entries"]) == (str(CONVERSATION), "openai", 273)
    id, when, form, entries, source = run("imports").stdout.rstrip("\n").split("\t")
    assert (id, form, entries, source) == (one["id"], "openai", "273", str(CONVERSATION))
    assert one["at"].startswith(when[:10])


def test_an_import_is_undone_and_comes_back(run: Run, db: str) -> None:
    run("remember", "my own")
    [done] = data(run("import", str(CONVERSATION), "--json"))
    assert data(run("imports", "undo", done["id"], "--dry-run", "--json")) == [
        {"id": done["id"], "dry_run": True, "entries": 273, "kept": 0, "sessions": 11}
    ]
    assert count(db) == 273
    undone = run("imports", "undo", done["id"], "--yes")
    assert undone.stdout == "273 entries and 11 sessions went; 0 changed since and kept\n"
    assert count(db) == 0
    assert data(run("imports", "--json")) == []
    assert len(data(run("list", "--json"))) == 1
    run("import", str(CONVERSATION))
    assert count(db) == 273


def test_an_import_that_is_interrupted_tells_where_its_undo_is(
    run: Run, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("amberfile.transfer.import_path", interrupted)
    done = run("import", str(CONVERSATION))
    assert done.exit_code == 130
    told = f"interrupted. What came in until then: amberfile --db {db} imports"
    assert told in done.stderr.splitlines()


def test_a_file_that_a_full_disk_cannot_take_is_told_by_its_own_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("amberfile.cli.writing.os.replace", full)
    told = run("export", str(tmp_path / "out.jsonl"))
    assert told.stderr == f"error: {tmp_path}/out.jsonl: No space left on device\n"
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.usefixtures("person", "terminal")
def test_an_undo_asks_and_takes_a_row_of_the_last_listing(run: Run, db: str) -> None:
    run("import", str(CONVERSATION))
    run("imports")
    asked = run("imports", "undo", "@1", stdin="n\n")
    assert (asked.exit_code, count(db)) == (1, 273)
    assert "Remove 273 entries for good?" in asked.stderr
    assert run("imports", "undo", "@1", stdin="y\n").exit_code == 0
    assert count(db) == 0


def test_an_undo_needs_yes_where_nobody_can_be_asked(run: Run, db: str) -> None:
    [done] = data(run("import", str(CONVERSATION), "--json"))
    refused = run("imports", "undo", done["id"])
    assert (refused.exit_code, refused.stdout, count(db)) == (2, "", 273)
    assert "--yes" in refused.stderr


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["import"], 2, "missing_parameter"),
        (["import", "nope"], 1, "not_found"),
        (["imports", "undo", "nope", "--yes"], 1, "not_found"),
        (["imports", "undo", "@7", "--yes"], 2, "usage_error"),
        (["imports", "bogus"], 2, "usage_error"),
        (["export", "--format", "markdown"], 2, "usage_error"),
        (["export", "--format", "sqlite"], 2, "usage_error"),
        (["export", "x.db", "--format", "sqlite", "--user", "ada"], 2, "usage_error"),
        (["export", "no/such/folder"], 1, "file_not_found_error"),
        (["export", "."], 1, "invalid_input"),
        (["export", ".", "--force"], 1, "invalid_input"),
        (["--db", ".", "import", str(CONVERSATION)], 5, "store_unavailable"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_has_its_exit_code(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMBERFILE_HOME", str(tmp_path / "home"))
    told = run(*words)
    assert told.exit_code == code, told.output
    assert told.stderr.startswith("error: ")
    as_json = run(*words, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["code"]) == (code, name)


def test_the_stream_on_stdout_is_the_file(run: Run, tmp_path: Path) -> None:
    run("import", str(CONVERSATION))
    for form in ("jsonl", "openai", "yaml"):
        out = tmp_path / form
        assert run("export", str(out), "--format", form).exit_code == 0
        assert run("export", "--format", form).stdout_bytes == out.read_bytes()
        assert out.stat().st_mode & 0o777 == 0o600


def test_stdout_is_not_shared(run: Run) -> None:
    refused = run("export", "--json")
    assert refused.exit_code == 2
    assert "give a PATH" in json.loads(refused.stdout)["message"]


def test_what_an_export_wrote_comes_in_again(run: Run, db: str, tmp_path: Path) -> None:
    run("remember", "Deploys go out on Friday", "--key", "window")
    for form in ("jsonl", "yaml"):
        out = tmp_path / f"out.{form}"
        run("export", str(out), "--format", form)
        other = ("--db", str(tmp_path / f"{form}.db"))
        assert data(run(*other, "import", str(out), "--json"))[0]["items"] == 1


def test_the_exported_store_is_a_store(run: Run, tmp_path: Path) -> None:
    run("remember", "x", "--user", "ada")
    out = tmp_path / "copy.db"
    [told] = data(run("export", str(out), "--format", "sqlite", "--json"))
    assert told == {"path": str(out), "format": "sqlite", "entries": 1}
    with amberfile.open(out) as memory:
        assert [item.text for item in memory.scoped(user="ada").find()] == ["x"]
    assert run("export", str(out), "--format", "sqlite", "--force").exit_code == 1


def test_a_configured_user_has_no_part_of_a_store_either(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBERFILE_USER", "ada")
    refused = run("export", str(tmp_path / "x.db"), "--format", "sqlite")
    assert refused.exit_code == 2
    assert "AMBERFILE_USER" in refused.stderr
    assert "--format jsonl" in refused.stderr


def test_a_file_is_replaced_only_by_force(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    assert run("export", str(out)).exit_code == 1
    assert out.read_text() == "mine"
    assert run("export", str(out), "--force").exit_code == 0
    assert out.read_text() != "mine"


def test_an_exported_folder_is_private_and_replaced_only_by_force(run: Run, tmp_path: Path) -> None:
    run("remember", "first", "--key", "k")
    out = tmp_path / "pages"
    assert run("export", str(out), "--format", "markdown").exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in out.rglob("*")} == {0}
    run("remember", "second", "--key", "k")
    assert run("export", str(out), "--format", "markdown").exit_code == 1
    assert "first" in _texts(out)
    assert run("export", f"{out}/", "--format", "markdown", "--force").exit_code == 0
    assert "second" in _texts(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agent.db", "pages"]


def test_no_folder_is_replaced_that_holds_what_no_export_made(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.md").write_text("years of work")
    refused = run("export", str(mine), "--format", "markdown", "--force")
    assert (refused.exit_code, (mine / "thesis.md").read_text()) == (1, "years of work")
    out = tmp_path / "pages"
    run("export", str(out), "--format", "markdown")
    (out / "added.md").write_text("by hand")
    refused = run("export", str(out), "--format", "markdown", "--force")
    assert refused.exit_code == 1
    assert "other files stand in it" in refused.stderr
    assert (out / "added.md").read_text() == "by hand"


def test_an_export_that_fails_leaves_what_was_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pages"
    run("export", str(out), "--format", "markdown")
    before = _texts(out)

    def fail(*_: object) -> None:
        raise InvalidInput("no. Try again.")

    monkeypatch.setattr("amberfile.transfer.notes.okf._write_indexes", fail)
    assert run("export", str(out), "--format", "markdown", "--force").exit_code == 1
    assert _texts(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


def _texts(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.md")))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_when_it_takes_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stderr", shown := _Terminal())
    clock = iter([0.0, 0.5, progress.SOON, 2.0])
    monkeypatch.setattr("amberfile.cli.progress.time.monotonic", lambda: next(clock))
    with progress.bar("import a\x1b[31mb") as tell:
        assert tell is not None
        tell(1, 4)
        assert shown.getvalue() == ""
        tell(2, 4)
        tell(3, 4)
    assert "import a\\x1b[31mb" in shown.getvalue()


def test_nobody_is_shown_a_bar_in_a_pipe() -> None:
    with progress.bar("import") as tell:
        assert tell is None


@pytest.mark.parametrize("mode", [[], ["--json"], ["--jsonl"]])
def test_no_terminal_obeys_the_name_of_a_file(run: Run, tmp_path: Path, mode: list[str]) -> None:
    hostile = tmp_path / "a\x1b[31m\u202eb.jsonl"
    hostile.write_bytes(CONVERSATION.read_bytes())
    for words in (["import", str(hostile)], ["imports"], ["import", f"{hostile}x"]):
        told = run(*words, *mode)
        assert all(one.isprintable() or one in "\n\t" for one in told.output)
    told = run("export", str(hostile), *mode)
    assert told.exit_code == 1
    assert all(one.isprintable() or one in "\n\t" for one in told.output)


@pytest.mark.usefixtures("terminal")
def test_no_terminal_obeys_the_source_of_an_import(run: Run, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[31m\u202eb.jsonl"
    hostile.write_bytes(CONVERSATION.read_bytes())
    run("import", str(hostile))
    assert output.on_terminal()
    told = run("imports").output
    assert "273" in told
    assert all(one.isprintable() or one == "\n" for one in told)
