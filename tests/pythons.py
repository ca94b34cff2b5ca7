"""Other Pythons of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.system.interpreters import find_python

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.system.interpreters import Values


def require_python(version: str, values: Values) -> Path:
    """Return the CPython of a version; skip the test where this machine has none."""
    python = find_python(version, values)
    if python is None:
        pytest.skip(f"this machine has no CPython {version}")
    return python
