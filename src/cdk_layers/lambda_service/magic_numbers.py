"""The magic numbers of bytecode, by which a Python accepts bytecode of its own version only."""

from __future__ import annotations

from typing import Final

MAGIC_NUMBERS: Final = {
    "3.8": 3413, "3.9": 3425, "3.10": 3439, "3.11": 3495, "3.12": 3531, "3.13": 3571, "3.14": 3627,
}  # fmt: skip
"""The magic number of the releases of each language version; patch releases do not change it.

Source: CPython, Include/internal/pycore_magic_number.h, before 3.14 Lib/importlib/_bootstrap_external.py.
"""

_VERSIONS: Final = {number: version for version, number in MAGIC_NUMBERS.items()}


def python_of(magic: int) -> str:
    """Return what a message calls the Python that a magic number is of, such as "Python 3.13"."""
    return f"Python {_VERSIONS[magic]}" if magic in _VERSIONS else f"an unknown Python (magic number {magic})"
