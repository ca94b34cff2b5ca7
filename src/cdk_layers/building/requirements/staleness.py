"""What comparisons of lock files with their projects and the target have in common.

Only what shapes the build is compared: the dependencies of the project, and of selected groups and extras. The checks
of uv and Pipenv query an index or compare a hash of the whole project, so that another index in the environment, or a
changed development tool, would make a lock file stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from cdk_layers.contents.names import canonical, name_in
from cdk_layers.contents.needs import meets
from cdk_layers.errors import DependencyError, StaleLockError
from cdk_layers.system.document_values import items, mapping, texts
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.lambda_service.target import Target

_NAMED: Final = 5


def stale(lock: str, reasons: Iterable[str], command: str, folder: str) -> StaleLockError:
    """Return the error of a lock file that does not fit its project."""
    message = (
        f"{lock} does not fit its project in {folder!r}: {listed(reasons, _NAMED)}. It installs "
        f"something other than the project requires. Run {command!r} there (rule stale-lock)."
    )
    return StaleLockError(message)


def other_python(lock: str, python: str, target: Target) -> DependencyError:
    """Return the error of a lock file whose Python versions leave out a target's newest patch release."""
    message = (
        f"{lock} has nothing for {target}: it is locked for Python {python}, and Lambda runs the newest patch release "
        f"of {target.python}. Change the project's Python versions and lock it again, or build for another runtime."
    )
    return DependencyError(message)


def other_pythons(wants: Mapping[str, Any], target: Target) -> Iterator[str]:
    """Yield a reason if a project excludes a target's Python, which its lock file supports."""
    python = wants.get("requires-python")
    if isinstance(python, str) and not meets(python, target.newest_python):
        yield f"it is for Python {target.python} too, and the project requires Python {python}"


def lines_of(lines: object, extra: str) -> Iterator[tuple[str, str]]:
    """Yield the requirements of a list in a pyproject.toml, each with its extra."""
    yield from ((extra, line) for line in items(lines) if isinstance(line, str))


def changed_names(*manifests: Mapping[str, Any]) -> frozenset[str]:
    """Return the names whose requirements do not decide what a lock file has: of the projects, overrides, exclusions.

    Source: uv's documentation, "Dependency overrides", and PDM's, "Resolution overrides".
    """
    names: list[object] = []
    for manifest in manifests:
        uv, pdm = mapping(manifest, "tool", "uv"), mapping(manifest, "tool", "pdm", "resolution")
        names += [mapping(manifest, "project").get("name"), *mapping(pdm, "overrides"), *texts(pdm.get("excludes"))]
        names += [*texts(uv.get("override-dependencies")), *texts(uv.get("exclude-dependencies"))]
    return frozenset(filter(None, (name_in(name) for name in names if isinstance(name, str))))


def missing(
    lines: object, found: Mapping[str | None, str | None], target: Target, open_names: frozenset[str]
) -> Iterator[str]:
    """Yield how versions by name differ from what the lines of a project require on a target, except `open_names`."""
    for _, line in lines_of(lines, ""):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonical(requirement.name)
        if name in open_names:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate(target.marker_environment()):
            continue
        version = found.get(name)
        if name not in found:
            yield f"it lacks {name!r}"
        elif version and not requirement.url and not meets(str(requirement.specifier), version):
            yield f"it has {name} {version} where the project requires {name}{requirement.specifier}"


def normalized(specifier: str) -> str:
    """Return a version specifier in one spelling."""
    try:
        return ",".join(sorted(map(str, SpecifierSet(specifier))))
    except InvalidSpecifier:
        return specifier
