"""Notes about manifests that install nothing: unused ones, and files with a misspelled name."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.remedies import LOCK_WITH_PDM
from cdk_layers.building.requirements.bare_projects import has_dependencies, installs_all, sources_without_lock
from cdk_layers.building.requirements.manifest_names import BARE, PRECEDENCE, PROJECT, SOURCES
from cdk_layers.building.requirements.workspace import LOCK
from cdk_layers.system.document_values import mapping
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.workspace import UvProject

_LETTERS: Final = re.compile(r"[A-Za-z]+\.[A-Za-z]+")
_NAMED_LOCK: Final = re.compile(r"pylock\.[^.]+\.toml")
"""The other names of PEP 751."""

_ALIKE: Final = 0.93
"""Similarity above which a name is a misspelled manifest's: one letter in requirements.txt."""


def unused_manifests(
    project: UvProject, used: str | None, others: list[str], lines: Iterable[RequirementLine], job: Job
) -> Iterator[Note]:
    """Yield a note for each manifest that has dependencies which are not installed, and that is not excluded by name.

    Args:
        project: The project of the entry.
        used: The manifest with the highest precedence; None if there is none.
        others: The other manifests that could install distributions.
        lines: The requirements of the manifest in use.
        job: The job, for its target and the patterns of the user.
    """
    entry, excluded = project.entry, _named(job.options.excludes)
    reason = f"{used} was used" if used else "nothing was installed"
    for name in others:
        if name in excluded:
            continue
        title, remedy = name, f"Keep only one of them in {scrub(entry.name)}/."
        if name == LOCK and project.is_member:
            # The workspace needs its lock file, so removing that is no remedy.
            title = f"{name} of the workspace {scrub(project.root.name)}/"
            remedy = f"Remove {used} from {scrub(entry.name)}/ to install what the workspace locks, or exclude {LOCK}."
        yield Note("ignored-manifest", f"{title} was ignored: {reason}, which takes precedence.", remedy)
    locked = {SOURCES.get(name) for name in (used, *others) if name}
    for name in BARE:
        if name in locked or name in excluded or not has_dependencies(entry / name):
            continue
        if not (name == PROJECT and used and installs_all(entry, used, lines, job.target)):
            command = _lock_command(project, name)
            yield Note(
                "ignored-manifest",
                f"{name} was ignored, since a {name} without its lock file installs nothing: {reason}.",
                f"Lock it ({command}) and remove the other manifests, or remove its dependencies."
                if used
                else f"Lock it with {command}, or write a requirements.txt.",
            )
    for name, remedy in () if used else sources_without_lock(entry):
        if name not in excluded:
            message = f"{name} was ignored: nothing is installed from such a file."
            yield Note("ignored-manifest", message, f"{remedy} If functions do not need it, exclude it by its name.")


def misspelled_manifests(job: Job) -> Iterator[Note]:
    """Yield a note for each file whose name is almost that of a manifest; it is packed unless it is excluded."""
    entry, excluded = job.entry, _named(job.options.excludes)
    known = (*PRECEDENCE, *BARE)
    has_manifest = any((entry / name).exists() for name in PRECEDENCE)
    for name in sorted({path.name for path in entry.iterdir()} - excluded):
        if _NAMED_LOCK.fullmatch(name) and not has_manifest:
            yield Note(
                "ignored-manifest",
                f"{name} was packed as a file and nothing was installed from it: of such lock files, only "
                "pylock.toml is installed.",
                "Rename it to pylock.toml, or exclude it.",
            )
        if name in known or not _LETTERS.fullmatch(name.removesuffix(".txt") if name[:-4] in known else name):
            continue
        meant = next((right for right in known if name == f"{right}.txt" or _are_alike(name, right)), None)
        if meant is not None and not (entry / meant).exists():
            yield Note(
                "ignored-manifest",
                f"{name} installs nothing: the manifest's name is {meant}.",
                f"Rename it to {meant}, or exclude it.",
            )


def _named(patterns: Iterable[str]) -> set[str]:
    """Return the names that the user excludes one by one. A pattern such as * is for other files."""
    return {pattern.removeprefix("/") for pattern in patterns}


def _are_alike(name: str, manifest: str) -> bool:
    return SequenceMatcher(None, name.lower(), manifest.lower()).ratio() > _ALIKE


def _lock_command(project: UvProject, name: str) -> str:
    """Return the command that locks a manifest, with the tool that the project uses."""
    if name == "Pipfile":
        return "'pipenv lock'"
    manifest = read_toml(project.entry / name)
    backend = str(mapping(manifest, "build-system").get("build-backend", ""))
    if "poetry" in mapping(manifest, "tool") or backend.startswith("poetry"):
        return "'poetry lock'"
    if "pdm" in mapping(manifest, "tool") or backend.startswith("pdm"):
        return f"'{LOCK_WITH_PDM}'"
    return f"'uv lock' in the workspace's root {scrub(project.root.name)}/" if project.is_member else "'uv lock'"
