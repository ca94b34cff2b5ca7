"""Notes about manifests that install nothing: unused ones, and files with a misspelled name."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.requirements.manifest_names import BARE, PRECEDENCE, SOURCES
from cdk_layers.building.requirements.workspace import parse_toml, read_toml, table, texts
from cdk_layers.system.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.building.requirements.workspace import UvProject

_LETTERS: Final = re.compile(r"[A-Za-z]+\.[A-Za-z]+")
_NAMED_LOCK: Final = re.compile(r"pylock\.[^.]+\.toml")
"""The other names of PEP 751."""

_ALIKE: Final = 0.93
"""Similarity above which a name is a misspelled manifest's: one letter in requirements.txt."""


def unused_manifests(project: UvProject, used: str | None, others: list[str]) -> Iterator[Note]:
    """Yield a note for each manifest that has dependencies and is not used.

    Args:
        project: The project of the entry.
        used: The manifest with the highest precedence; None if there is none.
        others: The other manifests that could install distributions.
    """
    entry = project.entry
    reason = f"{used} was used" if used else "nothing was installed"
    for name in others:
        yield Note(
            "ignored-manifest",
            f"{name} was ignored: {reason}, which takes precedence.",
            f"Keep only one of them in {scrub(entry.name)}/.",
        )
    for name in BARE:
        if name != SOURCES.get(used or "") and _has_dependencies(entry / name):
            command = _lock_command(project, name)
            yield Note(
                "ignored-manifest",
                f"{name} was ignored: {reason}, and a {name} without its lock file installs nothing.",
                f"Lock it ({command}) and remove the other manifests, or remove its dependencies."
                if used
                else f"Lock it with {command}, or write a requirements.txt.",
            )


def misspelled_manifests(entry: Path) -> Iterator[Note]:
    """Yield a note for each file whose name is almost that of a manifest; it is packed like any other file."""
    known = (*PRECEDENCE, *BARE)
    has_manifest = any((entry / name).exists() for name in PRECEDENCE)
    for name in sorted(path.name for path in entry.iterdir()):
        if _NAMED_LOCK.fullmatch(name) and not has_manifest:
            yield Note(
                "ignored-manifest",
                f"{name} was packed as a file and nothing was installed from it: of such lock files, only "
                "pylock.toml is installed.",
                "Rename it to pylock.toml, or exclude it.",
            )
        if name in known or not _LETTERS.fullmatch(name):
            continue
        meant = next((right for right in known if _are_alike(name, right)), None)
        if meant is not None and not (entry / meant).exists():
            yield Note(
                "ignored-manifest",
                f"{name} was packed as a file and nothing was installed from it: the manifest's name is {meant}.",
                f"Rename it to {meant}, or exclude it.",
            )


def _are_alike(name: str, manifest: str) -> bool:
    return SequenceMatcher(None, name.lower(), manifest.lower()).ratio() > _ALIKE


def _lock_command(project: UvProject, name: str) -> str:
    """Return the command that locks a manifest, with the tool that the project uses."""
    if name == "Pipfile":
        return "'pipenv lock'"
    manifest = read_toml(project.entry / name)
    backend = str(table(manifest, "build-system").get("build-backend", ""))
    if "poetry" in table(manifest, "tool") or backend.startswith("poetry"):
        return "'poetry lock'"
    if "pdm" in table(manifest, "tool") or backend.startswith("pdm"):
        return "'pdm lock --format pylock'"
    return f"'uv lock' in the workspace's root {scrub(project.root.name)}/" if project.is_member else "'uv lock'"


def _has_dependencies(manifest: Path) -> bool:
    """Return whether a manifest has dependencies; a pyproject.toml may also configure tools only."""
    try:
        data = parse_toml(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    project, poetry = table(data, "project"), table(data, "tool", "poetry")
    places = (project.get("dependencies"), poetry.get("dependencies"), data.get("packages"))
    return any(places) or "dependencies" in texts(project.get("dynamic"))
