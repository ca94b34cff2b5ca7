"""From an entry folder to the archive of a layer, or of a function's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.build.dependencies import read_requirements
from cdk_layers.build.job import job_of
from cdk_layers.build.notes import Note
from cdk_layers.build.plan import make_plan
from cdk_layers.build.progress import default_progress
from cdk_layers.build.resolution import remembered, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.build.cache import BuildCache
    from cdk_layers.build.contents import Contents
    from cdk_layers.build.dependencies import Requirements
    from cdk_layers.build.entries import Entry
    from cdk_layers.build.job import Job
    from cdk_layers.build.options import BuildOptions
    from cdk_layers.build.plan import Plan
    from cdk_layers.build.progress import Progress
    from cdk_layers.build.resolution import Resolution
    from cdk_layers.build.target import Target


_NAMED = 5


@dataclass(frozen=True, slots=True)
class LayerBuild:
    """A finished build."""

    archive: Path
    """The zip, in the cache: read it, never write it."""

    archive_bytes: int
    digest: str
    """SHA-256 of the content: names, modes and bytes of all files."""

    target: Target
    pins: tuple[str, ...]
    """What was installed, as "name==version", sorted."""

    notes: tuple[Note, ...]
    from_cache: bool
    """Whether nothing had to be built."""

    record: Entry = field(repr=False, compare=False)
    """The cache's entry, which the contents are read from when somebody asks."""

    @property
    def contents(self) -> Contents:
        """What lies in the archive."""
        return self.record.contents


def build(
    entry: Path | str,
    target: Target,
    options: BuildOptions | None = None,
    *,
    cache: BuildCache | None = None,
    progress: Progress | None = None,
    label: str | None = None,
) -> LayerBuild:
    """Build an entry folder for a target, or find the build in the cache.

    Args:
        entry: The folder with code, a manifest of dependencies, or both.
        target: What the archive has to run on.
        options: The options of the build; a layer's defaults when not given.
        cache: The cache of builds; the user's own by default.
        progress: Is told what happens; by default the error output is, in a terminal while it happens.
        label: What messages call it; the entry's name by default.

    Raises:
        EntryError: The folder, or a manifest in it, cannot be used as it is.
        DependencyError: The requirements cannot be met for the target.
        BuildError: A tool failed or the disk is full.
    """
    job = job_of(entry, target, options, cache)
    found = _found(job, settled)
    if found is not None:
        return found
    # It loads all that builds and packs, which no synthesis needs where nothing changed.
    from cdk_layers.build.making import make  # noqa: PLC0415

    plan, record, is_new = make(job, progress or default_progress(), label or job.entry.name)
    return _layer_build(record, plan, target, from_cache=not is_new)


def recall(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, cache: BuildCache | None = None
) -> LayerBuild | None:
    """Return the build of an entry folder as it is now from the cache alone, or None if it is not there.

    Nothing is built, and neither uv nor an index is asked.
    """
    return _found(job_of(entry, target, options, cache), remembered)


def _found(job: Job, resolved: Callable[[Requirements, Job], Resolution | None]) -> LayerBuild | None:
    requirements = read_requirements(job, may_export=False)
    resolution = requirements and resolved(requirements, job)
    if not requirements or not resolution:
        return None
    plan = make_plan(requirements, resolution, job)
    record = job.cache.get(plan.key)
    return None if record is None else _layer_build(record, plan, job.target, from_cache=True)


def _layer_build(record: Entry, plan: Plan, target: Target, *, from_cache: bool) -> LayerBuild:
    facts = record.facts
    return LayerBuild(
        archive=record.archive,
        archive_bytes=record.archive.stat().st_size,
        digest=str(facts["digest"]),
        target=target,
        pins=tuple(facts["pins"]),
        notes=(*plan.notes, *_overwritten(facts.get("overwritten", []))),
        from_cache=from_cache,
        record=record,
    )


def _overwritten(names: Sequence[str]) -> Iterator[Note]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield Note(
            "file-overwritten",
            f"The entry's own {', '.join(names[:_NAMED])}{more} took the place of a distribution's file.",
            "Rename or exclude the own file, unless it is meant to patch the distribution.",
        )
