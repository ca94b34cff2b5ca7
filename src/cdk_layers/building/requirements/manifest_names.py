"""File names of manifests."""

from __future__ import annotations

from typing import Final

PRECEDENCE: Final = ("Pipfile.lock", "poetry.lock", "requirements.txt", "uv.lock", "pylock.toml")
"""The manifests that install distributions, in the order of PythonLayerVersion, and then pylock.toml."""

SOURCES: Final = {
    "Pipfile.lock": "Pipfile",
    "poetry.lock": "pyproject.toml",
    "uv.lock": "pyproject.toml",
    "pylock.toml": "pyproject.toml",
}
"""The file that each lock file is made from."""

BARE: Final = ("Pipfile", "pyproject.toml")
"""The manifests that install nothing without a lock file."""

NEVER_ARCHIVED: Final = (*PRECEDENCE, *BARE, "uv.toml", "poetry.toml", "pip.conf", "pip.ini")
"""Files in the root of an entry that configure tools; they are left out of the archive."""
