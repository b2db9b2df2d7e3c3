"""What every test stands on: repeatable randomness and a home of its own."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from click.testing import Result

    from amberfile import Memory

SEED = "AMBERFILE_SEED"
TORTURE = os.environ.get("AMBERFILE_TORTURE", "") not in ("", "0")

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=False,
    max_examples=50,
    print_blob=True,
    stateful_step_count=30,
)
settings.register_profile(
    "torture",
    parent=settings.get_profile("ci"),
    max_examples=2_000,
    stateful_step_count=80,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("torture" if TORTURE else "ci")


def pytest_configure() -> None:
    """Choose the seed before xdist starts its workers, which inherit it."""
    os.environ.setdefault(SEED, str(random.SystemRandom().randrange(1 << 32)))


def pytest_report_header() -> str:
    return f"{SEED}={os.environ[SEED]}  AMBERFILE_TORTURE={int(TORTURE)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and "seed" in getattr(item, "fixturenames", ()):
        report.sections.append(("the same again", f"{SEED}={os.environ[SEED]}"))
    return report


@pytest.fixture(scope="session")
def seed() -> int:
    """For `random.Random(seed)`; AMBERFILE_SEED sets it, and a failure shows it."""
    return int(os.environ[SEED])


@pytest.fixture(scope="session")
def torture() -> bool:
    """Whether to use the full figures: AMBERFILE_TORTURE=1, as `make torture` does."""
    return TORTURE


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the memory of whoever runs it."""
    ours = (SEED, "AMBERFILE_TORTURE")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AMBERFILE_") and name not in ours and "_TEST_" not in name:
                patch.delenv(name)
        patch.setenv("AMBERFILE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(params=["ram", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each kind, by its name."""
    return "ram:" if request.param == "ram" else str(tmp_path / "memory.db")


@pytest.fixture
def memory(url: str) -> Iterator[Memory]:
    """An empty memory on each kind of store, closed after the test."""
    import amberfile

    with amberfile.open(url) as memory:
        yield memory


@pytest.fixture
def db(tmp_path: Path) -> str:
    """The path of a store that is not there yet."""
    return str(tmp_path / "agent.db")


@pytest.fixture
def run(db: str) -> Callable[..., Result]:
    """Calls the command line on the store `db`, in this process: `run("list", stdin="")`."""
    from click.testing import CliRunner

    from amberfile.cli.main import main

    def call(*words: str, stdin: str | bytes = b"") -> Result:
        return CliRunner().invoke(main, ["--db", db, *words], input=stdin)

    return call


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output as on a terminal of 100 columns."""
    from amberfile.cli import output

    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who answers what is asked: with what stands on stdin."""
    monkeypatch.setattr("amberfile.cli.asking.can_ask", lambda: True)
