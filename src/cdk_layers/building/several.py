"""Builds of several archives at once."""

from __future__ import annotations

import os
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cdk_layers.building.claims import build_for
from cdk_layers.building.find import LayerBuild, find_build
from cdk_layers.building.progress import Together, default_progress
from cdk_layers.errors import CdkLayersError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.progress import Progress
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.protocol import Store

Outcome: TypeAlias = LayerBuild | CdkLayersError
"""A build, or the error that ended it."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """The arguments of `build_for`."""

    entry: Path
    targets: tuple[Target, ...]
    options: BuildOptions
    store: Store
    label: str


def build_several(requests: Sequence[BuildRequest], progress: Progress | None = None) -> list[Outcome]:
    """Build several archives, as many at once as there are processors. None waits for the error of another one.

    Args:
        requests: What to build.
        progress: Where to report what happens. Defaults to the error output.

    Returns:
        The outcome of each request, in their order.
    """
    found = [_found(request) for request in requests]
    missing = [request for request, outcome in zip(requests, found, strict=True) if outcome is None]
    if not missing:
        return [outcome for outcome in found if outcome is not None]
    # Whichever thread asks first fills these in steps, and the others see half of them: builds then do not find uv.
    sysconfig.get_config_vars()
    together = Together(progress or default_progress())
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="cdk-layers-build") as pool:
        built = pool.map(lambda request: _built(request, together.one()), missing)
        return [outcome or next(built) for outcome in found]


def _found(request: BuildRequest) -> Outcome | None:
    """Return a build for one target that the store has; None if there is none."""
    if len(request.targets) != 1:
        return None
    try:
        return find_build(request.entry, request.targets[0], request.options, store=request.store, label=request.label)
    except CdkLayersError as error:
        return error


def _built(request: BuildRequest, progress: Progress) -> Outcome:
    try:
        return build_for(
            request.entry,
            request.targets,
            request.options,
            store=request.store,
            progress=progress,
            label=request.label,
        )
    except CdkLayersError as error:
        return error
