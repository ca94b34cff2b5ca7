"""Comparison of a pylock.toml with the project in the same folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from cdk_layers.building.requirements.staleness import lines_of, other_pythons, stale
from cdk_layers.building.requirements.workspace import PROJECT, read_toml, table
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.lambda_service.target import Target

_PARTIAL_EXPORT: Final = re.compile(r"--only-(?:group|dev)\b|pip compile\b(?!.*\bpyproject\.toml)")


def refuse_stale_pylock(path: Path, wanted: Iterable[Wanted], target: Target, options: BuildOptions) -> None:
    """Refuse a pylock.toml that lacks what the pyproject.toml in its folder requires on a target.

    A lock file whose first lines show that it was made from one group, or from other files, is not compared.

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
    reasons = [*other_pythons(project, target), *missing(project.get("dependencies"), found, target)]
    for extra in options.extras:
        lines = {canonical(name): lines for name, lines in table(project, "optional-dependencies").items()}
        reasons += missing(lines.get(canonical(extra)), found, target)
    if reasons:
        raise stale(path.name, reasons, _pylock_command(read_toml(path)), str(path.parent))


def missing(lines: object, found: Mapping[str | None, str | None], target: Target) -> Iterator[str]:
    """Yield how versions by name differ from what the lines of a project require on a target."""
    for _, line in lines_of(lines, ""):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonical(requirement.name)
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
