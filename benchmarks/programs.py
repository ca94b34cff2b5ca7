"""The programs that benchmarks start: the project's own Node, and a Python that another tool needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def surroundings(*first: Path, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return environment variables whose PATH begins with some folders, then with that of this environment.

    The Node of this environment is the one that the project is tested with, whatever the machine has.
    """
    folders = [*map(str, first), str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
    return {**variables, "PATH": os.pathsep.join(folders)}


def find_python(version: str, variables: Mapping[str, str] = os.environ) -> Path | None:
    """Return an installed Python of a version, such as "3.13", that starts; None where there is none.

    Looked for are the programs on the PATH, those of pyenv that are not active, and those of uv.
    """
    return next((path for path in _candidates(version, variables) if _starts(path, version)), None)


def _candidates(version: str, variables: Mapping[str, str]) -> Iterator[Path]:
    name = f"python{version}"
    for folder in variables.get("PATH", "").split(os.pathsep):
        yield Path(folder, name)
    pyenv = Path(variables.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/{name}"), reverse=True)
    command = [uv.find_uv_bin(), "python", "find", "--no-project", "--managed-python", "--no-python-downloads", version]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    if done.returncode == 0:
        yield Path(done.stdout.strip())


def _starts(path: Path, version: str) -> bool:
    """Tell whether a program is that version: pyenv puts programs on the PATH that only say what is installed."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, check=False, encoding="utf-8")
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.startswith(f"Python {version}.")
