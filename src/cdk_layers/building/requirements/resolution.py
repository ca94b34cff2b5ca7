"""Every distribution of a build with its exact version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.build_keys import resolution_key
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.building.requirements.unpinned import unpinned, unpinned_note
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryChangedError, UnreachableError
from cdk_layers.system.outgoing import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.job import Job
    from cdk_layers.building.notes import Note
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine


class Basis(Enum):
    """Where the versions of a resolution come from. docs/design.md has the table of what follows from each."""

    LOCKED = auto()
    """A lock file, or an entry without a manifest: there is nothing to resolve."""

    CACHED = auto()
    """An earlier resolution of a manifest that pins everything, so that another one would be the same."""

    PRESUMED = auto()
    """The pins of the manifest itself, never resolved: they may leave out what other distributions need."""

    RESOLVED = auto()
    """uv, which resolved the manifest now."""

    OFFLINE = auto()
    """An earlier resolution of a manifest that leaves versions open, without a query to an index."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The pins to install."""

    pins: tuple[RequirementLine, ...]
    """One line for each distribution, sorted by name."""

    basis: Basis
    platform: str | None = None
    """uv's platform that resolved it; None for the target's own."""

    notes: tuple[Note, ...] = ()


def resolve(requirements: Requirements, job: Job, *, may_presume: bool = False) -> Resolution:
    """Return every distribution with its exact version for a target, without those that the layers contain.

    A manifest that pins everything is resolved once. Any other is resolved each time; if the index cannot be reached,
    its last resolution is used.

    Args:
        requirements: The manifest.
        job: The build.
        may_presume: Whether to return the pins of a manifest that pins everything without resolving them the first
            time. The caller installs them, checks that nothing is missing, and then calls `confirm`, or else this
            function without `may_presume`.

    Raises:
        DependencyError: The requirements cannot be met.
        EntryChangedError: Files on this machine that they name changed meanwhile.
    """
    stored = stored_resolution(requirements, job)
    if stored is not None and stored.basis is not Basis.OFFLINE:
        return stored
    # These load modules that only a new resolution needs.
    from cdk_layers.building.requirements.compilation import compile_pins  # noqa: PLC0415
    from cdk_layers.building.requirements.presumption import presumed_pins  # noqa: PLC0415

    if stored is None and may_presume and (presumed := presumed_pins(requirements, job)) is not None:
        return Resolution(_with_hashes(presumed, requirements), Basis.PRESUMED)

    key = resolution_key(requirements, job)
    try:
        pins, platform = compile_pins(requirements, job)
    except UnreachableError:
        if stored is None:
            raise
        return stored
    resolution = Resolution(_with_hashes(pins, requirements), Basis.RESOLVED, platform)
    _store(key, requirements, resolution, job)
    return _completed(resolution, _open_names(requirements, resolution.pins, job.options), requirements, job.options)


def stored_resolution(requirements: Requirements, job: Job) -> Resolution | None:
    """Return the resolution that is known without a query to an index; None if there is none.

    Its basis is LOCKED, CACHED or OFFLINE. In the last case, an index may have newer versions.
    """
    if requirements.is_locked:
        lines = tuple(line for line in requirements.lines if line.local not in requirements.in_layers)
        return _without_provided(Resolution(lines, Basis.LOCKED), job.options)
    found = _read_stored(requirements, job)
    if found is None:
        return None
    pins, platform = found
    names = _open_names(requirements, pins, job.options)
    basis = Basis.OFFLINE if names else Basis.CACHED
    return _completed(Resolution(pins, basis, platform), names, requirements, job.options)


def confirm(requirements: Requirements, resolution: Resolution, job: Job) -> None:
    """Store presumed pins that were installed and left nothing out."""
    if resolution.basis is Basis.PRESUMED:
        _store(resolution_key(requirements, job), requirements, resolution, job)


def _with_hashes(pins: Iterable[RequirementLine], requirements: Requirements) -> tuple[RequirementLine, ...]:
    """Return pins sorted by name, each with the hashes that the manifest lists for it."""
    hashes: dict[str, tuple[str, ...]] = {}
    for line in requirements.lines:
        if line.name and line.hashes:
            hashes[line.name] = (*hashes.get(line.name, ()), *line.hashes)
    hashed = (
        replace(pin, hashes=hashes.get(pin.name or "", pin.hashes), masked=requirements.mask(pin.masked or pin.text))
        for pin in pins
    )
    return tuple(sorted(hashed, key=lambda pin: pin.name or ""))


def _store(key: str, requirements: Requirements, resolution: Resolution, job: Job) -> None:
    """Store a resolution, unless its lines contain credentials."""
    if resolution_key(requirements, job) != key:
        message = f"A file or folder that {requirements.origin} names changed during the resolution. Build again."
        raise EntryChangedError(message)
    if any(any(secrets_in(pin.masked or pin.text)) for pin in resolution.pins):
        return
    lines = [pin.name if pin.local else pin.masked or pin.text for pin in resolution.pins]
    local = [pin.local is not None for pin in resolution.pins]
    value = {"lines": lines, "local": local, "platform": resolution.platform}
    job.store.remember(key, value)


def _read_stored(requirements: Requirements, job: Job) -> tuple[tuple[RequirementLine, ...], str | None] | None:
    """Return the pins that `_store` stored, and uv's platform; None if there are none that still apply."""
    value = job.store.recall(resolution_key(requirements, job))
    if not isinstance(value, dict):
        return None
    paths = {name: path for path, name in local_sources.reachable(requirements.lines).items()}
    pairs = list(zip(value["lines"], value["local"], strict=True))
    if any(is_local and line not in paths for line, is_local in pairs):
        return None
    lines = [f"{line} @ {paths[line].as_uri()}" if is_local else line for line, is_local in pairs]
    pins = read_requirements_text("\n".join(lines), "uv", job.entry, requirements.variables).lines
    return _with_hashes(pins, requirements), value["platform"]


def _completed(
    resolution: Resolution, open_names: list[str], requirements: Requirements, options: BuildOptions
) -> Resolution:
    """Return a resolution with a note about unpinned distributions, and without those that the layers contain."""
    notes = (unpinned_note(requirements, open_names),) if open_names else ()
    return _without_provided(replace(resolution, notes=notes), options)


def _open_names(requirements: Requirements, pins: Iterable[RequirementLine], options: BuildOptions) -> list[str]:
    """Return the names that another resolution may find other versions of.

    The versions that the layers contain are preferred, and part of the key of a resolution. So what has them stays.
    """
    return unpinned(requirements, _not_provided(pins, options))


def _without_provided(resolution: Resolution, options: BuildOptions) -> Resolution:
    return replace(resolution, pins=_not_provided(resolution.pins, options))


def _not_provided(pins: Iterable[RequirementLine], options: BuildOptions) -> tuple[RequirementLine, ...]:
    provided = {str(canonical(name)): version for name, version in options.provided.items()}
    return tuple(pin for pin in pins if not _is_provided(pin, provided.get(pin.name or "")))


def _is_provided(pin: RequirementLine, provided: str | None) -> bool:
    """Return whether a pin is the version that the layers contain."""
    if provided is None or pin.version is None or pin.local is not None or pin.remote:
        return False
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - builds of layers do not need it

    try:
        return Version(pin.version) == Version(provided)
    except InvalidVersion:
        return pin.version == provided
