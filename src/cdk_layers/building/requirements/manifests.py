"""The manifest of an entry folder that takes precedence, and its requirements."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cdk_layers.building.notes import copy_notes
from cdk_layers.building.remedies import IN_CONTAINER
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.folders import local_folders
from cdk_layers.building.requirements.groups import refuse_without_lock
from cdk_layers.building.requirements.locked import Locked
from cdk_layers.building.requirements.manifest_names import BARE, PRECEDENCE
from cdk_layers.building.requirements.requirements_file import read_requirements_file
from cdk_layers.building.requirements.requirements_text import Variables, refuse_irregular
from cdk_layers.building.requirements.unused_manifests import misspelled_manifests, unused_manifests
from cdk_layers.building.requirements.workspace import uv_project
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system import host
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.notes import Note
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.requirements_file import Option, RequirementsFile
    from cdk_layers.building.requirements.workspace import UvProject
    from cdk_layers.lambda_service.target import Target


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of an entry folder."""

    origin: str | None
    """The manifest that takes precedence, such as "uv.lock"; None if the entry is only code."""

    lines: tuple[RequirementLine, ...] = ()
    options: tuple[Option, ...] = ()
    has_lock_file: bool = False
    """Whether a lock file pins all of it."""

    lacks_credentials: bool = False
    """Whether credentials are missing, so that it is enough for a cache key but not for an installation."""

    left_out: frozenset[str] = frozenset()
    """Names of distributions that the lock file contains for other targets only."""

    paths: tuple[Path, ...] = ()
    """Files that were read, and wheels and sources of the entry that are installed; all are left out of the archive."""

    in_layers: frozenset[Path] = frozenset()
    """Projects among the lines that the function's layers contain."""

    notes: tuple[Note, ...] = ()
    variables: Variables | None = field(default=None, repr=False, compare=False)
    """The environment variables that the manifest refers to as "${NAME}"."""

    def mask(self, text: str) -> str:
        """Return text with "${NAME}" in place of the values of credentials."""
        return self.variables.mask(text) if self.variables else text

    @property
    def secrets(self) -> dict[str, str]:
        """The values of the credentials that `mask` replaces, by the names of their variables."""
        return self.variables.named_secrets if self.variables else {}

    @property
    def is_locked(self) -> bool:
        """Whether there is nothing to resolve."""
        return self.origin is None or self.has_lock_file

    @property
    def source_names(self) -> frozenset[str]:
        """The names that --no-binary lines request from source. The user allowed to build them."""
        return frozenset(name for _, names in _no_binary(self.options) for name in names)

    @property
    def pinned_names(self) -> frozenset[str]:
        """The names whose version the manifest fixes."""
        return frozenset(line.name for line in self.lines if line.name and line.is_pinned)

    @property
    def unpinned_names(self) -> tuple[str, ...]:
        """The names that are required without one exact version, sorted."""
        required = {line.name for line in self.lines if line.name and not line.is_constraint}
        return tuple(sorted(required - self.pinned_names))


def read_requirements(job: Job) -> Requirements:
    """Read the manifest that takes precedence, and export a lock file with its tool if the store has no export of it.

    Raises:
        EntryError: A manifest cannot be read or understood.
        DependencyError: A lock file cannot be exported, or has nothing for the target.
        BuildError: The tool that exports a lock file cannot be installed.
    """
    manifest = _find(job)
    return manifest.requirements(manifest.read_plain() or manifest.read_lock())


def stored_requirements(job: Job, *, may_lack: bool = False) -> Requirements | None:
    """Read the manifest that takes precedence, without running any tool.

    Args:
        job: The build. A lock file's last export is used from its store, without credentials.
        may_lack: Whether environment variables in the manifest need not be set.

    Returns:
        The requirements; None if the store has no export of the lock file.

    Raises:
        EntryError: A manifest cannot be read or understood.
        DependencyError: A lock file has nothing for the target.
    """
    manifest = _find(job, may_lack=may_lack)
    locked = manifest.read_plain() or manifest.stored_lock()
    return manifest.requirements(locked) if locked else None


def _find(job: Job, *, may_lack: bool = False) -> _Manifest:
    for name in (*PRECEDENCE, *BARE):
        if os.path.lexists(job.entry / name):
            refuse_irregular(job.entry / name, name)
    project = uv_project(job.entry)
    present = [
        name for name in PRECEDENCE if (job.entry / name).is_file() or (name == "uv.lock" and _has_lock(project))
    ]
    variables = Variables({**host.environ(), **job.options.environment}, may_lack=may_lack)
    manifest = _Manifest(job, project, present, variables)
    if not manifest.is_lock:
        refuse_without_lock(manifest.name, job.options)
    if manifest.name is None:
        _refuse_damaged(job.entry)
    return manifest


def _has_lock(project: UvProject) -> bool:
    """Return whether the workspace of a project has a uv.lock."""
    return project.is_member and project.lock.is_file()


@dataclass(frozen=True, slots=True)
class _Manifest:
    """The manifest that takes precedence, before it is read. A reader is loaded only for a lock of its tool."""

    job: Job
    project: UvProject
    present: list[str]
    variables: Variables

    @property
    def name(self) -> str | None:
        """Its file name; None if there is no manifest."""
        return self.present[0] if self.present else None

    @property
    def is_lock(self) -> bool:
        return self.name not in {None, "requirements.txt"}

    def read_plain(self) -> Locked | None:
        """Return what it requires; None for a lock file that its tool has to export."""
        if self.name is None:
            return Locked(())
        path = self.job.entry / self.name
        if self.name == "requirements.txt":
            read = read_requirements_file(path, self.job.entry, self.variables)
            _refuse_source_builds(read, self.job.options)
            return Locked(read.lines, read.options, read.paths)
        return _pylock(self.job, path) if self.name == "pylock.toml" else None

    def read_lock(self) -> Locked:
        """Return what a lock file requires; its tool exports it if the store has no export of it."""
        if self.name == "uv.lock":
            from cdk_layers.building.requirements.uv_lock import read_uv_lock  # noqa: PLC0415 - see the class

            return read_uv_lock(self.job, self.project)
        from cdk_layers.building.requirements.exports import read_exported  # noqa: PLC0415 - see the class

        return read_exported(self.job, self.present[0], self.variables)

    def stored_lock(self) -> Locked | None:
        """Return what a lock file requires; None if the store has no export of it."""
        if self.name == "uv.lock":
            from cdk_layers.building.requirements.uv_lock import stored_uv_lock  # noqa: PLC0415 - see the class

            return stored_uv_lock(self.job, self.project)
        from cdk_layers.building.requirements.exports import stored_export  # noqa: PLC0415 - see the class

        return stored_export(self.job, self.present[0], self.variables)

    def requirements(self, read: Locked) -> Requirements:
        """Return what was read, for the target."""
        job, lines = self.job, read.lines
        if self.name is None:
            return Requirements(None, notes=self._notes(lines))
        reasons = self._reasons_to_pack(lines)
        in_layers = frozenset(folder for folder, reason in reasons.items() if reason is None)
        local_sources.refuse_not_allowed(lines, job.options.allow_source_builds, job.target, reasons)
        local = [path for path in local_sources.reachable(lines) if path != job.entry]
        local += local_folders(read.options, read_uv_settings(job.entry, job.options.environment), job.entry)
        return Requirements(
            origin=self.name,
            lines=tuple(_for_target(lines, job.target)) if self.is_lock else lines,
            options=read.options,
            has_lock_file=self.is_lock,
            lacks_credentials=read.lacks_credentials or self.variables.lacks,
            left_out=read.left_out,
            paths=(*read.paths, *local),
            in_layers=in_layers,
            notes=(*self._notes(lines), *copy_notes(reasons, job.options.layers, self.name)),
            variables=self.variables,
        )

    def _reasons_to_pack(self, lines: tuple[RequirementLine, ...]) -> dict[Path, str | None]:
        """Return the layers' projects among the requirements, each with the reason to pack it, or None."""
        entries = {layer.entry for layer in self.job.options.layers if layer.entry is not None}
        if self.name is None or not any(line.local in entries for line in lines):
            return {}
        from cdk_layers.building.requirements.layer_projects import reasons_to_pack  # noqa: PLC0415 - few need it

        return reasons_to_pack(lines, self.name, self.job)

    def _notes(self, lines: tuple[RequirementLine, ...]) -> tuple[Note, ...]:
        unused = unused_manifests(self.project, self.name, self.present[1:], lines, self.job)
        return (*unused, *misspelled_manifests(self.job))


def _pylock(job: Job, path: Path) -> Locked:
    # They take longer to load than everything else that a build from the cache needs.
    from cdk_layers.building.requirements.pylock import read_pylock  # noqa: PLC0415
    from cdk_layers.building.requirements.stale_pylock import refuse_stale_pylock  # noqa: PLC0415

    lines, left_out = read_pylock(path, job.target, job.options)
    refuse_stale_pylock(path, lines, job.target, job.options)
    return Locked(lines, left_out=left_out)


def _refuse_source_builds(read: RequirementsFile, options: BuildOptions) -> None:
    """Refuse a file that requests source builds that the user did not allow, or with other settings."""
    allowed = {canonical(name) for name in options.allow_source_builds}
    for line in read.lines:
        if line.has_build_settings and line.name in allowed:
            message = (
                f"{line.where}: options of one requirement, such as --config-settings, do not reach the build of "
                f"{line.name!r} from source. Write them as config-settings-package into a uv.toml in the entry folder."
            )
            raise EntryError(message)
    for option, names in _no_binary(read.options):
        if not names <= allowed:
            message = (
                f"{option.where}: --no-binary {option.value} requests a build from source, which runs foreign "
                "code at synth. Name the distributions in allow_source_builds=[...], drop the line, or "
                f"{IN_CONTAINER}."
            )
            raise EntryError(message)


def _no_binary(options: Iterable[Option]) -> Iterator[tuple[Option, frozenset[str]]]:
    """Yield the --no-binary options with the normalized names that they request from source."""
    for option in options:
        if option.name == "--no-binary":
            names = {canonical(name.strip()) for name in option.value.split(",") if name.strip()}
            yield option, frozenset(names - {":none:"})


def _for_target(lines: tuple[RequirementLine, ...], target: Target) -> Iterator[RequirementLine]:
    for line in lines:
        if line.applies_to(target):
            yield replace(line, text=line.unmarked, marker=None)


def _refuse_damaged(entry: Path) -> None:
    """Refuse a manifest without a lock file that is not TOML, since its dependencies cannot be read."""
    for manifest in (entry / name for name in BARE):
        if manifest.is_file() and (error := _toml_error(manifest)):
            message = f"{manifest.name} is not TOML: {error}. Correct it."
            raise EntryError(message)


def _toml_error(manifest: Path) -> str:
    try:
        parse_toml(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return str(error)
    return ""
