"""The types of the public names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).parents[2]


def test_lazy_names_keep_their_types() -> None:
    """Behind its lazy name, mypy knows each construct's type, and finds mistakes in using it."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", Path(__file__).with_name("public_names.py")],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
