"""Taking a manifest that pins everything at its word: no resolution, if the installation proves it right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.contents.names import canonical
from cdk_layers.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.contents.model import Distribution
    from cdk_layers.lambda_service.target import Target


def presumed_pins(requirements: Requirements, job: Job) -> tuple[Wanted, ...] | None:
    """Return the pins of a manifest for a target, as if they were all that is needed; None where that cannot be.

    It cannot be where the manifest does more than to name one version of each distribution, or uv's settings restrict
    the versions as well.
    """
    if requirements.is_locked or job.options.provided or job.options.allow_source_builds:
        return None
    if read_uv_settings(job.entry, job.options.environment).restricts_resolving:
        return None
    wanted = [one for one in requirements.wanted if one.applies_to(job.target)]
    names = {one.name for one in wanted}
    if not wanted or len(names) < len(wanted) or not all(_is_plain(one) for one in wanted):
        return None
    return tuple(replace(one, text=f"{one.name}=={one.version}", marker=None) for one in wanted)


def _is_plain(one: Wanted) -> bool:
    return bool(one.name and one.version) and not (one.local or one.remote or one.is_constraint or "===" in one.text)


def refuse_gaps(requirements: Requirements, distributions: Iterable[Distribution], target: Target) -> None:
    """Refuse an installation that lacks what its distributions need, or has it at a version that does not suit.

    Args:
        requirements: The manifest, for the extras that it asks for.
        distributions: What was installed from its pins.
        target: What for.

    Raises:
        DependencyError: Something is missing: the manifest has to be resolved.
    """
    # It takes as long to import as to find a build that is there.
    from cdk_layers.contents.needs import meets, unmet  # noqa: PLC0415

    installed: dict[str, Sequence[Distribution]] = {one.name: [one] for one in distributions}
    gap = next(unmet(installed, target, _extras(requirements, target)), None)
    if gap is not None:
        message = f"{requirements.origin} leaves out {gap.need}, which {gap.requirer.name} requires."
        raise DependencyError(message)
    for ones in installed.values():
        if not meets(ones[0].requires_python or "", target.newest_python):
            message = f"{requirements.origin} pins {ones[0].name}, which requires Python {ones[0].requires_python}."
            raise DependencyError(message)


def refuse_left_out(requirements: Requirements, distributions: Iterable[Distribution], job: Job) -> None:
    """Refuse an installation that lacks what a lock file has, but for other targets only, and others need here.

    Args:
        requirements: The lock file.
        distributions: What was installed from it.
        job: What for.

    Raises:
        DependencyError: Something is left out.
    """
    left_out = requirements.left_out - {canonical(name) for name in job.options.provided}
    if not left_out:
        return
    # As above.
    from cdk_layers.contents.needs import unmet  # noqa: PLC0415

    installed: dict[str, Sequence[Distribution]] = {one.name: [one] for one in distributions}
    for gap in unmet(installed, job.target, _extras(requirements, job.target)):
        if gap.found is None and gap.need.name in left_out:
            requirer = f"{gap.requirer.name} {gap.requirer.version}"
            message = (
                f"{requirements.origin} has {gap.need.name!r} for other targets only, and {requirer}, which it has for "
                f"{job.target}, requires {gap.need}. Lock the project for this target as well."
            )
            raise DependencyError(message)


def _extras(requirements: Requirements, target: Target) -> Iterator[tuple[str, str]]:
    from packaging.requirements import Requirement  # noqa: PLC0415 - as above

    for one in requirements.wanted:
        if one.name and "[" in one.text and one.applies_to(target):
            yield from ((one.name, canonical(extra)) for extra in sorted(Requirement(one.text).extras))
