"""Builds that the store does not have: installation, packing, joining."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final, cast

from cdk_layers.building.archives.processes import kept_processes, start_ahead
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.installation import Installation, install
from cdk_layers.building.job import refuse_removed_entry
from cdk_layers.building.parts.assembled_archive import assemble
from cdk_layers.building.parts.keys import part_key
from cdk_layers.building.parts.own_bytecode import compiled_ahead
from cdk_layers.building.parts.packing import Packing
from cdk_layers.building.parts.reuse import KnownParts
from cdk_layers.building.parts.split import UNRECORDED, split
from cdk_layers.building.plan import distributions_key, make_plan
from cdk_layers.building.progress import ended_on_error
from cdk_layers.building.record import write_record
from cdk_layers.building.requirements.manifests import read_requirements, stored_requirements
from cdk_layers.building.requirements.presumption import refuse_gaps, refuse_left_out
from cdk_layers.building.requirements.resolution import Basis, confirm, resolve
from cdk_layers.building.summary import build_summary
from cdk_layers.building.temporary_file_errors import temporary_file_errors
from cdk_layers.contents.distributions import read_installed
from cdk_layers.errors import CdkLayersError, DependencyError, EntryChangedError
from cdk_layers.store.artifact import ARCHIVE, write_facts
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.split import Group
    from cdk_layers.building.plan import Plan
    from cdk_layers.building.progress import Progress
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.contents.model import Distribution
    from cdk_layers.store.artifact import Artifact

_MAX_ATTEMPTS: Final = 3
"""How often a build is tried while its inputs change."""


@dataclass(frozen=True, slots=True)
class FinishedBuild:
    """A build in the store."""

    plan: Plan
    record: Artifact


def make(job: Job, progress: Progress, label: str) -> tuple[FinishedBuild, bool]:
    """Make the parts and records of a build that the store does not have.

    Args:
        job: The input of the build.
        progress: Where to show progress.
        label: Its name in messages.

    Returns:
        The build, and whether anything had to be made.

    Raises:
        CdkLayersError: As `find.build`.
    """
    build_run = _BuildRun(job, progress, label)
    with ended_on_error(progress), temporary_file_errors(label), kept_processes():
        finished = build_run.run()
    return finished, build_run.has_built


@dataclass(slots=True)
class _BuildRun:
    """The state of one build while it runs."""

    job: Job
    progress: Progress
    label: str
    has_built: bool = False
    is_complete: bool = False
    """Whether all requirements of the installed distributions are known to be met."""

    def run(self) -> FinishedBuild:
        """Return the build, and show its progress."""
        start = host.clock()
        self.progress.start(f"Resolving {self.label!r} for {self.job.target}")
        try:
            finished = self._build_while_unchanged()
        except (OSError, CdkLayersError):
            refuse_removed_entry(self.job, self.label)
            raise
        self.progress.end(
            build_summary(finished.record, finished.plan.members, self.job, self.label, host.clock() - start)
            if self.has_built
            else None
        )
        return finished

    def _build_while_unchanged(self) -> FinishedBuild:
        """Return the build. Begin again if an input changes meanwhile, since the keys have to fit the content."""
        for _ in range(_MAX_ATTEMPTS):
            try:
                return self._build(self._requirements())
            except EntryChangedError as error:  # noqa: PERF203 - each attempt is a whole build
                changed = str(error).removesuffix(".")
        message = (
            f"{self.label!r} cannot be built while its files change: they changed during each of {_MAX_ATTEMPTS} "
            f"attempts. The last change: {changed}. Stop the program that writes these files, or exclude them."
        )
        raise EntryChangedError(message)

    def _build(self, requirements: Requirements) -> FinishedBuild:
        """Return the build. If presumed pins turn out to be incomplete, resolve the manifest."""
        if self.job.options.content.bytecode:
            # This fails before anything is installed.
            from cdk_layers.building.bytecode.compile import require_python  # noqa: PLC0415

            require_python(self.job)
        plan = make_plan(requirements, resolve(requirements, self.job, may_presume=True), self.job)
        is_presumed = plan.resolution.basis is Basis.PRESUMED
        finished = self._build_presumed(plan) if is_presumed else self._build_plan(plan)
        if finished is None:
            self.has_built = False
            return self._build_plan(make_plan(requirements, resolve(requirements, self.job), self.job))
        confirm(requirements, plan.resolution, self.job)
        return finished

    def _build_presumed(self, plan: Plan) -> FinishedBuild | None:
        """Return the build of presumed pins; None if they cannot be installed or are incomplete."""
        try:
            finished = self._build_plan(plan)
            if not self.is_complete:
                self._check_presumed(plan, finished.record.contents.distributions)
        except DependencyError:
            return None
        return finished

    def _check_presumed(self, plan: Plan, distributions: Iterable[Distribution]) -> None:
        """Reject presumed pins that are incomplete."""
        refuse_gaps(plan.requirements, distributions, self.job.target)
        self.is_complete = True

    def _requirements(self) -> Requirements:
        """Read the manifest. A lock file with credentials is exported only if it has to be installed."""
        known = stored_requirements(self.job)
        if known is not None and known.lacks_credentials:
            plan = make_plan(known, resolve(known, self.job), self.job)
            known = known if plan.distributions_key is None or self._find_record(plan.distributions_key) else None
        return known or read_requirements(self.job)

    def _build_plan(self, plan: Plan) -> FinishedBuild:
        """Return the build of a plan after making the parts and records that the store does not have."""
        with compiled_ahead(plan, self.job, self._pack_own_files):
            installation = self._installation(plan)
        parts = [(key, self.job.options.prefix) for key, _ in installation["parts"]]
        if plan.own_key:
            self._pack_own_files(plan, plan.own_key)
            parts.append((plan.own_key, ""))
        record = self._find_record(plan.key)
        if record is not None and record.facts["parts"][: len(parts)] != [list(part) for part in parts]:
            self.job.store.discard(record.folder)

        def fill(folder: Path) -> None:
            self.has_built = True
            layer = assemble(parts, plan.own_key, self.job, folder / "scratch")
            write_record(folder, layer, installation, self.job, self.label)
            if (folder / "scratch").is_dir():
                self.job.store.discard(folder / "scratch")

        return FinishedBuild(plan, self.job.store.get_or_make(plan.key, fill, is_quick=True))

    def _installation(self, plan: Plan) -> dict[str, Any]:
        """Return the facts of the installation after making it if the store does not have all of its parts."""
        if plan.distributions_key is None:
            return {"parts": [], "shared": [], "yanked": []}
        found = self._find_record(plan.distributions_key, is_verified=True)
        if found is not None:
            return found.facts

        def fill(folder: Path) -> None:
            self.has_built = True
            write_facts(folder, self._install(plan, folder))

        return self.job.store.get_or_make(plan.distributions_key, fill).facts

    def _find_record(self, key: str, *, is_verified: bool = False) -> Artifact | None:
        """Return a record. If a part of it is missing (or damaged, with `is_verified`), remove it and return None."""
        store = self.job.store
        record, look_up = store.find(key), store.get if is_verified else store.find
        if record is not None and not all(look_up(part) for part, _ in record.facts["parts"]):
            self.job.store.discard(record.folder)
            return None
        return record

    def _install(self, plan: Plan, folder: Path) -> dict[str, Any]:
        """Install into a folder, pack the parts that the store does not have, and return the facts."""
        self.progress.start(f"Installing {self.label!r} for {self.job.target}")
        parts = KnownParts.of(plan.requirements, plan.resolution, self.job)
        known = parts.find()
        installed = self._install_pins(plan, folder, parts, known)
        if installed is None:
            installed = self._install_pins(plan, folder, parts, {})
        return cast("dict[str, Any]", installed)

    def _install_pins(
        self, plan: Plan, folder: Path, parts: KnownParts, known: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """Install the pins without a known part. Return None if the result does not fit the known parts."""
        tree = Path(mkdtemp(dir=folder), "tree")
        missing = tuple(pin for pin in plan.resolution.pins if pin.name not in known)
        if missing:
            installation = install(plan.requirements, replace(plan.resolution, pins=missing), tree, self.job)
        else:
            tree.mkdir()
            installation = Installation((), is_plain=True)
        start_ahead(installation.size)
        self._refuse_changed(plan)
        groups = split(tree, installation.distributions)
        if known and not (installation.is_plain and not installation.shared and parts.fit(known, groups)):
            self.job.store.discard(tree)
            return None
        self._check_needs(plan, [*read_installed(tree), *self._distributions(known.values())])
        self.progress.start(f"Packing {self.label!r} for {self.job.target}")
        keys = self._pack(groups, folder)
        if installation.is_plain and not installation.shared:
            # uv warns about a yanked version only where it installs it.
            parts.remember(groups, keys, without={each.name for each in installation.yanked})
        self.job.store.discard(tree)
        named = [*known.items(), *((group.name, key) for group, key in zip(groups, keys, strict=True))]
        named.sort(key=lambda part: (part[0] == UNRECORDED, part[0]))
        return {
            "parts": [(key, "") for _, key in named],
            "shared": [asdict(each) for each in installation.shared],
            "yanked": [asdict(each) for each in installation.yanked],
        }

    def _pack(self, groups: Sequence[Group], folder: Path) -> tuple[str, ...]:
        packing = Packing(self.job.store, folder / "parts")
        if not self.job.options.content.bytecode:
            return packing.pack_groups(groups)
        # Only builds with bytecode need it.
        from cdk_layers.building.parts.derived import Derivation  # noqa: PLC0415

        keys = Derivation(self.job, folder / "compiled").pack_groups(groups, packing)
        self.job.store.discard(folder / "compiled")
        return keys

    def _distributions(self, keys: Iterable[str]) -> Iterator[Distribution]:
        artifacts = map(self.job.store.find, keys)
        return chain.from_iterable(artifact.contents.distributions for artifact in artifacts if artifact)

    def _check_needs(self, plan: Plan, distributions: Sequence[Distribution]) -> None:
        """Reject an installation without distributions that others need, unless that is checked already."""
        if plan.resolution.basis is Basis.PRESUMED:
            self._check_presumed(plan, distributions)
        elif plan.requirements.left_out:
            refuse_left_out(plan.requirements, distributions, self.job)

    def _refuse_changed(self, plan: Plan) -> None:
        """Reject an installation if the inputs of its key have changed: a wheel, a folder, or a setting."""
        if distributions_key(plan.requirements, plan.resolution, self.job) != plan.distributions_key:
            message = (
                f"A file or folder that {plan.requirements.origin} names, or a setting of uv, changed during the "
                "installation. Build again."
            )
            raise EntryChangedError(message)

    def _pack_own_files(self, plan: Plan, key: str) -> None:
        """Pack the entry's own files unless the store has them."""

        def fill(folder: Path) -> None:
            self.has_built = True
            if part_key(write_archive(folder / ARCHIVE, plan.members)) != key:
                message = f"A file in {str(self.job.entry)!r} changed while it was packed. Build again."
                raise EntryChangedError(message)

        if self.job.store.get(key) is None:
            self.job.store.get_or_make(key, fill, is_quick=True)
