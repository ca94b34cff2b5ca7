"""Builds of entry folders, from the store or new."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.building.job import job_of
from cdk_layers.building.notes import BuildReport, overwritten_notes, yanked_notes
from cdk_layers.building.plan import make_plan
from cdk_layers.building.requirements.manifests import stored_requirements
from cdk_layers.building.requirements.requested_extras import unknown_extras
from cdk_layers.building.requirements.resolution import Basis, stored_resolution
from cdk_layers.building.uv.settings import settings_read_once
from cdk_layers.errors import CdkLayersError, EntryChangedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.notes import Note
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.plan import Plan
    from cdk_layers.building.progress import Progress
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.artifact import Artifact
    from cdk_layers.store.protocol import Store


@dataclass(frozen=True, slots=True)
class LayerBuild:
    """A finished build."""

    archive_bytes: int
    digest: str
    """SHA-256 of the content: names, modes and bytes of all files."""

    target: Target
    manifest: str | None
    """The file name of the manifest that it was built from; None if there is none."""

    pins: tuple[str, ...]
    """The installed distributions as "name==version", sorted."""

    report: BuildReport
    from_cache: bool
    """Whether the build was in the store."""

    record: Artifact = field(repr=False, compare=False)
    """The record of the build in the store: its contents and the keys of its parts."""

    job: Job = field(repr=False, compare=False)
    """The input of the build."""

    label: str = field(repr=False, compare=False)
    """Its name in messages."""

    @property
    def contents(self) -> Contents:
        """The contents of the archive."""
        return self.record.contents

    def write_to(self, destination: Path) -> None:
        """Write the zip to a file, which is replaced. No other process may use the file.

        Raises:
            BuildError: A part in the store is damaged, and the entry has changed since the build.
            OSError: The file cannot be written; the disk may be full.
        """
        # Most builds are not written, since the CDK's output folder contains them already.
        from cdk_layers.building.joined_archive import write_archive_of  # noqa: PLC0415

        write_archive_of(self.record, self.job, self.label, destination)


def build(
    entry: Path | str,
    target: Target,
    options: BuildOptions | None = None,
    *,
    store: Store,
    progress: Progress | None = None,
    label: str | None = None,
) -> LayerBuild:
    """Build an entry folder for a target, or find the build in the store.

    Args:
        entry: The folder with code, a manifest of dependencies, or both.
        target: Where the archive has to run.
        options: The options of the build. Defaults to those of a layer.
        store: The store of builds.
        progress: Where to show progress. Defaults to the error output.
        label: Its name in messages. Defaults to the entry's name.

    Raises:
        EntryError: The folder, or a manifest in it, cannot be used as it is.
        DependencyError: The requirements cannot be met for the target.
        BuildError: A tool failed, or the disk is full.
    """
    job = job_of(entry, target, options, store)
    name = label or job.entry.name
    found = _find(job, name)
    if found is not None:
        return found
    # This loads everything that builds and packs. A synthesis without changes does not need it.
    from cdk_layers.building.build_run import make  # noqa: PLC0415
    from cdk_layers.building.progress import default_progress  # noqa: PLC0415

    built, is_new = make(job, progress or default_progress(), name)
    return _layer_build(built.plan, built.record, job, name, from_cache=not is_new)


def find_build(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store, label: str | None = None
) -> LayerBuild | None:
    """Return the build of an entry folder if it is in the store; else None.

    Raises:
        EntryError: The folder, or a manifest in it, cannot be used as it is.
    """
    job = job_of(entry, target, options, store)
    return _find(job, label or job.entry.name)


def recall(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store
) -> LayerBuild | None:
    """Return the build of an entry folder if it is in the store, even if an index may have newer versions; else None.

    Nothing is built, uv is not run, and no index is queried. A manifest that cannot be used is no error here, since
    `cdk list` and `cdk destroy` do without.
    """
    job = job_of(entry, target, options, store)
    with suppress(CdkLayersError):
        return _find(job, job.entry.name, is_recalled=True)
    return None


def _find(job: Job, label: str, *, is_recalled: bool = False) -> LayerBuild | None:
    """Return the build from the store; None if it is not there. With `is_recalled`, an earlier resolution is enough."""
    try:
        with settings_read_once():
            plan = _stored_plan(job, is_recalled=is_recalled)
    except EntryChangedError:
        return None
    if plan is None:
        return None
    record = job.store.find(plan.key)
    return None if record is None else _layer_build(plan, record, job, label, from_cache=True)


def _stored_plan(job: Job, *, is_recalled: bool) -> Plan | None:
    """Return the plan of a build by the resolution in the store; None without one that is good enough."""
    requirements = stored_requirements(job, may_lack=is_recalled)
    resolution = None if requirements is None else stored_resolution(requirements, job)
    if requirements is None or resolution is None or (resolution.basis is Basis.OFFLINE and not is_recalled):
        return None
    return make_plan(requirements, resolution, job)


def _layer_build(plan: Plan, record: Artifact, job: Job, label: str, *, from_cache: bool) -> LayerBuild:
    facts = record.facts
    return LayerBuild(
        archive_bytes=record.archive_bytes,
        digest=str(facts["digest"]),
        target=job.target,
        manifest=plan.requirements.origin,
        pins=tuple(facts["pins"]),
        report=_report(plan, record, job),
        from_cache=from_cache,
        record=record,
        job=job,
        label=label,
    )


def _report(plan: Plan, record: Artifact, job: Job) -> BuildReport:
    facts = record.facts
    notes = (
        *plan.notes, *unknown_extras(plan.requirements, record, job), *_fallback_notes(plan, record, job),
        *yanked_notes(facts), *overwritten_notes(facts),
    )  # fmt: skip
    savings = {kind: (files, size) for kind, (files, size) in facts["left_out"].items()}
    return BuildReport(notes, savings, tuple(facts["uncompiled"]))


def _fallback_notes(plan: Plan, record: Artifact, job: Job) -> Iterable[Note]:
    if not any(pin.local for pin in plan.resolution.pins):
        return ()
    from cdk_layers.building.requirements.fallback_versions import fallback_notes  # noqa: PLC0415 - few builds need it

    return fallback_notes(plan.resolution.pins, record, job)
