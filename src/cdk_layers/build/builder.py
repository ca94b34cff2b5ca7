"""From an entry folder to the archive of a layer, or of a function's code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers import host
from cdk_layers.build.archive import collect, join_archives, write_archive
from cdk_layers.build.cache import BuildCache
from cdk_layers.build.credentials import scrub
from cdk_layers.build.dependencies import Requirements, read_requirements
from cdk_layers.build.distributions import read_installed
from cdk_layers.build.installation import install
from cdk_layers.build.job import Job
from cdk_layers.build.natives import foreign_files
from cdk_layers.build.notes import Note
from cdk_layers.build.options import BuildOptions
from cdk_layers.build.plan import Plan, make_plan
from cdk_layers.build.presumption import refuse_gaps
from cdk_layers.build.progress import default_progress, told
from cdk_layers.build.record import read_beside
from cdk_layers.build.resolution import confirm, remembered, resolve
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.wording import count, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cdk_layers.build.contents import Contents, Distribution
    from cdk_layers.build.entries import Entry
    from cdk_layers.build.progress import Progress
    from cdk_layers.build.requirements_file import Wanted
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
    job = Job(_checked(entry), target, options or BuildOptions(), cache or BuildCache.default())
    run = _Run(job, progress or default_progress(), label or job.entry.name)
    with told(run.progress):
        return run.finish()


def recall(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, cache: BuildCache | None = None
) -> LayerBuild | None:
    """Return the build of an entry folder as it is now from the cache alone, or None if it is not there.

    Nothing is built, and neither uv nor an index is asked.
    """
    job = Job(_checked(entry), target, options or BuildOptions(), cache or BuildCache.default())
    requirements = read_requirements(job, may_export=False)
    resolution = requirements and remembered(requirements, job)
    if not requirements or not resolution:
        return None
    plan = make_plan(requirements, resolution, job)
    record = job.cache.get(plan.key)
    return None if record is None else _layer_build(record, plan, target, from_cache=True)


def pins_for(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, cache: BuildCache | None = None
) -> tuple[str, ...]:
    """Return what a build for a target would install, sorted, without installing it: mostly "name==version".

    Raises:
        CdkLayersError: As `build`.
    """
    job = Job(_checked(entry), target, options or BuildOptions(), cache or BuildCache.default())
    requirements = read_requirements(job) or Requirements(None)
    return tuple(sorted(_pin_text(pin) for pin in resolve(requirements, job).pins))


def _pin_text(pin: Wanted) -> str:
    if pin.name and pin.version:
        return f"{pin.name}=={pin.version}"
    return pin.name or scrub(pin.text)


@dataclass(slots=True)
class _Run:
    """One build on its way."""

    job: Job
    progress: Progress
    label: str
    has_built: bool = False
    is_proven: bool = False
    """Whether the installation is known to leave nothing out."""

    def finish(self) -> LayerBuild:
        """Build what is not in the cache."""
        began = host.clock()
        self.progress.start(f"Resolving {self.label!r} for {self.job.target}")
        plan, record = self._made(self._requirements())
        done = _layer_build(record, plan, self.job.target, from_cache=not self.has_built)
        self.progress.end(self._summary(done, host.clock() - began) if self.has_built else None)
        return done

    def _made(self, requirements: Requirements) -> tuple[Plan, Entry]:
        """Return the plan and the build of it; what was presumed and turns out to lack something is resolved."""
        plan = make_plan(requirements, resolve(requirements, self.job, may_presume=True), self.job)
        try:
            record = self._entry(plan)
        except DependencyError:
            if not plan.resolution.is_presumed:
                raise
            self.has_built = False
            plan = make_plan(requirements, resolve(requirements, self.job), self.job)
            return plan, self._entry(plan)
        confirm(requirements, plan.resolution, self.job)
        return plan, record

    def _entry(self, plan: Plan) -> Entry:
        record = self.job.cache.get(plan.key) or self._make(plan)
        if not self.is_proven:
            self._prove(plan, record.contents.distributions)
        return record

    def _prove(self, plan: Plan, distributions: Iterable[Distribution]) -> None:
        """Refuse what was presumed if it lacks something."""
        if plan.resolution.is_presumed:
            refuse_gaps(plan.requirements, distributions, self.job.target)
        self.is_proven = True

    def _requirements(self) -> Requirements:
        """Read the manifest; a lock file with credentials is exported only if it really has to be installed."""
        known = read_requirements(self.job, may_export=False)
        if known is not None and known.is_partial:
            plan = make_plan(known, resolve(known, self.job), self.job)
            known = None if self.job.cache.get(plan.key) is None else known
        return known or read_requirements(self.job) or Requirements(None)

    def _make(self, plan: Plan) -> Entry:
        parts = [
            self._part(key, fill)
            for key, fill in (
                (plan.distributions_key, self._distributions(plan)),
                (plan.own_key, self._own(plan)),
            )
            if key is not None
        ]
        return parts[0] if len(parts) == 1 else self._part(plan.key, self._joined(parts))

    def _part(self, key: str, fill: Callable[[Path], dict[str, object]]) -> Entry:
        """Return a part from the cache, or fill a folder with an archive and the facts about it."""

        def make(folder: Path) -> None:
            self.has_built = True
            facts = fill(folder)
            contents = read_beside(folder / "archive.zip")
            self._refuse_foreign(contents)
            pins = sorted(f"{one.name}=={one.version}" for one in contents.distributions)
            (folder / "facts.json").write_text(json.dumps({**facts, "pins": pins}), encoding="utf-8")

        return self.job.cache.get_or_make(key, make)

    def _refuse_foreign(self, contents: Contents) -> None:
        """Refuse what a build from source made for this machine instead of the target."""
        foreign = list(foreign_files(contents, self.job.target)) if self.job.options.allow_source_builds else []
        if foreign:
            message = (
                f"{self.label!r}: a build from source made files that {self.job.target} cannot load: "
                f"{', '.join(foreign[:_NAMED])}. It compiles for this machine only; build in a container, docker=True, "
                "or choose versions that have wheels."
            )
            raise DependencyError(message)

    def _distributions(self, plan: Plan) -> Callable[[Path], dict[str, object]]:
        def fill(folder: Path) -> dict[str, object]:
            self.progress.start(f"Installing {self.label!r} for {self.job.target}")
            tree = folder / "tree"
            install(plan.requirements, plan.resolution, tree, self.job)
            self._prove(plan, read_installed(tree) if plan.resolution.is_presumed else ())
            self.progress.start(f"Packing {self.label!r} for {self.job.target}")
            digest = write_archive(folder / "archive.zip", collect(tree, self.job.options.prefix))
            self.job.cache.discard(tree)
            return {"digest": digest}

        return fill

    def _own(self, plan: Plan) -> Callable[[Path], dict[str, object]]:
        return lambda folder: {"digest": write_archive(folder / "archive.zip", plan.members)}

    def _joined(self, parts: Sequence[Entry]) -> Callable[[Path], dict[str, object]]:
        def fill(folder: Path) -> dict[str, object]:
            distributions, own = (part.contents.files for part in parts)
            overwritten = [name for name in own if distributions.get(name, own[name]) != own[name]]
            digest = join_archives(folder / "archive.zip", [part.archive for part in parts])
            return {"digest": digest, "overwritten": overwritten}

        return fill

    def _summary(self, done: LayerBuild, seconds: float) -> str:
        kind = "layer" if self.job.options.prefix else "code of function"
        distributions = count(len(done.contents.distributions), "distribution")
        return (
            f"Built {kind} {self.label!r} for {self.job.target}: {distributions}, "
            f"{size(done.contents.unzipped_bytes)} unzipped, {size(done.archive_bytes)} zipped, "
            f"in {seconds:.1f} s"
        )


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


def _checked(entry: Path | str) -> Path:
    folder = Path(entry)
    if folder.is_dir():
        return folder.resolve()
    what = "is a file, not a folder" if folder.exists() else "does not exist"
    message = f"The entry {str(entry)!r} {what}. Give the folder that holds the code or its manifest of dependencies."
    raise EntryError(message)
