"""`import amberfile` is cheap: what is not used is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROBE = """
import sys
before = set(sys.modules)
import amberfile
amberfile.open
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def test_import_loads_the_standard_library_and_apsw_only(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "amberfile" in loaded
    assert loaded - sys.stdlib_module_names <= {"amberfile", "apsw"}
    assert "asyncio" not in loaded  # 30 ms that only `memory.aio` needs
