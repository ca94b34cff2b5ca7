"""Making what the cache does not have: installing, packing, joining."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final, cast

from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.installation import Installation, install
from cdk_layers.building.job import job_of
from cdk_layers.building.parts.keys import part_key
from cdk_layers.building.parts.layer import assemble
from cdk_layers.building.parts.packing import Packing
from cdk_layers.building.parts.reuse import KnownParts
from cdk_layers.building.parts.split import UNRECORDED, split
from cdk_layers.building.plan import distributions_key, make_plan
from cdk_layers.building.progress import ended_on_error
from cdk_layers.building.requirements.build_keys import resolution_key
from cdk_layers.building.requirements.manifests import Requirements, read_requirements
from cdk_layers.building.requirements.presumption import refuse_gaps, refuse_left_out
from cdk_layers.building.requirements.resolution import Basis, confirm, resolve
from cdk_layers.building.trim.savings import savings_text
from cdk_layers.building.trim.untrimmed import remember_untrimmed
from cdk_layers.contents.distributions import read_installed
from cdk_layers.contents.natives import native_index
from cdk_layers.errors import BuildError, DependencyError, EntryChangedError
from cdk_layers.store.artifact import ARCHIVE
from cdk_layers.store.contents_json import path_beside, to_json
from cdk_layers.store.write_errors import FULL
from cdk_layers.system import host
from cdk_layers.system.credentials import scrub
from cdk_layers.system.wording import count, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.parts.layer import Layer
    from cdk_layers.building.parts.split import Group
    from cdk_layers.building.plan import Plan
    from cdk_layers.building.progress import Progress
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.contents.model import Contents, Distribution
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.artifact import Artifact
    from cdk_layers.store.protocol import Store

_NAMED: Final = 5
_UNCOMPILED_NAMED: Final = 3
_TRIES: Final = 3
"""How often a build begins again because something changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Made:
    """A build in the store."""

    plan: Plan
    record: Artifact


def make(job: Job, progress: Progress, label: str) -> tuple[Made, bool]:
    """Make what the cache does not have of a build; return all of it, and whether anything was made.

    Args:
        job: What to build.
        progress: Where to show progress.
        label: What messages call it.

    Raises:
        CdkLayersError: As `builder.build`.
    """
    making = _Making(job, progress, label)
    with ended_on_error(progress), _saying_where(label):
        made = making.finish()
    return made, making.has_built


@contextmanager
def _saying_where(label: str) -> Iterator[None]:
    """Turn a full disk outside of the build cache into an error that names the place."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = error.filename or tempfile.gettempdir()
        message = (
            f"{label!r} cannot be built: there is no space left for files of the build at {str(place)!r}. "
            "Free some space, or let TMPDIR name a folder on another disk."
        )
        raise BuildError(message) from None


def pins_for(
    entry: Path | str, target: Target, options: BuildOptions | None = None, *, store: Store
) -> tuple[str, ...]:
    """Return what a build for a target would install, sorted, without installing it: mostly "name==version".

    Raises:
        CdkLayersError: As `build`.
    """
    job = job_of(entry, target, options, store)
    requirements = read_requirements(job) or Requirements(None)
    return tuple(sorted(_pin_text(pin) for pin in resolve(requirements, job).pins))


def _pin_text(pin: Wanted) -> str:
    if pin.name and pin.version:
        return f"{pin.name}=={pin.version}"
    return pin.name or scrub(pin.text)


@dataclass(slots=True)
class _Making:
    """One build on its way."""

    job: Job
    progress: Progress
    label: str
    has_built: bool = False
    is_complete: bool = False
    """Whether the installation is known to leave nothing out."""

    inputs: str = ""
    """A digest of what the resolution was made from."""

    def finish(self) -> Made:
        """Build what is not in the cache."""
        began = host.clock()
        self.progress.start(f"Resolving {self.label!r} for {self.job.target}")
        made = self._unchanged()
        self.progress.end(self._summary(made.record, host.clock() - began) if self.has_built else None)
        return made

    def _unchanged(self) -> Made:
        """Return a build whose content is what its keys say; begin again when something changed meanwhile."""
        for _ in range(_TRIES):
            try:
                return self._made(self._requirements())
            except EntryChangedError as error:  # noqa: PERF203 - each try is a whole build
                changed = str(error).removesuffix(".")
        message = (
            f"{self.label!r} cannot be built while its files are written: each of {_TRIES} attempts met a change. "
            f"The last one: {changed}. Stop what writes to it, or exclude what is written."
        )
        raise EntryChangedError(message)

    def _made(self, requirements: Requirements) -> Made:
        """Return the build; what was presumed and turns out to lack something is resolved."""
        self.inputs = resolution_key(requirements, self.job)
        if self.job.options.content.bytecode:
            # Before anything is installed.
            from cdk_layers.building.bytecode.compile import require_python  # noqa: PLC0415

            require_python(self.job)
        plan = make_plan(requirements, resolve(requirements, self.job, may_presume=True), self.job)
        made = self._presumed(plan) if plan.resolution.basis is Basis.PRESUMED else self._make(plan)
        if made is None:
            self.has_built = False
            return self._make(make_plan(requirements, resolve(requirements, self.job), self.job))
        confirm(requirements, plan.resolution, self.job)
        return made

    def _presumed(self, plan: Plan) -> Made | None:
        """Return the build of what was presumed; None if it cannot be installed, or lacks something."""
        try:
            made = self._make(plan)
            if not self.is_complete:
                self._prove(plan, made.record.contents.distributions)
        except DependencyError:
            return None
        return made

    def _prove(self, plan: Plan, distributions: Iterable[Distribution]) -> None:
        """Refuse what was presumed if it lacks something."""
        refuse_gaps(plan.requirements, distributions, self.job.target)
        self.is_complete = True

    def _requirements(self) -> Requirements:
        """Read the manifest; a lock file with credentials is exported only if it really has to be installed."""
        known = read_requirements(self.job, may_export=False)
        if known is not None and known.lacks_credentials:
            plan = make_plan(known, resolve(known, self.job), self.job)
            known = known if plan.distributions_key is None or self._found(plan.distributions_key) else None
        return known or read_requirements(self.job) or Requirements(None)

    def _make(self, plan: Plan) -> Made:
        """Return the build after making the parts and records of it that the store does not have."""
        installation = self._installation(plan)
        parts = [(key, self.job.options.prefix) for key, _ in installation["parts"]]
        if plan.own_key:
            self._own_part(plan, plan.own_key)
            parts.append((plan.own_key, ""))
        record = self._found(plan.key)
        if record is not None and record.facts["parts"][: len(parts)] != [list(part) for part in parts]:
            self.job.store.discard(record.folder)

        def fill(folder: Path) -> None:
            self.has_built = True
            facts = self._record(folder, assemble(parts, plan.own_key, self.job, folder / "scratch"))
            _write_facts(folder, {**facts, "shared": installation["shared"]})
            if (folder / "scratch").is_dir():
                self.job.store.discard(folder / "scratch")

        return Made(plan, self.job.store.get_or_make(plan.key, fill, is_quick=True))

    def _installation(self, plan: Plan) -> dict[str, Any]:
        """Return the facts of an installation whose parts the store has."""
        if plan.distributions_key is None:
            return {"parts": [], "shared": []}
        found = self._found(plan.distributions_key, is_verified=True)
        if found is not None:
            return found.facts

        def fill(folder: Path) -> None:
            self.has_built = True
            _write_facts(folder, self._install(plan, folder))

        return self.job.store.get_or_make(plan.distributions_key, fill).facts

    def _found(self, key: str, *, is_verified: bool = False) -> Artifact | None:
        """Return a record; None, and drop it, if a part that it names is missing, or damaged where that is verified."""
        store = self.job.store
        record, look_up = store.find(key), store.get if is_verified else store.find
        if record is not None and not all(look_up(part) for part, _ in record.facts["parts"]):
            self.job.store.discard(record.folder)
            return None
        return record

    def _install(self, plan: Plan, folder: Path) -> dict[str, Any]:
        """Install into a folder, pack what the store does not have, and return the facts of the installation."""
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
        """Install the pins whose parts are not known; None if these do not fit to known ones."""
        tree = Path(mkdtemp(dir=folder), "tree")
        missing = tuple(pin for pin in plan.resolution.pins if pin.name not in known)
        if missing:
            made = install(plan.requirements, replace(plan.resolution, pins=missing), tree, self.job)
        else:
            tree.mkdir()
            made = Installation((), is_plain=True)
        self._refuse_changed(plan)
        groups = split(tree)
        if known and not (made.is_plain and not made.shared and parts.fit(known, groups)):
            self.job.store.discard(tree)
            return None
        self._check_needs(plan, [*read_installed(tree), *self._distributions(known.values())])
        self.progress.start(f"Packing {self.label!r} for {self.job.target}")
        keys = self._pack(groups, folder)
        if made.is_plain and not made.shared:
            parts.remember(groups, keys)
        self.job.store.discard(tree)
        named = [*known.items(), *((group.name, key) for group, key in zip(groups, keys, strict=True))]
        named.sort(key=lambda part: (part[0] == UNRECORDED, part[0]))
        return {"parts": [(key, "") for _, key in named], "shared": [asdict(each) for each in made.shared]}

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
        """Refuse an installation that leaves out what its distributions need, where that is not known already."""
        if plan.resolution.basis is Basis.PRESUMED:
            self._prove(plan, distributions)
        elif plan.requirements.left_out:
            refuse_left_out(plan.requirements, distributions, self.job)

    def _refuse_changed(self, plan: Plan) -> None:
        """Refuse an installation of something other than what made its key: a wheel, a folder or a setting changed."""
        key = distributions_key(plan.requirements, plan.resolution, self.job)
        if key != plan.distributions_key or resolution_key(plan.requirements, self.job) != self.inputs:
            message = (
                f"What {plan.requirements.origin} names on this machine, or a setting of uv, changed while it was "
                "installed. Build again."
            )
            raise EntryChangedError(message)

    def _own_part(self, plan: Plan, key: str) -> None:
        """Pack the entry's own files unless the store has them."""

        def fill(folder: Path) -> None:
            self.has_built = True
            if part_key(write_archive(folder / ARCHIVE, plan.members)) != key:
                message = f"A file in {str(self.job.entry)!r} changed while it was packed. Build again."
                raise EntryChangedError(message)

        if self.job.store.get(key) is None:
            self.job.store.get_or_make(key, fill, is_quick=True)

    def _record(self, folder: Path, layer: Layer) -> dict[str, Any]:
        """Write what is in an archive, and return the facts about it."""
        contents = layer.join.contents()
        self._refuse_foreign(contents)
        path_beside(folder / ARCHIVE).write_text(to_json(contents), encoding="utf-8")
        if layer.left_out:
            remember_untrimmed(self.job.store, layer.digest, layer.parts)
        return {
            "digest": layer.digest,
            "archive_bytes": layer.join.archive_bytes,
            "parts": layer.parts,
            "pins": sorted(f"{each.name}=={each.version}" for each in contents.distributions),
            "overwritten": layer.overwritten,
            "left_out": layer.left_out,
            "uncompiled": layer.uncompiled,
        }

    def _refuse_foreign(self, contents: Contents) -> None:
        """Refuse what a build from source made for this machine instead of the target."""
        root = f"{self.job.options.prefix}/" if self.job.options.prefix else ""
        foreign = (
            list(native_index(contents, root).foreign_files(self.job.target, optional=True))
            if self.job.options.allow_source_builds
            else []
        )
        if foreign:
            message = (
                f"{self.label!r}: a build from source made files that {self.job.target} cannot load: "
                f"{listed(foreign, _NAMED)}. It compiles for this machine only; build in a container, docker=True, "
                "or choose versions that have wheels."
            )
            raise DependencyError(message)

    def _summary(self, record: Artifact, seconds: float) -> str:
        kind = "layer" if self.job.options.prefix else "code of function"
        distributions = count(len(record.contents.distributions), "distribution")
        saved, uncompiled = savings_text(record.facts["left_out"]), _uncompiled_text(record.facts["uncompiled"])
        return (
            f"Built {kind} {self.label!r} for {self.job.target}: {distributions}, "
            f"{size(record.contents.unzipped_bytes)} unzipped, {size(record.archive_bytes)} zipped, "
            f"in {seconds:.1f} s{f'; left out {saved}' if saved else ''}{uncompiled}"
        )


def _uncompiled_text(modules: Sequence[str]) -> str:
    """Return which modules have no bytecode, and why, to add to a line; "" if all have."""
    if not modules:
        return ""
    return f"; {count(len(modules), 'module')} cannot be compiled: {listed(modules, _UNCOMPILED_NAMED)}"


def _write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
