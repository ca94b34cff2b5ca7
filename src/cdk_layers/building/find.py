"""From an entry folder to the archive of a layer, or of a function's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.building.job import job_of
from cdk_layers.building.notes import Note, overwritten_notes
from cdk_layers.building.plan import make_plan
from cdk_layers.building.progress import default_progress
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.requirements.resolution import Basis, stored_resolution
from cdk_layers.errors import EntryChangedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.plan import Plan
    from cdk_layers.building.progress import Progress
    from cdk_layers.building.writing import ArchiveWriter
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
    pins: tuple[str, ...]
    """What was installed, as "name==version", sorted."""

    notes: tuple[Note, ...]
    from_cache: bool
    """Whether nothing had to be built."""

    left_out: Mapping[str, tuple[int, int]]
    """Number and bytes of the files that were trimmed, by kind."""

    uncompiled: tuple[str, ...]
    """Modules that do not compile, where there is bytecode."""

    record: Artifact = field(repr=False, compare=False)
    """What the store has of it: the contents and the parts."""

    job: Job = field(repr=False, compare=False)
    """What it is the build of."""

    label: str = field(repr=False, compare=False)
    """What messages call it."""

    @property
    def contents(self) -> Contents:
        """What is in the archive."""
        return self.record.contents

    @property
    def archive(self) -> Path:
        """The zip, in the store: read it, never write it. It is put together when it is first needed."""
        return self._writer().write_to_store()

    def write_to(self, destination: Path) -> None:
        """Write the zip to a file that no other process has; what is there is replaced.

        Raises:
            BuildError: A part was damaged in the store, and the entry is not what it was when it was built.
            OSError: It cannot be written; the disk may be full.
        """
        self._writer().write_to(destination)

    def _writer(self) -> ArchiveWriter:
        # Most builds are not written, since the CDK's output folder has them.
        from cdk_layers.building.writing import ArchiveWriter  # noqa: PLC0415

        return ArchiveWriter(self.record, self.job, self.label)


def build(
    entry: Path | str,
    target: Target,
    options: BuildOptions | None = None,
    *,
    store: Store,
    progress: Progress | None = None,
    label: str | None = None,
) -> LayerBuild:
    """Build an entry folder for a target, or find the build in the cache.

    Args:
        entry: The folder with code, a manifest of dependencies, or both.
        target: What the archive has to run on.
        options: The options of the build; a layer's defaults when not given.
        store: Where artifacts are kept.
        progress: Is told what happens; by default the error output is, in a terminal while it happens.
        label: What messages call it; the entry's name by default.

    Raises:
        EntryError: The folder, or a manifest in it, cannot be used as it is.
        DependencyError: The requirements cannot be met for the target.
        BuildError: A tool failed or the disk is full.
    """
    job = job_of(entry, target, options, store)
    name = label or job.entry.name
    found = _found(job, name)
    if found is not None:
        return found
    # It loads all that builds and packs, which no synthesis needs where nothing changed.
    from cdk_layers.building.make import make  # noqa: PLC0415

    made, is_new = make(job, progress or default_progress(), name)
    return _layer_build(made.plan, made.record, job, name, from_cache=not is_new)


def find_build(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store, label: str | None = None
) -> LayerBuild | None:
    """Return the build of an entry folder if `build` would find it in the store; None otherwise.

    Raises:
        EntryError: The folder, or a manifest in it, cannot be used as it is.
    """
    job = job_of(entry, target, options, store)
    return _found(job, label or job.entry.name)


def recall(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store
) -> LayerBuild | None:
    """Return the build of an entry folder as it is now from the cache alone, or None if it is not there.

    Nothing is built, and neither uv nor an index is asked.
    """
    job = job_of(entry, target, options, store)
    return _found(job, job.entry.name, is_recalled=True)


def _found(job: Job, label: str, *, is_recalled: bool = False) -> LayerBuild | None:
    """Return the build from the cache alone; if it is recalled, also that of an earlier resolution."""
    try:
        requirements = read_requirements(job, may_export=False, may_lack=is_recalled)
        resolution = requirements and stored_resolution(requirements, job)
        if resolution and resolution.basis is Basis.OFFLINE and not is_recalled:
            return None
        plan = make_plan(requirements, resolution, job) if requirements and resolution else None
    except EntryChangedError:
        return None
    if plan is None:
        return None
    record = job.store.find(plan.key)
    return None if record is None else _layer_build(plan, record, job, label, from_cache=True)


def _layer_build(plan: Plan, record: Artifact, job: Job, label: str, *, from_cache: bool) -> LayerBuild:
    facts = record.facts
    return LayerBuild(
        archive_bytes=record.archive_bytes,
        digest=str(facts["digest"]),
        target=job.target,
        pins=tuple(facts["pins"]),
        notes=(*plan.notes, *overwritten_notes(facts)),
        from_cache=from_cache,
        left_out={kind: (files, size) for kind, (files, size) in facts["left_out"].items()},
        uncompiled=tuple(facts["uncompiled"]),
        record=record,
        job=job,
        label=label,
    )
