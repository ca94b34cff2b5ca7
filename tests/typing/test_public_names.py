"""The types of the public names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[2]


_PYRIGHT = _PROJECT / "node_modules" / ".bin" / ("pyright.cmd" if os.name == "nt" else "pyright")


def test_mypy_knows_the_types() -> None:
    """Behind its lazy name, mypy knows each construct's type and arguments, and finds mistakes in using them."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", Path(__file__).with_name("public_names.py")],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not _PYRIGHT.exists(), reason="pyright comes with node_modules, which `make environment` installs")
def test_pyright_knows_the_types() -> None:
    """So does pyright, which most editors run; it takes seconds, since it reads the CDK's types without a cache."""
    done = subprocess.run(
        [_PYRIGHT, "--pythonpath", sys.executable, "--project", Path(__file__).with_name("pyrightconfig.json")],
        cwd=_PROJECT,
        env=os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
