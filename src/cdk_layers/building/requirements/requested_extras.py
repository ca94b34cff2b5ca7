"""Extras that a manifest requests, and notes about those that the installed distributions do not have.

Extras that one distribution requests of another are not reported, since the user cannot correct them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.contents.names import canonical
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml
from cdk_layers.system.wording import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.artifact import Artifact

_PROJECT_LOCKS: Final = ("uv.lock", "poetry.lock", "pylock.toml")
"""Lock files that do not say which extras their project requests."""

_EXTRA_MARKER: Final = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_CONDITIONS: Final = ("markers", "platform", "python")
_NAMED: Final = 8


def extras_of(lines: Iterable[RequirementLine], target: Target) -> Iterator[tuple[RequirementLine, str]]:
    """Yield the lines that request extras on a target, each with the normalized name of one extra."""
    for line in lines:
        if line.name and "[" in line.text and not line.is_constraint and line.applies_to(target):
            yield from ((line, extra) for extra in _extras(line.text))


def unknown_extras(requirements: Requirements, record: Artifact, job: Job) -> Iterator[Note]:
    """Yield a note for each requested extra that the installed distribution does not have.

    Args:
        requirements: The manifest.
        record: The record of the build in the store, which is read only if extras are requested.
        job: The build.
    """
    requested = {(line.name or "", extra): line.where for line, extra in extras_of(requirements.lines, job.target)}
    if requirements.origin in _PROJECT_LOCKS:
        requested.update(dict.fromkeys(_project_extras(read_toml(job.entry / PROJECT), job), PROJECT))
    if not requested:
        return
    provided: dict[str, set[str]] = defaultdict(set)
    versions = {}
    for distribution in record.contents.distributions:
        versions[distribution.name] = distribution.version
        in_markers = _EXTRA_MARKER.findall("\n".join(distribution.requires))
        provided[distribution.name] |= {*distribution.extras, *map(canonical, in_markers)}
    for (name, extra), where in sorted(requested.items()):
        if name in versions and extra not in provided[name]:
            yield _note(name, versions[name], extra, where, sorted(provided[name]))


def _note(name: str, version: str, extra: str, where: str, provided: list[str]) -> Note:
    known = f"It has {listed(provided, _NAMED)}." if provided else "It has no extras."
    return Note(
        "unknown-extra",
        f"{where} requests the extra {extra!r} of {name} {version}, which does not have it, so nothing is installed "
        f"for it. {known}",
        f"{nearest(extra, provided)} Correct the name of the extra, or remove it.".strip(),
        distribution=name,
    )


def _extras(line: str) -> list[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - most lines have no extras

    try:
        return sorted(map(canonical, Requirement(line).extras))
    except InvalidRequirement:
        return []


def _project_extras(project: Mapping[str, Any], job: Job) -> Iterator[tuple[str, str]]:
    """Yield the distributions and extras that a pyproject.toml requests for a build."""
    target = job.target.marker_environment()
    for line in _project_lines(project, job):
        if "[" in line:
            from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - as above

            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue
            if requirement.marker is None or requirement.marker.evaluate(target):
                yield from ((canonical(requirement.name), canonical(extra)) for extra in requirement.extras)
    poetry = mapping(project, "tool", "poetry")
    groups = [mapping(poetry, "group", name, "dependencies") for name in job.options.groups]
    for dependencies in (mapping(poetry, "dependencies"), *groups):
        for name, wanted in dependencies.items():
            if isinstance(wanted, dict) and not any(key in wanted for key in _CONDITIONS):
                yield from ((canonical(name), canonical(extra)) for extra in texts(wanted.get("extras")))


def _project_lines(project: Mapping[str, Any], job: Job) -> Iterator[str]:
    """Yield the requirements of a project, and of its selected extras and groups."""
    yield from texts(mapping(project, "project").get("dependencies"))
    for selected, known in (
        (job.options.extras, mapping(project, "project", "optional-dependencies")),
        (job.options.groups, mapping(project, "dependency-groups")),
    ):
        names = set(map(canonical, selected))
        for name, lines in known.items():
            if canonical(name) in names:
                yield from texts(lines)
