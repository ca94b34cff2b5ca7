"""Comparison of a pylock.toml with the project in the same folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from cdk_layers.building.requirements.staleness import lines_of, other_pythons, stale
from cdk_layers.building.requirements.workspace import PROJECT, read_toml, table, texts, uv_project
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.lambda_service.target import Target

_PARTIAL_EXPORT: Final = re.compile(
    r"--(?:only-(?:group|dev|emit)|no-emit|prune|package|overrides?|excludes?)\b|pip compile\b(?!.*\bpyproject\.toml)"
)
_NAME: Final = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


def refuse_stale_pylock(path: Path, wanted: Iterable[Wanted], target: Target, options: BuildOptions) -> None:
    """Refuse a pylock.toml that lacks what the pyproject.toml in its folder requires on a target.

    A lock file whose first lines show that it was made from one group or package, from other files, or with changes to
    the project's requirements, is not compared.

    Raises:
        StaleLockError: A requirement is missing, or locked at a version that the project does not admit.
    """
    text = path.read_text(encoding="utf-8")
    head = " ".join(line for line in text.splitlines()[:5] if line.startswith("#"))
    manifest = read_toml(path.parent / PROJECT)
    project = table(manifest, "project")
    if _PARTIAL_EXPORT.search(head) or "dependencies" in project.get("dynamic", ()):
        return
    found = {line.name: line.version for line in wanted}
    open_names = changed_names(manifest, read_toml(uv_project(path.parent).root / PROJECT))
    reasons = [*other_pythons(project, target), *missing(project.get("dependencies"), found, target, open_names)]
    for extra in options.extras:
        lines = {canonical(name): lines for name, lines in table(project, "optional-dependencies").items()}
        reasons += missing(lines.get(canonical(extra)), found, target, open_names)
    if reasons:
        raise stale(path.name, reasons, _pylock_command(read_toml(path)), str(path.parent))


def changed_names(*manifests: Mapping[str, Any]) -> frozenset[str]:
    """Return the names whose requirements do not decide what a lock file has: of the projects, overrides, exclusions.

    Source: uv's documentation, "Dependency overrides", and PDM's, "Resolution overrides".
    """
    names: list[object] = []
    for manifest in manifests:
        uv, pdm = table(manifest, "tool", "uv"), table(manifest, "tool", "pdm", "resolution")
        names += [table(manifest, "project").get("name"), *table(pdm, "overrides"), *texts(pdm.get("excludes"))]
        names += [*texts(uv.get("override-dependencies")), *texts(uv.get("exclude-dependencies"))]
    found = (_NAME.match(name) for name in names if isinstance(name, str))
    return frozenset(canonical(match["name"]) for match in found if match)


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


def _pylock_command(lock: Mapping[str, Any]) -> str:
    tool = str(lock.get("created-by", "")).lower()
    if tool.startswith("pdm"):
        return "pdm lock --format pylock"
    return "pip lock ." if tool.startswith("pip") else "uv lock && uv export --format pylock.toml -o pylock.toml"
