"""The magic numbers of bytecode, by which a Python accepts bytecode of its own version only."""

from __future__ import annotations

from typing import Final

MAGIC_NUMBERS: Final = {
    "3.8": 3413, "3.9": 3425, "3.10": 3439, "3.11": 3495, "3.12": 3531, "3.13": 3571, "3.14": 3627,
}  # fmt: skip
"""The magic number of the releases of each language version; patch releases do not change it.

Source: CPython, Include/internal/pycore_magic_number.h, before 3.14 Lib/importlib/_bootstrap_external.py. Python 3.15
is not in it: its number was 3657 in an alpha, and may change until its release.
"""

_BASE: Final = 2900
_OF_EACH_VERSION: Final = 50
"""The numbers of Python 3.n begin at 2900 + 50 n, from 3.11 on. Source: the same file."""

_FIRST: Final = 11
_LAST: Final = 20
"""Later versions do not exist so far: other programs than CPython choose numbers too."""

_VERSIONS: Final = {number: version for version, number in MAGIC_NUMBERS.items()}


def python_of(magic: int) -> str:
    """Return what a message calls the Python that a magic number is of, such as "Python 3.13"."""
    if magic in _VERSIONS:
        return f"Python {_VERSIONS[magic]}"
    minor = (magic - _BASE) // _OF_EACH_VERSION
    version = f"3.{minor}"
    if minor < _FIRST or minor > _LAST:
        return f"an unknown Python (magic number {magic})"
    return f"a pre-release of Python {version}" if version in MAGIC_NUMBERS else f"Python {version}"
