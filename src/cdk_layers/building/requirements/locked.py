"""The distributions that a lock file pins for a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.requirements_file import Option


@dataclass(frozen=True, slots=True)
class Locked:
    """The requirements of a manifest on one target."""

    lines: tuple[RequirementLine, ...]
    options: tuple[Option, ...] = ()
    paths: tuple[Path, ...] = ()
    """The files that were read."""

    left_out: frozenset[str] = frozenset()
    """Names of distributions that the lock file contains for other targets only."""

    lacks_credentials: bool = False
    """Whether credentials are missing, so that it is enough for a cache key but not for an installation."""
