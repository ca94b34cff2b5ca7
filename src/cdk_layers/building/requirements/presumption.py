"""Installation of a manifest that pins everything, without a resolution: its pins, and the check for gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_layers.building.requirements.requested_extras import extras_of
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.contents.names import canonical
from cdk_layers.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.contents.model import Distribution
    from cdk_layers.lambda_service.target import Target


def presumed_pins(requirements: Requirements, job: Job) -> tuple[RequirementLine, ...] | None:
    """Return the pins of a manifest for a target, assuming that they are complete; None if it has to be resolved.

    It has to be resolved if it contains anything but one exact version of each distribution, or if uv's settings
    restrict versions too.
    """
    if requirements.is_locked or job.options.provided or job.options.allow_source_builds:
        return None
    if read_uv_settings(job.entry, job.options.environment).restricts_resolving:
        return None
    lines = [line for line in requirements.lines if line.applies_to(job.target)]
    names = {line.name for line in lines}
    if not lines or len(names) < len(lines) or not all(map(_is_exact_pin, lines)):
        return None
    return tuple(replace(line, text=f"{line.name}=={line.version}", marker=None) for line in lines)


def _is_exact_pin(line: RequirementLine) -> bool:
    has_place = line.local is not None or line.remote
    return bool(line.name and line.version) and not (has_place or line.is_constraint or "===" in line.text)


def refuse_gaps(requirements: Requirements, distributions: Iterable[Distribution], target: Target) -> None:
    """Refuse an installation that does not meet the requirements of its own distributions.

    Args:
        requirements: The manifest, for its extras.
        distributions: What was installed from its pins.
        target: The target.

    Raises:
        DependencyError: Something is missing: the manifest has to be resolved.
    """
    # The import takes as long as finding a build in the cache.
    from cdk_layers.contents.needs import meets, unmet  # noqa: PLC0415

    installed: dict[str, Sequence[Distribution]] = {found.name: [found] for found in distributions}
    gap = next(unmet(installed, target, _extras(requirements, target)), None)
    if gap is not None:
        message = f"{requirements.origin} leaves out {gap.need}, which {gap.requirer.name} requires."
        raise DependencyError(message)
    for (distribution,) in installed.values():
        python = distribution.requires_python or ""
        if not meets(python, target.newest_python):
            message = f"{requirements.origin} pins {distribution.name}, which requires Python {python}."
            raise DependencyError(message)


def refuse_left_out(requirements: Requirements, distributions: Iterable[Distribution], job: Job) -> None:
    """Refuse an installation that lacks a requirement which the lock file contains for other targets only.

    Args:
        requirements: The lock file.
        distributions: What was installed from it.
        job: What to build.

    Raises:
        DependencyError: A requirement is missing.
    """
    left_out = requirements.left_out - {canonical(name) for name in job.options.provided}
    if not left_out:
        return
    # As above.
    from cdk_layers.contents.needs import unmet  # noqa: PLC0415

    installed: dict[str, Sequence[Distribution]] = {found.name: [found] for found in distributions}
    for gap in unmet(installed, job.target, _extras(requirements, job.target)):
        if gap.found is None and gap.need.name in left_out:
            requirer = f"{gap.requirer.name} {gap.requirer.version}"
            message = (
                f"{requirements.origin} has {gap.need.name!r} for other targets only, and {requirer}, which it has for "
                f"{job.target}, requires {gap.need}. Lock the project for this target as well."
            )
            raise DependencyError(message)


def _extras(requirements: Requirements, target: Target) -> Iterator[tuple[str, str]]:
    yield from ((line.name or "", extra) for line, extra in extras_of(requirements.lines, target))
