"""The examples run and succeed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_main_job_finds_its_answers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "main_job.py"],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "273 messages in 11 sessions" in done.stdout
    assert "5 of 5 facts" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].strip().startswith(".venv/bin/amberfile --db ")
