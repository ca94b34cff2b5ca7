"""Packages that disturb the process that imports them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cdk_layers.local.process

PROCESS = Path(cdk_layers.local.process.__file__).parent
PACKAGES = {
    "forks": "import os, time\nif not os.fork(): time.sleep(30)\n",
    "writes": "import os\nfor file in range(3, 20):\n    try: os.write(file, b'x\\n')\n    except OSError: pass\n",
    "large": "raise ImportError('x' * 1_000_000)\n",
}


def test_disturbing_packages_are_reported(tmp_path: Path) -> None:
    """A package that leaves a process behind, writes to open files or raises a huge error does not end the others."""
    for name, source in PACKAGES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    code = f"import sys; sys.path[:0] = sys.argv[1:]; import try_imports; try_imports.try_imports({[*PACKAGES]}, {{}})"
    run = [sys.executable, "-c", code, str(PROCESS), str(tmp_path)]
    with (tmp_path / "errors").open("w+b") as errors:
        subprocess.run(run, stderr=errors, stdout=subprocess.DEVNULL, check=True, timeout=20)
        errors.seek(0)
        lines = [line for line in errors.read().decode().splitlines() if "import result" in line]
    assert lines[0].endswith('["forks", null]')
    assert "it writes to files" in lines[1]
    assert "ImportError: xxx" in lines[2]
