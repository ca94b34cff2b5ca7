"""What bytecode depends on besides its source, known without running an interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cdk_layers.lambda_service.target import Target

MAGIC_NUMBERS: Final = {"3.9": 3425, "3.10": 3439, "3.11": 3495, "3.12": 3531, "3.13": 3571, "3.14": 3627}
"""The magic number of the bytecode of each language version's releases, which patch releases do not change.

Source: CPython, Include/internal/pycore_magic_number.h, before 3.14 Lib/importlib/_bootstrap_external.py.
"""

_SCHEMA: Final = 1
"""Changes with what is compiled, and how."""


def bytecode_facts(target: Target) -> list[object]:
    """Return what the bytecode for a target depends on besides its sources, as JSON for a key."""
    return [_SCHEMA, MAGIC_NUMBERS.get(target.python, target.python)]
