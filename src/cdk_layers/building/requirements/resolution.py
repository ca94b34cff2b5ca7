"""Every distribution of a build with its exact version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.folders import folders_digest, local_folders
from cdk_layers.building.requirements.presumption import presumed_pins
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.building.requirements.surroundings import builds_key, settings_of
from cdk_layers.building.uv import process
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryChangedError, UnreachableError
from cdk_layers.system.credentials import scrub, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.requirements.wanted import Wanted

SCHEMA: Final = 3
"""Counts what this package changes in how it builds, so that older cache entries don't answer."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What to install."""

    pins: tuple[Wanted, ...] = ()
    """One line for each distribution, sorted by name."""

    platform: str | None = None
    """uv's platform that resolved it, when that was not the target's own."""

    notes: tuple[Note, ...] = ()
    is_loose: bool = False
    """Whether the manifest leaves open what was resolved, so that it may come out otherwise the next time."""

    is_presumed: bool = False
    """Whether it is only what the manifest pins, which may leave out what others need."""


def resolve(requirements: Requirements, job: Job, *, may_presume: bool = False) -> Resolution:
    """Return every distribution with its exact version for a target, without those that layers already bring.

    What pins its whole closure is resolved once and then remembered; anything looser is resolved anew, unless the
    network is down, and then the last resolution counts.

    Args:
        requirements: What is asked for.
        job: What it is for.
        may_presume: Whether a manifest that pins everything may be taken at its word the first time. Who installs that
            checks it, and then either says so by `confirm` or resolves.

    Raises:
        DependencyError: The requirements cannot be met.
        EntryChangedError: What they name on this machine changed meanwhile.
    """
    if resolution := settled(requirements, job):
        return resolution
    key = resolution_key(requirements, job)
    known = _recalled(requirements, job)
    presumed = presumed_pins(requirements, job) if may_presume and known is None else None
    if presumed is not None:
        return Resolution(_with_hashes(presumed, requirements), is_presumed=True)
    # It loads what only those need who ask uv.
    from cdk_layers.building.requirements.compilation import compile_pins  # noqa: PLC0415

    try:
        pins, platform = compile_pins(requirements, job)
        resolution = Resolution(_with_hashes(pins, requirements), platform)
    except UnreachableError:
        if known is None:
            raise
        return _finished(requirements, known, job.options)
    _remember(key, requirements, resolution, job)
    return _finished(requirements, resolution, job.options)


def settled(requirements: Requirements, job: Job) -> Resolution | None:
    """Return the resolution that no index has to be asked for; None where one has to."""
    known = remembered(requirements, job)
    return None if known is None or known.is_loose else known


def confirm(requirements: Requirements, resolution: Resolution, job: Job) -> None:
    """Remember what was presumed, and turned out to leave nothing out."""
    if resolution.is_presumed:
        _remember(resolution_key(requirements, job), requirements, resolution, job)


def remembered(requirements: Requirements, job: Job) -> Resolution | None:
    """Return the last resolution, without asking any index; None if there was none."""
    if requirements.is_settled:
        return _without_provided(Resolution(requirements.wanted), job.options)
    known = _recalled(requirements, job)
    return None if known is None else _finished(requirements, known, job.options)


def pin_key(pin: Wanted) -> list[Any]:
    """Return what a pin means, without credentials and without paths of this machine."""
    if pin.local is not None:
        return [pin.name, local_sources.digest(pin.local), sorted(pin.hashes), pin.marker]
    index = [] if pin.index is None else [scrub(pin.index)]
    return [scrub(pin.said or pin.text), sorted(pin.hashes), pin.marker, *index]


def option_key(option: Option) -> list[str]:
    """Return what an option means, without credentials and paths of this machine: `surrounding_key` has its folder."""
    return [option.name] if option.folder else [option.name, scrub(option.said or option.value)]


def surrounding_key(requirements: Requirements, job: Job) -> list[object]:
    """Return what shapes a build besides manifest and settings: folders of distributions, and variables of builds."""
    folders = local_folders(requirements.options, settings_of(job), job.entry)
    return [folders_digest(folders), builds_key(job)]


def _with_hashes(pins: Iterable[Wanted], requirements: Requirements) -> tuple[Wanted, ...]:
    """Give each pin its name and the hashes that the manifest wants of it."""
    hashes: dict[str, tuple[str, ...]] = {}
    for one in requirements.wanted:
        if one.name and one.hashes:
            hashes[one.name] = (*hashes.get(one.name, ()), *one.hashes)
    hashed = (
        replace(pin, hashes=hashes.get(pin.name or "", pin.hashes), said=requirements.mask(pin.said or pin.text))
        for pin in pins
    )
    return tuple(sorted(hashed, key=lambda pin: pin.name or ""))


def resolution_key(requirements: Requirements, job: Job) -> str:
    """Return a digest of all that shapes a resolution, as it is on this machine now."""
    facts = [
        SCHEMA,
        process.uv_version(),
        str(job.target),
        [[*pin_key(one), one.is_constraint] for one in requirements.wanted],
        [option_key(option) for option in requirements.options],
        process.settings_digest(job.entry, job.options.environment),
        sorted(job.options.provided.items()),
        sorted(job.options.allow_source_builds),
        *surrounding_key(requirements, job),
    ]
    return f"pins-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()}"


def _remember(key: str, requirements: Requirements, resolution: Resolution, job: Job) -> None:
    if resolution_key(requirements, job) != key:
        message = f"What {requirements.origin} names on this machine changed while it was resolved. Build again."
        raise EntryChangedError(message)
    if any(any(secrets_in(pin.said or pin.text)) for pin in resolution.pins):
        return
    lines = [pin.name if pin.local else pin.said or pin.text for pin in resolution.pins]
    local = [pin.local is not None for pin in resolution.pins]
    value = {"lines": lines, "local": local, "platform": resolution.platform}
    job.cache.remember(key, value)


def _recalled(requirements: Requirements, job: Job) -> Resolution | None:
    value = job.cache.recall(resolution_key(requirements, job))
    if not isinstance(value, dict):
        return None
    here = {name: path for path, name in local_sources.reachable(requirements.wanted).items()}
    pairs = list(zip(value["lines"], value["local"], strict=True))
    if any(is_local and line not in here for line, is_local in pairs):
        return None
    texts = [f"{line} @ {here[line].as_uri()}" if is_local else line for line, is_local in pairs]
    pins = read_requirements_text("\n".join(texts), "uv", job.entry, requirements.variables).wanted
    return Resolution(_with_hashes(pins, requirements), value["platform"])


def _loose(requirements: Requirements, pins: Iterable[Wanted]) -> list[str]:
    addresses = {one.unmarked for one in requirements.wanted if one.name is None and one.is_pinned}
    open_pins = [pin for pin in pins if pin.local is None and pin.text.partition(" @ ")[2] not in addresses]
    return sorted({pin.name for pin in open_pins if pin.name} - requirements.pinned_names)


def _finished(requirements: Requirements, resolution: Resolution, options: BuildOptions) -> Resolution:
    loose = _loose(requirements, resolution.pins)
    noted = replace(resolution, notes=_unpinned(requirements, loose), is_loose=True) if loose else resolution
    return _without_provided(noted, options)


def _unpinned(requirements: Requirements, loose: list[str]) -> tuple[Note, ...]:
    floating = [name for name in loose if name in {one.name for one in requirements.wanted if one.floating}]
    asked = [name for name in loose if name in requirements.unpinned_names and name not in floating]
    brought = [name for name in loose if name not in {*asked, *floating}]
    parts = [f"names {', '.join(asked)} without one exact version"] if asked else []
    parts += [f"names {', '.join(floating)} by a repository without a full commit"] if floating else []
    parts += [f"does not pin {', '.join(brought)}, which others need"] if brought else []
    return (
        Note(
            "unpinned-requirement",
            f"{requirements.origin} {' and '.join(parts)}: each synth asks the index, and may find another version.",
            "Pin all of it, also what others need, with 'uv pip compile' or a lock file such as that of 'uv lock'.",
        ),
    )


def _without_provided(resolution: Resolution, options: BuildOptions) -> Resolution:
    provided = {str(canonical(name)): version for name, version in options.provided.items()}
    kept = tuple(pin for pin in resolution.pins if not _is_same(pin, provided.get(pin.name or "")))
    return replace(resolution, pins=kept)


def _is_same(pin: Wanted, provided: str | None) -> bool:
    if provided is None or pin.version is None or pin.local is not None or pin.remote:
        return False
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - layers' builds do without

    try:
        return Version(pin.version) == Version(provided)
    except InvalidVersion:
        return pin.version == provided
