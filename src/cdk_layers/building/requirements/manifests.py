"""The manifest of an entry folder that takes precedence, and its requirements."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from cdk_layers.building.remedies import IN_CONTAINER
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.folders import local_folders
from cdk_layers.building.requirements.groups import refuse_without_lock
from cdk_layers.building.requirements.locked import Locked
from cdk_layers.building.requirements.manifest_names import BARE, PRECEDENCE
from cdk_layers.building.requirements.requirements_file import (
    RequirementsFile,
    read_requirements_file,
    read_requirements_text,
)
from cdk_layers.building.requirements.requirements_text import Variables, refuse_irregular
from cdk_layers.building.requirements.unused_manifests import misspelled_manifests, unused_manifests
from cdk_layers.building.requirements.workspace import uv_project
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system import host
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.notes import Note
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirements_file import Option, Wanted
    from cdk_layers.building.requirements.workspace import UvProject
    from cdk_layers.lambda_service.target import Target

_OPEN_REMEDIES: Final = {
    "poetry.lock": "Make it again with 'poetry lock'.",
    "Pipfile.lock": "Pipenv locks no version of what does not apply to the machine that locks. If it is for other "
    "platforms or Pythons, write that as markers=\"...\" in the Pipfile. Make the lock file again with 'pipenv lock', "
    "on Linux with the function's Python if it is for Lambda.",
}


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of an entry folder."""

    origin: str | None
    """The manifest that takes precedence, such as "uv.lock"; None if the entry is only code."""

    wanted: tuple[Wanted, ...] = ()
    options: tuple[Option, ...] = ()
    has_lock_file: bool = False
    """Whether a lock file pins all of it."""

    lacks_credentials: bool = False
    """Whether credentials are missing, so that it is enough for a cache key but not for an installation."""

    left_out: frozenset[str] = frozenset()
    """Names of distributions that the lock file contains for other targets only."""

    paths: tuple[Path, ...] = ()
    """Files that were read, and wheels and sources of the entry that are installed; all are left out of the archive."""

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
        return frozenset(line.name for line in self.wanted if line.name and line.is_pinned)

    @property
    def unpinned_names(self) -> tuple[str, ...]:
        """The names that are required without one exact version, sorted."""
        required = {line.name for line in self.wanted if line.name and not line.is_constraint}
        return tuple(sorted(required - self.pinned_names))


def read_requirements(job: Job) -> Requirements:
    """Read the manifest that takes precedence, and export a lock file with its tool if the store has no export of it.

    Raises:
        EntryError: A manifest cannot be read or understood.
        DependencyError: A lock file cannot be exported, or has nothing for the target.
        BuildError: The tool that exports a lock file cannot be installed.
    """
    return cast("Requirements", _requirements(job, may_export=True))


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
    return _requirements(job, may_lack=may_lack)


def _requirements(job: Job, *, may_export: bool = False, may_lack: bool = False) -> Requirements | None:
    for name in (*PRECEDENCE, *BARE):
        if os.path.lexists(job.entry / name):
            refuse_irregular(job.entry / name, name)
    project = uv_project(job.entry)
    present = [
        name for name in PRECEDENCE if (job.entry / name).is_file() or (name == "uv.lock" and _has_lock(project))
    ]
    origin = present[0] if present else None
    if origin in {None, "requirements.txt"}:
        refuse_without_lock(origin, job.options)
    if origin is None:
        _refuse_damaged(job.entry)
        return Requirements(None, notes=_notes(project, present, (), job.target))
    variables = Variables({**host.environ(), **job.options.environment}, may_lack=may_lack)
    read = _read(job, origin, project, variables, may_export=may_export)
    if read is None:
        return None
    wanted = read.wanted
    local_sources.refuse_not_allowed(wanted, job.options.allow_source_builds, job.target)
    local = [path for path in local_sources.reachable(wanted) if path != job.entry]
    local += local_folders(read.options, read_uv_settings(job.entry, job.options.environment), job.entry)
    return Requirements(
        origin=origin,
        wanted=wanted if origin == "requirements.txt" else tuple(_for_target(wanted, job.target)),
        options=read.options,
        has_lock_file=origin != "requirements.txt",
        lacks_credentials=read.lacks_credentials or variables.lacks,
        left_out=read.left_out,
        paths=(*read.paths, *local),
        notes=_notes(project, present, wanted, job.target),
        variables=variables,
    )


def _notes(project: UvProject, present: list[str], wanted: tuple[Wanted, ...], target: Target) -> tuple[Note, ...]:
    used, others = (present[0], present[1:]) if present else (None, [])
    return (*unused_manifests(project, used, others, wanted, target), *misspelled_manifests(project.entry))


def _has_lock(project: UvProject) -> bool:
    """Return whether the workspace of a project has a uv.lock."""
    return project.is_member and project.lock.is_file()


def _read(job: Job, manifest: str, project: UvProject, variables: Variables, *, may_export: bool) -> Locked | None:
    if manifest == "requirements.txt":
        read = _without_source_builds(read_requirements_file(job.entry / manifest, job.entry, variables), job.options)
        return Locked(read.wanted, read.options, read.paths)
    # Each reader is loaded only for a lock of its tool.
    if manifest == "uv.lock":
        from cdk_layers.building.requirements.uv_lock import read_uv_lock  # noqa: PLC0415

        return read_uv_lock(job, project, may_export=may_export)
    if manifest == "pylock.toml":
        return _pylock(job, job.entry / manifest)
    return _exported(job, manifest, variables, may_export=may_export)


def _exported(job: Job, manifest: str, variables: Variables, *, may_export: bool) -> Locked | None:
    """Return a lock of Poetry or Pipenv, which these tools export."""
    from cdk_layers.building.requirements import exports  # noqa: PLC0415 - as above
    from cdk_layers.building.requirements.lock_indexes import with_indexes  # noqa: PLC0415 - as above

    exported = exports.export(job, manifest, may_export=may_export)
    if exported is None:
        return None
    read = read_requirements_text(exported.text, manifest, job.entry, variables)
    installed = {line.name for line in read.wanted if line.applies_to(job.target)}
    left_out = frozenset(line.name for line in read.wanted if line.name and line.name not in installed)
    _refuse_open((line for line in read.wanted if line.applies_to(job.target)), manifest)
    wanted = with_indexes(read.wanted, read.options, exported.indexes)
    return Locked(wanted, read.options, read.paths, left_out, exported.lacks_credentials)


def _refuse_open(wanted: Iterable[Wanted], lock: str) -> None:
    """Refuse a lock file that leaves a version open, such as one that was edited by hand."""
    for line in wanted:
        if line.version is None and line.local is None and not line.remote and not line.is_constraint:
            message = (
                f"{lock} does not lock {line.name!r} at one exact version: it has {scrub(line.text)!r}. "
                f"{_OPEN_REMEDIES[lock]}"
            )
            raise EntryError(message)


def _pylock(job: Job, path: Path) -> Locked:
    # They take longer to load than everything else that a build from the cache needs.
    from cdk_layers.building.requirements.pylock import read_pylock  # noqa: PLC0415
    from cdk_layers.building.requirements.stale_pylock import refuse_stale_pylock  # noqa: PLC0415

    wanted, left_out = read_pylock(path, job.target, job.options)
    refuse_stale_pylock(path, wanted, job.target, job.options)
    return Locked(wanted, left_out=left_out)


def _without_source_builds(read: RequirementsFile, options: BuildOptions) -> RequirementsFile:
    """Return a file; refuse it if it requests source builds that the user did not allow, or with other settings."""
    allowed = {canonical(name) for name in options.allow_source_builds}
    for line in read.wanted:
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
    return read


def _no_binary(options: Iterable[Option]) -> Iterator[tuple[Option, frozenset[str]]]:
    """Yield the --no-binary options with the normalized names that they request from source."""
    for option in options:
        if option.name == "--no-binary":
            names = {canonical(name.strip()) for name in option.value.split(",") if name.strip()}
            yield option, frozenset(names - {":none:"})


def _for_target(wanted: tuple[Wanted, ...], target: Target) -> Iterator[Wanted]:
    for line in wanted:
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
