"""A large file is moved through little memory: the full figure is 200 MB, the limit as much."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

LIMIT = 200
"""MB at the highest, of the process that imports or exports 200 MB."""

ALLOWED = 20
"""MB that the sample of 2 MB may take more than a file of one message."""

SESSION = 200
"""Messages of a conversation."""

_TEXT = "Deploys of part {0} go out on Friday, {0} minutes after the freeze, says Ada. " * 5
_TIME = "2026-01-01T00:00:00+00:00"

_PROGRAM = """
import sys
from amberfile.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""  # what a parent would be told counts what it was before it became this program


class Moved(NamedTuple):
    answer: dict[str, Any]
    megabytes: int


@pytest.fixture(autouse=True)
def _linux() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells how much memory a process had at the highest")


def moved(store: str, *arguments: str) -> Moved:
    """What `amberfile` answers, and the most memory that it had."""
    command = [sys.executable, "-c", _PROGRAM, "--db", store, *arguments, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = next(line for line in run.stderr.splitlines() if line.startswith("VmHWM"))
    [answer] = json.loads(run.stdout)["data"]
    return Moved(answer, int(peak.split()[1]) // 1024)


@pytest.fixture
def limit(torture: bool, tmp_path: Path) -> int:
    """MB at the highest. A small file would pass any limit for a large one."""
    if torture:
        return LIMIT
    one = tmp_path / "one.jsonl"
    written(one, bare, 1)
    return moved(str(tmp_path / "one.db"), "import", str(one)).megabytes + ALLOWED


def text(number: int) -> str:
    return _TEXT.format(number)


def ours(number: int) -> dict[str, Any]:
    if number == 0:
        return {"amberfile": 1, "scope": {}}
    if number % 2:
        written = {"created_at": _TIME, "updated_at": _TIME, "change": "created"}
        return {"type": "item", "id": f"i{number}", "text": text(number)} | written
    session = f"s{number // SESSION}"
    said = {"session": session, "role": "user", "content": text(number), "created_at": _TIME}
    return {"type": "message", "id": f"m{number}"} | said


def bare(number: int) -> dict[str, Any]:
    return {"role": "user", "content": text(number), "session": f"s{number // SESSION}"}


def tree(number: int) -> dict[str, Any]:
    """A conversation as ChatGPT exports it."""
    ids = [f"{number}-{place}" for place in range(SESSION)]
    nodes = {
        id: {
            "id": id,
            "parent": ids[place - 1] if place else None,
            "children": ids[place + 1 : place + 2],
            "message": {
                "id": id,
                "author": {"role": "user"},
                "create_time": 1_700_000_000 + place,
                "content": {"content_type": "text", "parts": [text(place)]},
            },
        }
        for place, id in enumerate(ids)
    }
    head = {"title": f"Talk {number}", "conversation_id": f"c{number}", "create_time": 1.7e9}
    return head | {"mapping": nodes, "current_node": ids[-1]}


def lines(record: Callable[[int], dict[str, Any]], size: int) -> Iterator[str]:
    """Records, one a line, until they are `size` characters together."""
    number = length = 0
    while length < size:
        line = json.dumps(record(number)) + "\n"
        number, length = number + 1, length + len(line)
        yield line


def written(path: Path, record: Callable[[int], dict[str, Any]], size: int) -> int:
    """How many were written."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for line in lines(record, size):
            out.write(line)
            count += 1
    return count


def test_our_own_lines_go_in_and_out(
    tmp_path: Path, path: str, figure: Callable[[int, int], int], limit: int
) -> None:
    source = tmp_path / "ours.jsonl"
    entries = written(source, ours, figure(2, 200) * 1_000_000) - 1
    first = moved(path, "import", str(source))
    assert first.answer["items"] + first.answer["messages"] == entries
    assert first.megabytes < limit
    again = moved(path, "import", str(source))
    assert again.answer["known"] == entries
    assert again.megabytes < limit
    for form in ("jsonl", "yaml"):
        out = moved(path, "export", str(tmp_path / f"out.{form}"), "--format", form)
        assert out.answer["entries"] == entries
        assert out.megabytes < limit
    other = moved(str(tmp_path / "other.db"), "import", str(tmp_path / "out.yaml"))
    assert other.answer["items"] + other.answer["messages"] == entries
    assert other.megabytes < limit


def test_messages_of_the_openai_api_come_in(
    tmp_path: Path, path: str, figure: Callable[[int, int], int], limit: int
) -> None:
    source = tmp_path / "openai.jsonl"
    messages = written(source, bare, figure(2, 200) * 1_000_000)
    done = moved(path, "import", str(source))
    assert done.answer["messages"] == messages
    assert done.megabytes < limit


def test_an_array_of_conversations_comes_in(
    tmp_path: Path, path: str, figure: Callable[[int, int], int], limit: int
) -> None:
    source = tmp_path / "conversations.json"
    talks = list(lines(tree, figure(2, 200) * 1_000_000))
    source.write_text(f"[{','.join(talks)}]", "utf-8")
    count = len(talks)
    talks.clear()
    done = moved(path, "import", str(source))
    assert (done.answer["sessions"], done.answer["messages"]) == (count, count * SESSION)
    assert done.megabytes < limit
