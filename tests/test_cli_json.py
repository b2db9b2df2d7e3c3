"""What programs read: every command's JSON has a schema, and keeps to it.

tests/schemas holds a file a command: "sessions list" is sessions-list.json,
and describes one element of `data`. A command that is added needs a schema
and an example here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, cast

import click
import pytest
from click.testing import Result
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import amberfile
from amberfile.cli.groups import LazyGroup
from amberfile.cli.main import main
from amberfile.transfer import import_path

Run = Callable[..., Result]

FOLDER = Path(__file__).with_name("schemas")
SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{name}.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
CONVERSATION = Path(__file__).parents[1] / "examples" / "conversation.jsonl"

# A group alone does what one of its commands does.
ALONE = {"sessions": "sessions list", "imports": "imports list", "config": "config explain"}

# Calls of each command.
EXAMPLES: Mapping[str, list[list[str]]] = {
    "status": [[]],
    "remember": [["remember", "pear", "--key", "k", "--topic", "t"]],
    "recall": [["recall", "apple"], ["recall", "nothing of this"]],
    "list": [["list"], ["list", "-n", "1"], ["list", "--hidden"]],
    "show": [["show", "item", "said", "hidden"]],
    "edit": [["edit", "item", "--text", "new"], ["edit", "item", "--text", "apple"]],
    "history": [["history", "hidden"]],
    "retract": [["retract", "item", "unknown"]],
    "restore": [["restore", "hidden"]],
    "forget": [["forget", "item", "said", "--dry-run"], ["forget", "item", "--yes"]],
    "sessions": [["sessions"]],
    "sessions list": [["sessions", "list"]],
    "sessions show": [["sessions", "show", "talk"]],
    "sessions rename": [["sessions", "rename", "talk", "title"]],
    "sessions rm": [["sessions", "rm", "talk", "--dry-run"], ["sessions", "rm", "talk", "--yes"]],
    "sessions export": [["sessions", "export", "talk", "talk.json"]],
    "import": [["import", "chat.jsonl"], ["import", "other.jsonl", "--dry-run"]],
    "imports": [["imports"]],
    "imports list": [["imports", "list"]],
    "imports undo": [
        ["imports", "undo", "made", "--dry-run"],
        ["imports", "undo", "made", "--yes"],
    ],
    "export": [["export", "out.jsonl"], ["export", "out.db", "--format", "sqlite"]],
    "backup": [["backup", "copy.db"]],
    "restore-backup": [
        ["restore-backup", "other.db", "--yes"],
        ["restore-backup", "other.db", "--yes", "--no-copy"],
        ["restore-backup", "other.db", "--dry-run"],
    ],
    "doctor": [["doctor"]],
    "reindex": [["reindex"]],
    "repair": [["repair", "other.db", "mended.db"]],
    "stats": [["stats"], ["stats", "--days", "2", "--user", "nobody"]],
    "config": [["config"]],
    "config explain": [["config", "explain"]],
    "config get": [["config", "get", "user"], ["config", "get", "busy_timeout"]],
    "config set": [["config", "set", "user", "default", "--project"]],
    "config unset": [["config", "unset", "user", "--project"]],
    "config path": [["config", "path"]],
    "completion": [["completion", "bash"], ["completion", "zsh"], ["completion", "fish"]],
    "help": [["help"], ["help", "sessions", "list"]],
}

# They print something else than data.
WITHOUT_JSON: set[str] = set()


@pytest.fixture
def holding(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thing of each kind, with every field that it may have."""
    monkeypatch.chdir(tmp_path)
    with amberfile.open(db) as memory:
        source = amberfile.Source("tool", "ref", 0.5)
        memory.remember(
            "apple", id="item", key="fruit", topics=["a"], metadata={"x": [1]}, source=source
        )
        memory.remember("apple", id="other")
        memory.remember("apple", id="hidden")
        memory.retract("hidden", reason="old")
        with memory.session("talk").turn() as turn:
            turn.append("user", "apple", id="said", name="Ada")
            turn.append(
                "assistant", None, tool_calls=[{"a": 1}], parts=amberfile.Parts("f", 1, [1])
            )
        memory.backup(tmp_path / "other.db")
    for name in ("chat", "other"):
        said = {"id": name, "messages": [{"role": "user", "content": name}]}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(said))
    made = count(1)
    with amberfile.open(db, ids=lambda: f"made-{next(made)}") as memory:
        import_path(memory, tmp_path / "chat.jsonl")


def commands(group: LazyGroup, *above: str) -> Iterator[str]:
    """The name of every command below `group`, as an envelope tells it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield " ".join((*above, name))
        if isinstance(command, LazyGroup):
            yield from commands(command, *above, name)


COMMANDS = sorted({"status", *commands(cast(LazyGroup, main))} - WITHOUT_JSON)


def check(name: str, value: Any) -> None:
    """`value` keeps to the schema `name`."""
    schema = SCHEMAS[name.replace(" ", "-")]
    Draft202012Validator(schema, registry=REGISTRY).validate(value)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_called_here(command: str) -> None:
    assert EXAMPLES.get(command), "add a call to EXAMPLES, and its schema to tests/schemas"


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize(
    "words", [words for calls in EXAMPLES.values() for words in calls], ids=" ".join
)
def test_the_envelope_and_its_data_keep_to_their_schemas(run: Run, words: list[str]) -> None:
    result = run(*words, "--json")
    told = json.loads(result.stdout)
    check("envelope", told)
    assert result.stdout.count("\n") == 1
    assert told["count"] == len(told["data"])
    assert " ".join(words).startswith(told["command"].split()[0]) or told["command"] == "status"
    for one in told["data"]:
        check(told["command"], one)


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize("command", EXAMPLES)
def test_a_line_each_is_the_data_without_the_envelope(run: Run, command: str) -> None:
    words = EXAMPLES[command][0]
    name = ALONE.get(command, command)
    told = [json.loads(line) for line in run(*words, "--jsonl").stdout.splitlines()]
    assert told
    for one in told:
        check(name, one)


@pytest.mark.usefixtures("holding")
def test_a_line_each_is_the_same_data(run: Run) -> None:
    for words in (["list"], ["recall", "apple"], ["sessions"], ["show", "item", "said"]):
        lines = run(*words, "--jsonl").stdout.splitlines()
        assert [json.loads(line) for line in lines] == json.loads(run(*words, "--json").stdout)[
            "data"
        ]


@pytest.mark.parametrize("option", ["--json", "--jsonl"])
@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["recall"],
        ["show", "unknown"],
        ["remember", "x", "--key", ""],
        ["--db", "foo:", "list"],
        ["--db", ".", "list"],
        ["forget", "x"],
        ["sessions", "show", "unknown"],
    ],
    ids=" ".join,
)
def test_an_error_keeps_to_its_schema(run: Run, words: list[str], option: str) -> None:
    result = run(option, *words)
    check("error", json.loads(result.stdout))
    assert result.stdout.count("\n") == 1


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            yield from parts(inner)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_takes_no_field_that_it_does_not_name(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    for part in parts(SCHEMAS[name]):
        closed = False in (part.get("additionalProperties"), part.get("unevaluatedProperties"))
        assert closed or "properties" not in part or name == "common", part


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize("command", EXAMPLES)
def test_a_schema_refuses_a_field_more_and_a_field_less(run: Run, command: str) -> None:
    told = json.loads(run(*EXAMPLES[command][0], "--json").stdout)
    [one, *_] = told["data"]
    assert not valid(told["command"], one | {"more": 1})
    for field in one:
        assert not valid(told["command"], {k: v for k, v in one.items() if k != field}), field


def valid(name: str, value: Any) -> bool:
    schema = SCHEMAS[name.replace(" ", "-")]
    return Draft202012Validator(schema, registry=REGISTRY).is_valid(value)
