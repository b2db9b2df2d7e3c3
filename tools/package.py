"""Build the wheel into dist/, install it into an empty environment, and spend five minutes with it.

Needs the network, or a package index, for what the wheel depends on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    here = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="amberfile-") as made:
        folder = Path(made)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
        [wheel] = folder.glob("*.whl")
        python = folder / "env" / "bin" / "python"
        run(str(here / "uv"), "venv", "--quiet", str(folder / "env"))
        run(str(here / "uv"), "pip", "install", "--quiet", "--python", str(python), str(wheel))
        script = [str(ROOT / "tools" / "first_minutes.py"), "--bin", str(python.parent)]
        run(str(python), *script, "--check", str(ROOT / "README.md"))
        run(str(python), *script)
        (ROOT / "dist").mkdir(exist_ok=True)
        wheel.replace(ROOT / "dist" / wheel.name)
        print(f"\ndist/{wheel.name}: {(ROOT / 'dist' / wheel.name).stat().st_size} bytes")


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
