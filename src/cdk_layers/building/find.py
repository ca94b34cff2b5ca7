"""From an entry folder to the archive of a layer, or of a function's code."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.building.job import job_of
from cdk_layers.building.notes import Note, overwritten_notes
from cdk_layers.building.plan import make_plan
from cdk_layers.building.progress import default_progress
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.requirements.resolution import Basis, stored_resolution
from cdk_layers.errors import BuildError, EntryChangedError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.job import Job
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
    pins: tuple[str, ...]
    """What was installed, as "name==version", sorted."""

    notes: tuple[Note, ...]
    from_cache: bool
    """Whether nothing had to be built."""

    record: Artifact = field(repr=False, compare=False)
    """The cache's entry, which the contents are read from when somebody asks."""

    parts: tuple[Artifact, ...] = field(repr=False, compare=False)
    """The cache's entries that hold its archive, or are joined for it."""

    job: Job = field(repr=False, compare=False)
    """What it is the build of."""

    label: str = field(repr=False, compare=False)
    """What messages call it."""

    @property
    def archive(self) -> Path:
        """The zip, in the cache: read it, never write it. It is put together there when somebody asks."""
        if len(self.parts) == 1:
            return self._intact_parts()[0].archive
        key, store = f"archive-{self.record.folder.name}", self.job.store
        return store.get_or_make(key, lambda folder: self.write_to(folder / "archive.zip"), is_quick=True).archive

    def write_to(self, destination: Path) -> None:
        """Write the zip to a file that nobody else has; what is there is replaced.

        Raises:
            BuildError: It was damaged in the cache, and the entry is not what it was when it was built.
            OSError: It cannot be written; the disk may be full.
        """
        parts = self._intact_parts()
        if len(parts) == 1:
            shutil.copyfile(parts[0].archive, destination)
            return
        # Most builds are not joined, or not written, since whoever wants them has them.
        from cdk_layers.building.archives.join import Join  # noqa: PLC0415

        Join.of([part.archive for part in parts]).write(destination)
        self.job.store.keep_contents(destination, self.contents)

    @property
    def contents(self) -> Contents:
        """What lies in the archive."""
        return self.record.contents

    def _intact_parts(self) -> tuple[Artifact, ...]:
        """Return the parts as they were made. What was only found is verified now, and made again if it is damaged."""
        if not self.from_cache or all(map(self.job.store.is_intact, self.parts)):
            return self.parts
        from cdk_layers.building.make import make  # noqa: PLC0415

        made, _ = make(self.job, default_progress(), self.label)
        if made.record.facts["digest"] != self.digest:
            message = (
                f"The build of {self.label!r} was damaged in the build cache, and {str(self.job.entry)!r}, or what its "
                "manifest leads to, has changed since it was looked up. Run the same again."
            )
            raise BuildError(message)
        return made.parts


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
    return _layer_build(made.plan, made.record, made.parts, job, name, from_cache=not is_new)


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
    if record is None:
        return None
    parts = (record,) if len(plan.part_keys) == 1 else tuple(filter(None, map(job.store.find, plan.part_keys)))
    return _layer_build(plan, record, parts, job, label, from_cache=True) if len(parts) == len(plan.part_keys) else None


def _layer_build(
    plan: Plan, record: Artifact, parts: tuple[Artifact, ...], job: Job, label: str, *, from_cache: bool
) -> LayerBuild:
    facts = record.facts
    return LayerBuild(
        archive_bytes=record.archive_bytes,
        digest=str(facts["digest"]),
        target=job.target,
        pins=tuple(facts["pins"]),
        notes=(*plan.notes, *overwritten_notes(facts)),
        from_cache=from_cache,
        record=record,
        parts=parts,
        job=job,
        label=label,
    )
