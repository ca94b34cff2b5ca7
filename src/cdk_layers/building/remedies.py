"""Remedies that several messages name."""

from __future__ import annotations

from typing import Final

IN_CONTAINER: Final = "build in a container (docker=True for a layer, PythonFunction for a function)"
"""The remedy for builds that cannot be done on this machine."""

LOCK_WITH_PDM: Final = "pdm lock && pdm export --format pylock -o pylock.toml"
"""The commands that make a pylock.toml in a project of PDM, whose own lock file is pdm.lock by default."""
