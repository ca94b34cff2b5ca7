"""What is to be built, from what, for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.build.cache import BuildCache
    from cdk_layers.build.options import BuildOptions
    from cdk_layers.build.target import Target


@dataclass(frozen=True, slots=True)
class Job:
    """One entry folder to build for one target."""

    entry: Path
    """The folder, absolute and without symlinks."""

    target: Target
    options: BuildOptions
    cache: BuildCache
