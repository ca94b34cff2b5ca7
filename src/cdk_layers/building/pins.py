"""Pins of a build, without its installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.job import job_of
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.requirements.resolution import resolve
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.protocol import Store


def pins_for(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store
) -> tuple[str, ...]:
    """Return what a build for a target would install, sorted, without installing it: mostly "name==version".

    Raises:
        CdkLayersError: As `build`.
    """
    job = job_of(entry, target, options, store)
    requirements = read_requirements(job)
    return tuple(sorted(_pin_text(pin) for pin in resolve(requirements, job).pins))


def _pin_text(pin: RequirementLine) -> str:
    if pin.name and pin.version:
        return f"{pin.name}=={pin.version}"
    return pin.name or scrub(pin.text)
