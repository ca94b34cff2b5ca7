"""The programs that benchmarks start."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def surroundings(*first: Path, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return environment variables whose PATH begins with some folders, then with that of this environment.

    The Node of this environment is the one that the project is tested with, whatever the machine has.
    """
    folders = [*map(str, first), str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
    return {**variables, "PATH": os.pathsep.join(folders)}
