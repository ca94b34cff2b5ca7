"""Builds of several archives at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cdk_layers.building.builds import LayerBuild, find_build
from cdk_layers.building.multi_target import build_for
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


def build_several(requests: Sequence[BuildRequest]) -> list[Outcome]:
    """Build several archives in parallel, one on each processor. An error does not stop the other builds.

    Args:
        requests: The builds.

    Returns:
        The outcome of each request, in the same order.
    """
    found = [_find(request) for request in requests]
    missing = [request for request, outcome in zip(requests, found, strict=True) if outcome is None]
    if not missing:
        return [outcome for outcome in found if outcome is not None]
    return _build_missing(found, missing)


def _build_missing(found: Sequence[Outcome | None], missing: Sequence[BuildRequest]) -> list[Outcome]:
    """Return the outcomes of all requests after building the missing ones."""
    # A synthesis without changes does not need these.
    import sysconfig  # noqa: PLC0415

    from cdk_layers.building.progress import SharedDisplay, default_progress  # noqa: PLC0415

    # The first call fills the variables step by step. Other threads would see only some, and builds would not find uv.
    sysconfig.get_config_vars()
    display = SharedDisplay(default_progress())
    # Loaded only where something is built, as in `builds.build`.
    from cdk_layers.building.archives.processes import kept_processes  # noqa: PLC0415
    from cdk_layers.system.parallel import Pool, interruptible  # noqa: PLC0415

    # One more than processors, since a build often waits for uv or for the processes that pack.
    threads = 1 + (os.cpu_count() or 1)
    with kept_processes(), interruptible(Pool(threads, "cdk-layers-build")) as pool:
        built = pool.map(lambda request: _build(request, display.add_build()), missing)
        return [outcome or next(built) for outcome in found]


def _find(request: BuildRequest) -> Outcome | None:
    """Return the build if it is in the store and has only one target; else None."""
    if len(request.targets) != 1:
        return None
    try:
        return find_build(request.entry, request.targets[0], request.options, store=request.store, label=request.label)
    except CdkLayersError as error:
        return error


def _build(request: BuildRequest, progress: Progress) -> Outcome:
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
