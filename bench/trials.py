"""What each system is put through: a word search, timed writes, kills, and a second writer."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from environments import Environment, environ

ROUNDS = 5
KILLS = 20
WRITES = 200  # of each of the two writers
NEW_FILES = 4


@dataclass(frozen=True)
class Found:
    """What a second process finds of twenty facts that the first one kept.

    Args:
        listed: all of them, when it asks for everything.
        right: the right ones, when it asks in words.
        why_not: what happened where it does not.
    """

    listed: bool
    right: bool
    why_not: str = ""


@dataclass(frozen=True)
class Beside:
    """Two writers at once: of the `asked` writes, those that raised and those that vanished."""

    asked: int
    failed: int
    lost: int
    error: str = ""


def finds_by_words(environment: Environment, folder: Path) -> Found:
    """Twenty facts in one process; questions with the words of two in another."""
    folder.mkdir()
    if kept := _raised(environment.step("keep", folder)):
        return Found(listed=False, right=False, why_not=f"keeping: {kept}")
    texts = environment.step("kept", folder)
    listed = isinstance(texts, list) and len(texts) == 20
    answer = environment.step("find", folder)
    if asked := _raised(answer):
        return Found(listed, right=False, why_not=f"asking: {asked}")
    right = answer == {"wrong": []}
    return Found(listed, right, "" if right else "asking: its first hit is another fact")


def import_seconds(environments: Sequence[Environment], home: Path) -> dict[str, float]:
    """Wall seconds of a Python that imports each one, medians, in turn; "" is an empty Python."""
    home.mkdir()
    commands = {one.system.name: (one, one.system.imports) for one in environments}
    commands[""] = (environments[0], "pass")
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, (environment, code) in commands.items():
            begun = time.perf_counter()
            subprocess.run(
                [*environment.guard, str(environment.python), "-c", code],
                check=True, capture_output=True, env=environ(home), cwd=home,
            )  # fmt: skip
            if turn:  # the first one compiles
                taken[name].append(time.perf_counter() - begun)
    return {name: median(seconds) for name, seconds in taken.items()}


def write_seconds(environments: Sequence[Environment], folder: Path) -> dict[str, float]:
    """Seconds of one write into a store of its own: medians of 100, then of the rounds."""
    taken: dict[str, list[float]] = {one.system.name: [] for one in environments}
    for turn in range(ROUNDS):
        for place, environment in enumerate(environments):
            home = folder / f"write-{turn}-{place}"
            home.mkdir(parents=True)
            seconds = environment.step("write", home)
            assert isinstance(seconds, list), seconds
            taken[environment.system.name].append(median(seconds))
    return {name: median(seconds) for name, seconds in taken.items()}


def lost_to_kills(environment: Environment, folder: Path, seed: int = 1) -> tuple[int, int]:
    """(writes that returned, how many of them are not there) after SIGKILL upon SIGKILL."""
    folder.mkdir()
    chance = random.Random(seed)
    returned: list[str] = []
    for number in range(KILLS):
        command = environment.command("hammer", folder, f"kill-{number}")
        with _begun(command, folder) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randint(5, 60)):
                returned += _answers([writer.stdout.readline()])
            writer.kill()
            returned += _answers(writer.stdout)
    return len(returned), _missing(environment, folder, returned)


def two_writers(environment: Environment, folder: Path, *, new: bool) -> Beside:
    """Two processes write `WRITES` each, begun at one moment.

    Args:
        new: the store does not exist yet when both open it; `NEW_FILES` stores then,
            with a share of the writes each.
    """
    parts = NEW_FILES if new else 1
    rounds = [
        _pair(environment, folder / f"pair-{number}", WRITES // parts, new=new)
        for number in range(parts)
    ]
    error = next((one.error for one in rounds if one.error), "")
    failed, lost = sum(one.failed for one in rounds), sum(one.lost for one in rounds)
    return Beside(sum(one.asked for one in rounds), failed, lost, error)


def _pair(environment: Environment, folder: Path, writes: int, *, new: bool) -> Beside:
    folder.mkdir(parents=True)
    if not new:
        environment.step("keep", folder)
    writers = [
        _begun(environment.command("beside", folder, who, str(writes)), folder) for who in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()  # "ready": imported, not yet opened
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [_last(writer.communicate()[0]) for writer in writers]
    returned = [text for answer in told for text in answer.get("returned", [])]
    errors = [error for answer in told for error in answer.get("failed", [])]
    errors += [answer["raised"] for answer in told if "raised" in answer]
    lost = _missing(environment, folder, returned)
    return Beside(2 * writes, 2 * writes - len(returned), lost, errors[0] if errors else "")


def _raised(answer: object) -> str:
    """What the system raised; "" when it did not."""
    return str(answer.get("raised", "")) if isinstance(answer, dict) else ""


def _missing(environment: Environment, folder: Path, returned: Sequence[str]) -> int:
    """How many of what was acknowledged a new process does not list; all when it cannot."""
    texts = environment.step("kept", folder)
    return len(set(returned) - set(texts)) if isinstance(texts, list) else len(returned)


def _begun(command: Sequence[str], home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environ(home), cwd=home,
    )  # fmt: skip


def _answers(lines: Iterable[str]) -> list[str]:
    """The texts among the lines; a line that a kill cut is none."""
    return [json.loads(line) for line in lines if line.startswith('"') and line.endswith('"\n')]


def _last(printed: str) -> Mapping[str, Any]:
    """The last answer that is an object."""
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    told: dict[str, Any] = json.loads(lines[-1]) if lines else {"raised": "no answer"}
    return told
