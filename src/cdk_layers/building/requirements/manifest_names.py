"""File names of manifests."""

from __future__ import annotations

from typing import Final

PROJECT: Final = "pyproject.toml"
PRECEDENCE: Final = ("Pipfile.lock", "poetry.lock", "requirements.txt", "uv.lock", "pylock.toml")
"""The manifests that install distributions, in the order of PythonLayerVersion, and then pylock.toml."""

SOURCES: Final = {
    "Pipfile.lock": "Pipfile",
    "poetry.lock": PROJECT,
    "uv.lock": PROJECT,
    "pylock.toml": PROJECT,
}
"""The file that each lock file is made from."""

BARE: Final = ("Pipfile", PROJECT)
"""The manifests that install nothing without a lock file."""

NEVER_ARCHIVED: Final = (*PRECEDENCE, *BARE, "uv.toml", "poetry.toml", "pip.conf", "pip.ini")
"""Files in the root of an entry that configure tools; they are left out of the archive."""
