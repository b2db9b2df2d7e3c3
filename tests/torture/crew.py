"""Processes that work on one store together, and are released or killed at one moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TypeAlias

ROOT = Path(__file__).parents[2]

Worker: TypeAlias = "subprocess.Popen[str]"


@contextmanager
def worker(name: str, *arguments: object, pass_fds: Sequence[int] = ()) -> Iterator[Worker]:
    """`tests.torture.workers.<name>` as a process; killed at the end if it still runs."""
    command = [sys.executable, "-m", f"tests.torture.workers.{name}", *map(str, arguments)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=pass_fds,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def crew(
    name: str, each: Sequence[Sequence[object]], *, pass_fds: Sequence[int] = ()
) -> Iterator[list[Worker]]:
    """One process for each list of arguments; all are ready when the context begins."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(worker(name, *arguments, pass_fds=pass_fds)) for arguments in each
        ]
        for one in workers:
            assert answer(one) == "ready"
        yield workers


def tell(worker: Worker, line: str = "go") -> None:
    pipe = _pipe(worker.stdin)
    pipe.write(f"{line}\n")
    pipe.flush()


def answer(worker: Worker) -> str:
    """The next line that the worker prints; "" when it has ended."""
    return _pipe(worker.stdout).readline().rstrip("\n")


def answers(worker: Worker) -> list[str]:
    """Every line until the worker ends."""
    return _pipe(worker.stdout).read().splitlines()


def finished(workers: Sequence[Worker]) -> list[list[str]]:
    """What each printed until its end, which must be a good one."""
    printed = [answers(one) for one in workers]
    assert [one.wait() for one in workers] == [0] * len(workers)
    return printed


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
