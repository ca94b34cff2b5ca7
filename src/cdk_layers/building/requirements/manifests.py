"""Which manifest of an entry folder rules, and what it asks for."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.requirements import exports, local_sources
from cdk_layers.building.requirements.folders import local_folders
from cdk_layers.building.requirements.groups import refuse_without_lock
from cdk_layers.building.requirements.lock_indexes import with_indexes
from cdk_layers.building.requirements.locked import Locked
from cdk_layers.building.requirements.requirements_file import (
    RequirementsFile,
    read_requirements_file,
    read_requirements_text,
)
from cdk_layers.building.requirements.requirements_text import Variables, refuse_irregular
from cdk_layers.building.requirements.uv_lock import read_uv_lock
from cdk_layers.building.requirements.workspace import parse_toml, read_toml, table, texts, uv_project
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.errors import EntryError
from cdk_layers.system import host
from cdk_layers.system.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirements_file import Option, Wanted
    from cdk_layers.building.requirements.workspace import UvProject
    from cdk_layers.lambda_service.target import Target

PRECEDENCE: Final = ("Pipfile.lock", "poetry.lock", "requirements.txt", "uv.lock", "pylock.toml")
"""The manifests that install something, by the precedence of PythonLayerVersion, and then pylock.toml."""

_SOURCES: Final = {
    "Pipfile.lock": "Pipfile",
    "poetry.lock": "pyproject.toml",
    "uv.lock": "pyproject.toml",
    "pylock.toml": "pyproject.toml",
}
_BARE: Final = ("Pipfile", "pyproject.toml")
"""What installs nothing without its lock file."""

_LETTERS: Final = re.compile(r"[A-Za-z]+\.[A-Za-z]+")
_NAMED_LOCK: Final = re.compile(r"pylock\.[^.]+\.toml")
"""The other names of PEP 751."""

_ALIKE: Final = 0.93
"""Ratio of likeness above which a name is a misspelt manifest's: one letter in requirements.txt."""

NEVER_ARCHIVED: Final = (*PRECEDENCE, *_BARE, "uv.toml", "poetry.toml", "pip.conf", "pip.ini")
"""Files of an entry's root that tell tools what to install and from where; they stay out of the archive."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an entry folder asks for."""

    origin: str | None
    """The manifest that rules, such as "uv.lock"; None when the entry is only code."""

    wanted: tuple[Wanted, ...] = ()
    options: tuple[Option, ...] = ()
    has_lock_file: bool = False
    """Whether a lock file pins all of it."""

    lacks_credentials: bool = False
    """Whether credentials are missing: enough to know what it is, too little to install it."""

    left_out: frozenset[str] = frozenset()
    """Names of distributions that a lock file has for other targets only."""

    paths: tuple[Path, ...] = ()
    """Files of the entry that were read, and what they install from the entry; all of it stays out of the archive."""

    notes: tuple[Note, ...] = ()
    variables: Variables | None = field(default=None, repr=False, compare=False)
    """What was put in place of "${NAME}"."""

    def mask(self, text: str) -> str:
        """Return a text in which credentials are written as the variables that they came from."""
        return self.variables.mask(text) if self.variables else text

    @property
    def secrets(self) -> dict[str, str]:
        """The variables that `mask` writes, with their values."""
        return self.variables.named_secrets if self.variables else {}

    @property
    def is_locked(self) -> bool:
        """Whether there is nothing to resolve."""
        return self.origin is None or self.has_lock_file

    @property
    def pinned_names(self) -> frozenset[str]:
        """The names whose version the manifest itself fixes."""
        return frozenset(one.name for one in self.wanted if one.name and one.is_pinned)

    @property
    def unpinned_names(self) -> tuple[str, ...]:
        """The names that are asked for without one exact version, sorted."""
        asked = {one.name for one in self.wanted if one.name and not one.is_constraint}
        return tuple(sorted(asked - self.pinned_names))


def read_requirements(job: Job, *, may_export: bool = True, may_lack: bool = False) -> Requirements | None:
    """Read the manifest that rules.

    Args:
        job: What is built; its cache remembers what the tools exported.
        may_export: Whether a lock file's tool may be run. Without, what its export said the last time is returned, its
            credentials removed; None when there was none.
        may_lack: Whether environment variables that the manifest names need not be set.

    Raises:
        EntryError: A manifest cannot be read or understood.
        DependencyError: The tool that exports a lock file could not do it, or a lock file has nothing for the target.
        BuildError: The tool that exports a lock file could not be had.
    """
    for name in (*PRECEDENCE, *_BARE):
        if os.path.lexists(job.entry / name):
            refuse_irregular(job.entry / name, name)
    project = uv_project(job.entry)
    present = [
        name for name in PRECEDENCE if (job.entry / name).is_file() or (name == "uv.lock" and _has_lock(project))
    ]
    ruling = present[0] if present else None
    notes = (*_ignored(project, ruling, present[1:]), *_misnamed(job.entry))
    if ruling in {None, "requirements.txt"}:
        refuse_without_lock(ruling, job.options)
    if ruling is None:
        _refuse_damaged(job.entry)
        return Requirements(None, notes=notes)
    variables = Variables({**host.environ(), **job.options.environment}, may_lack=may_lack)
    read = _read(job, ruling, project, variables, may_export=may_export)
    if read is None:
        return None
    wanted = read.wanted
    local_sources.refuse_unasked(wanted, job.options.allow_source_builds, job.target)
    local = [path for path in local_sources.reachable(wanted) if path != job.entry]
    local += local_folders(read.options, read_uv_settings(job.entry, job.options.environment), job.entry)
    return Requirements(
        origin=ruling,
        wanted=wanted if ruling == "requirements.txt" else tuple(_for_target(wanted, job.target)),
        options=read.options,
        has_lock_file=ruling != "requirements.txt",
        lacks_credentials=read.lacks_credentials or variables.lacks,
        left_out=read.left_out,
        paths=(*read.paths, *local),
        notes=notes,
        variables=variables,
    )


def _has_lock(project: UvProject) -> bool:
    """Return whether uv has a lock file for a project, be it in a workspace above."""
    return project.is_member and project.lock.is_file()


def _read(job: Job, ruling: str, project: UvProject, variables: Variables, *, may_export: bool) -> Locked | None:
    if ruling == "requirements.txt":
        read = _checked(read_requirements_file(job.entry / ruling, job.entry, variables), job.options)
        return Locked(read.wanted, read.options, read.paths)
    if ruling == "uv.lock":
        return read_uv_lock(job, project, may_export=may_export)
    if ruling == "pylock.toml":
        return _pylock(job, job.entry / ruling)
    exported = exports.export(job, ruling, may_export=may_export)
    if exported is None:
        return None
    read = read_requirements_text(exported.text, ruling, job.entry, variables)
    here = {one.name for one in read.wanted if one.applies_to(job.target)}
    left_out = frozenset(one.name for one in read.wanted if one.name and one.name not in here)
    _refuse_open(read.wanted, ruling)
    wanted = with_indexes(read.wanted, read.options, exported.indexes)
    return Locked(wanted, read.options, read.paths, left_out, exported.lacks_credentials)


def _refuse_open(wanted: tuple[Wanted, ...], lock: str) -> None:
    """Refuse a lock file that leaves a version open, as one that was edited by hand may."""
    for one in wanted:
        if one.version is None and one.local is None and not one.remote and not one.is_constraint:
            message = (
                f"{lock} does not lock {one.name!r} at one exact version: it has {scrub(one.text)!r}. Make it again "
                f"with '{'poetry' if lock == 'poetry.lock' else 'pipenv'} lock'."
            )
            raise EntryError(message)


def _pylock(job: Job, path: Path) -> Locked:
    # They take longer to load than all else that a recalled build needs.
    from cdk_layers.building.requirements.pylock import read_pylock  # noqa: PLC0415
    from cdk_layers.building.requirements.stale_pylock import refuse_stale_pylock  # noqa: PLC0415

    wanted, left_out = read_pylock(path, job.target, job.options)
    refuse_stale_pylock(path, wanted, job.target, job.options)
    return Locked(wanted, left_out=left_out)


def _checked(read: RequirementsFile, options: BuildOptions) -> RequirementsFile:
    """Refuse a file that asks for source builds that the user of the library did not."""
    for option in read.options:
        asked = {name.strip().lower() for name in option.value.split(",")} - {":none:"}
        if option.name == "--no-binary" and not asked <= {name.lower() for name in options.allow_source_builds}:
            message = (
                f"{option.where}: --no-binary {option.value} asks for a build from source, which runs foreign code "
                "here. Name the distributions in allow_source_builds=[...], build with docker=True, or drop the line."
            )
            raise EntryError(message)
    return read


def _for_target(wanted: tuple[Wanted, ...], target: Target) -> Iterator[Wanted]:
    for one in wanted:
        if one.applies_to(target):
            yield replace(one, text=one.unmarked, marker=None)


def _ignored(project: UvProject, ruling: str | None, others: list[str]) -> Iterator[Note]:
    entry = project.entry
    used = f"{ruling} was used" if ruling else "nothing was installed"
    for name in others:
        yield Note(
            "ignored-manifest",
            f"{name} was ignored: {used}, which comes before it.",
            f"Keep one of the two in {scrub(entry.name)}/.",
        )
    for name in _BARE:
        if name != _SOURCES.get(ruling or "") and _asks_for_something(entry / name):
            command = _lock_command(project, name)
            yield Note(
                "ignored-manifest",
                f"{name} was ignored: {used}, and a {name} without its lock file installs nothing.",
                f"Lock it ({command}) and remove the other manifests, or remove its dependencies."
                if ruling
                else f"Lock it with {command}, or write a requirements.txt.",
            )


def _misnamed(entry: Path) -> Iterator[Note]:
    """Yield a note for each file whose name is nearly a manifest's, which is packed like any other file."""
    known = (*PRECEDENCE, *_BARE)
    has_manifest = any((entry / name).exists() for name in PRECEDENCE)
    for name in sorted(path.name for path in entry.iterdir()):
        if _NAMED_LOCK.fullmatch(name) and not has_manifest:
            yield Note(
                "ignored-manifest",
                f"{name} was packed as it is and nothing was installed from it: of locks by this name, only "
                "pylock.toml is installed.",
                "Rename it to pylock.toml, or exclude it.",
            )
        if name in known or not _LETTERS.fullmatch(name):
            continue
        meant = next((one for one in known if SequenceMatcher(None, name.lower(), one.lower()).ratio() > _ALIKE), None)
        if meant is not None and not (entry / meant).exists():
            yield Note(
                "ignored-manifest",
                f"{name} was packed as it is and nothing was installed from it: the manifest's name is {meant}.",
                f"Rename it to {meant}, or exclude it.",
            )


def _lock_command(project: UvProject, name: str) -> str:
    """Return the command that locks a manifest, of the tool that the project uses."""
    if name == "Pipfile":
        return "'pipenv lock'"
    manifest = read_toml(project.entry / name)
    backend = str(table(manifest, "build-system").get("build-backend", ""))
    if "poetry" in table(manifest, "tool") or backend.startswith("poetry"):
        return "'poetry lock'"
    if "pdm" in table(manifest, "tool") or backend.startswith("pdm"):
        return "'pdm lock --format pylock'"
    return f"'uv lock' in the workspace's root {scrub(project.root.name)}/" if project.is_member else "'uv lock'"


def _refuse_damaged(entry: Path) -> None:
    """Raise an EntryError where a manifest that has no lock file is not TOML, so that nobody knows what it wants."""
    for manifest in (entry / name for name in _BARE):
        if manifest.is_file() and (trouble := _damage(manifest)):
            message = f"{manifest.name} is not TOML: {trouble}. Correct it."
            raise EntryError(message)


def _damage(manifest: Path) -> str:
    try:
        parse_toml(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _asks_for_something(manifest: Path) -> bool:
    """Tell whether a manifest names dependencies; a pyproject.toml may as well configure tools only."""
    try:
        data = parse_toml(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    project, poetry = table(data, "project"), table(data, "tool", "poetry")
    places = (project.get("dependencies"), poetry.get("dependencies"), data.get("packages"))
    return any(places) or "dependencies" in texts(project.get("dynamic"))
