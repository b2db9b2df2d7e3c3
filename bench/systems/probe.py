"""One step of the comparison, taken inside the environment of the system that is measured.

python probe.py with_mem0.py keep FOLDER       keeps twenty facts; prints nothing
python probe.py with_mem0.py find FOLDER       asks for two of them, in words
python probe.py with_mem0.py write FOLDER      seconds of each of 100 writes
python probe.py with_mem0.py hammer FOLDER a   writes until it is killed, telling what returned
python probe.py with_mem0.py beside FOLDER a 200   waits for a line, opens, writes 200
python probe.py with_mem0.py kept FOLDER       every text that is there

Answers are lines of JSON. Only the standard library is used: the rest is the
system's own. What a system raises is an answer too: {"raised": …}.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol

ANSWERS = {
    "When do the deploys go out?": "Deploys go out on Friday, 14:00 UTC",
    "What is the cat called?": "The cat is called Pretzel",
}
FACTS = [
    f"Service {number} is written in Python and owned by team {number}" for number in range(20)
]
FACTS[7], FACTS[12] = ANSWERS.values()  # neither first nor last: a list would not do
WRITES = 100


class Memories(Protocol):
    """What each script beside this one defines, as that system's guide shows it.

    A system whose guide shows no way to ask in words has no `find`.
    """

    def __init__(self, folder: Path) -> None: ...

    def keep(self, key: str, text: str) -> None: ...

    def kept(self) -> list[str]: ...

    def find(self, words: str) -> list[str]:
        """The texts that match, best first."""
        ...

    def close(self) -> None: ...


def keep(memories: Memories) -> None:
    for number, text in enumerate(FACTS):
        memories.keep(f"fact-{number}", text)


def find(memories: Memories) -> None:
    if not hasattr(memories, "find"):
        raise LookupError("lists what it keeps; has no search by words")
    wrong = [text for question, text in ANSWERS.items() if memories.find(question)[:1] != [text]]
    tell({"wrong": wrong})


def write(memories: Memories) -> None:
    seconds = []
    for number in range(WRITES):
        begun = time.perf_counter()
        memories.keep(f"note-{number}", note("w", number))
        seconds.append(time.perf_counter() - begun)
    tell(seconds)


def hammer(memories: Memories, who: str) -> None:
    for number in count():
        memories.keep(f"{who}-{number}", note(who, number))
        tell(note(who, number))


def beside(memories: Memories, who: str, writes: str) -> None:
    """Write beside another process; a write that raises is counted, and the next is tried."""
    returned, raised = [], []
    for number in range(int(writes)):
        try:
            memories.keep(f"{who}-{number}", note(who, number))
            returned.append(note(who, number))
        except Exception as error:
            raised.append(told(error))
    tell({"returned": returned, "failed": raised})


def kept(memories: Memories) -> None:
    tell(memories.kept())


def note(who: str, number: int) -> str:
    return f"Build {number} of line {who} took {number % 50} minutes and was finished before noon"


def tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


STEPS: dict[str, Callable[..., None]] = {
    step.__name__: step for step in (keep, find, write, hammer, beside, kept)
}


def main(script: str, step: str, folder: str, *rest: str) -> int:
    try:
        opened = runpy.run_path(script)["Memories"]
        if step == "beside":
            tell("ready")
            sys.stdin.readline()
        memories = opened(Path(folder))
        STEPS[step](memories, *rest)
        memories.close()
    except Exception as error:
        tell({"raised": told(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
