"""Comparison of a pylock.toml with the project in the same folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.remedies import LOCK_WITH_PDM
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.staleness import changed_names, missing, other_pythons, stale
from cdk_layers.building.requirements.workspace import uv_project
from cdk_layers.contents.names import canonical
from cdk_layers.system.document_values import mapping
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.lambda_service.target import Target

_PARTIAL_EXPORT: Final = re.compile(
    r"--(?:only-(?:group|dev|emit)|no-emit|prune|package|overrides?|excludes?)\b|pip compile\b(?!.*\bpyproject\.toml)"
)

_TOOL: Final = re.compile(r"[a-z]+")
_COMMANDS: Final = {
    "pdm": LOCK_WITH_PDM, "pip": "pip lock .", "uv": "uv lock && uv export --format pylock.toml -o pylock.toml",
}  # fmt: skip


def refuse_stale_pylock(path: Path, lines: Collection[RequirementLine], target: Target, options: BuildOptions) -> None:
    """Refuse a pylock.toml that lacks what the pyproject.toml in its folder requires on a target.

    A lock file that was made from one group or package, from other files, or with changes to the project's
    requirements, is not compared. Those of uv and PDM say so in their first lines; one of pip contains the project if
    it was made from it.

    Raises:
        StaleLockError: A requirement is missing, or locked at a version that the project does not admit.
    """
    text, tool = path.read_text(encoding="utf-8"), _tool_of(read_toml(path))
    head = " ".join(line for line in text.splitlines()[:5] if line.startswith("#"))
    manifest = read_toml(path.parent / PROJECT)
    project = mapping(manifest, "project")
    lacks_project = tool == "pip" and path.parent.resolve() not in {line.local for line in lines}
    if lacks_project or _PARTIAL_EXPORT.search(head) or "dependencies" in project.get("dynamic", ()):
        return
    found = {line.name: line.version for line in lines}
    open_names = changed_names(manifest, read_toml(uv_project(path.parent).root / PROJECT))
    reasons = [*other_pythons(project, target), *missing(project.get("dependencies"), found, target, open_names)]
    for extra in options.extras:
        by_extra = {canonical(name): required for name, required in mapping(project, "optional-dependencies").items()}
        reasons += missing(by_extra.get(canonical(extra)), found, target, open_names)
    if reasons:
        raise stale(path.name, reasons, _COMMANDS.get(tool, _COMMANDS["uv"]), str(path.parent))


def _tool_of(lock: Mapping[str, Any]) -> str:
    """Return the name of the tool that made a lock file, without its version."""
    found = _TOOL.match(str(lock.get("created-by", "")).lower())
    return found.group() if found else ""
