"""uv project of an entry folder, and the folder of its lock file."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOCK: Final = "uv.lock"


@dataclass(frozen=True, slots=True)
class UvProject:
    """A uv project."""

    entry: Path
    root: Path
    """The folder of its uv.lock: the root of the workspace, or the entry itself."""

    is_detached: bool = False
    """Whether the lock file is the entry's own although a workspace above names the entry."""

    @property
    def lock(self) -> Path:
        """Its lock file, which need not exist."""
        return self.root / LOCK

    @property
    def is_member(self) -> bool:
        """Whether the lock file belongs to a workspace above the entry."""
        return self.root != self.entry

    @property
    def manifests(self) -> tuple[Path, ...]:
        """The files that shape what the lock file means for the entry."""
        return tuple(dict.fromkeys((self.entry / PROJECT, self.root / PROJECT)))


def uv_project(entry: Path) -> UvProject:
    """Return the project of an entry folder; a member of a workspace has the lock file of the workspace, as in uv.

    If the workspace has none, the entry's own is used, as by the CDK's PythonFunction, whose container has nothing
    but the entry.

    Source: uv's documentation, "Using workspaces": one lock file for a workspace, members by glob patterns, without
    those that `exclude` names.
    """
    own = _table(entry)
    if not (entry / PROJECT).is_file() or "workspace" in own or own.get("managed") is False:
        return UvProject(entry, entry)
    above = workspace_above(entry)
    if above is None:
        return UvProject(entry, entry)
    is_detached = (entry / LOCK).is_file() and not (above / LOCK).is_file()
    return UvProject(entry, entry if is_detached else above, is_detached)


def workspace_above(project: Path) -> Path | None:
    """Return the root of the workspace that a project is a member of; None if there is none above it."""
    # uv only considers the first project above.
    above = next((folder for folder in project.parents if (folder / PROJECT).is_file()), None)
    workspace = mapping(_table(above), "workspace") if above else {}
    return above if above and includes(workspace, project.relative_to(above)) else None


def _table(folder: Path) -> dict[str, Any]:
    return mapping(read_toml(folder / PROJECT), "tool", "uv")


def includes(workspace: dict[str, Any], member: Path) -> bool:
    """Return whether a workspace has a member at a path relative to its root."""
    return _matches(workspace.get("members"), member) and not _matches(workspace.get("exclude"), member)


def _matches(patterns: object, member: Path) -> bool:
    globs = texts(patterns) if isinstance(patterns, list) else []
    return any(_fits([part for part in glob.split("/") if part not in ("", ".")], member.parts) for glob in globs)


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Return whether a path matches, where "*" is part of one folder's name and "**" is any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(pattern[1:], parts[skipped:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(pattern[1:], parts[1:])
