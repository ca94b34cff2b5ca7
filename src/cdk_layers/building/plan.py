"""The plan of a build: its inputs, and their keys in the store."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.building.archives.hashing import content_digest
from cdk_layers.building.own_files import own_members, own_notes
from cdk_layers.building.parts.keys import content_facts, part_key
from cdk_layers.building.requirements.build_keys import SCHEMA, option_key, pin_key, surrounding_key
from cdk_layers.building.uv import process
from cdk_layers.building.uv.pip_settings import unread_pip_settings
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.errors import EntryError
from cdk_layers.store.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.job import Job
    from cdk_layers.building.notes import Note
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.resolution import Resolution


@dataclass(frozen=True, slots=True)
class Plan:
    """The inputs of a build, and their keys in the store."""

    requirements: Requirements
    resolution: Resolution
    members: tuple[Member, ...]
    """The entry's own files."""

    notes: tuple[Note, ...]
    key: str
    """The key of the record of the whole archive."""

    distributions_key: str | None
    """The key of the record of the installed distributions; None if there are none."""

    own_key: str | None
    """The key of the part with the entry's own files; None if there are none."""


def make_plan(requirements: Requirements, resolution: Resolution, job: Job) -> Plan:
    """Return the plan of a build.

    Raises:
        EntryError: There is nothing to build, or a file of the entry cannot be packed.
    """
    members = tuple(own_members(job, requirements.paths))
    if not members and not resolution.pins:
        raise EntryError(_empty_message(requirements, job))
    notes = (
        *requirements.notes,
        *resolution.notes,
        *_settings_notes(requirements, resolution, job),
        *own_notes(members, job, is_installed=any(pin.local == job.entry for pin in resolution.pins)),
    )
    distributions = distributions_key(requirements, resolution, job) if resolution.pins else None
    own = part_key(content_digest(members)) if members else None
    key = key_of("layer", [SCHEMA, [distributions, own, job.options.prefix, content_facts(job)]])
    return Plan(requirements, resolution, members, notes, key, distributions, own)


def _empty_message(requirements: Requirements, job: Job) -> str:
    """Return the error for an archive without files, which Lambda would reject."""
    opt_entry = job.options.opt_entry
    start = f"There is nothing to put into an archive in {str(opt_entry or job.entry)!r}:"
    if requirements.origin is None and opt_entry is not None:
        return f"{start} it has no files. Put its bin/, lib/ or python/ there."
    if requirements.origin is None:
        ignored = (f"{note.message} {note.remedy}" for note in requirements.notes if note.rule == "ignored-manifest")
        remedy = next(ignored, "Add a requirements.txt, a lock file, or code.")
        return f"{start} no code, and no manifest that installs anything. {remedy}"
    if (job.options.provided or requirements.in_layers) and any(
        item.applies_to(job.target) for item in requirements.lines
    ):
        return (
            f"{start} no code, and the layers contain everything that {requirements.origin} requires. Add the code, or "
            "pass code= instead of entry=."
        )
    return (
        f"{start} no code, and {requirements.origin} has nothing for {job.target}: it requires no distribution, or "
        "markers exclude all of them. Change it, or build for another target."
    )


def _settings_notes(requirements: Requirements, resolution: Resolution, job: Job) -> Iterator[Note]:
    if not resolution.pins:
        return
    settings = read_uv_settings(job.entry, job.options.environment, job.options.allow_source_builds)
    yield from settings.notes()
    if requirements.origin == "requirements.txt":
        yield from unread_pip_settings(
            settings,
            job.options.environment,
            {option.name for option in requirements.options},
            has_open_versions=bool(resolution.notes),
            has_files=all(pin.hashes or pin.local or pin.remote for pin in resolution.pins),
        )


def distributions_key(requirements: Requirements, resolution: Resolution, job: Job) -> str:
    """Return the key of the installed distributions, from all inputs as they are on this machine now."""
    allowed = sorted(job.options.allow_source_builds)
    builder = [sys.platform, sysconfig.get_platform(), sys.version] if allowed else []
    facts = [
        [pin_key(pin) for pin in resolution.pins],
        resolution.platform,
        str(job.target),
        process.uv_version(),
        process.settings_digest(job.entry, job.options.environment),
        [option_key(option) for option in requirements.options],
        [allowed, builder],
        *surrounding_key(requirements, job),
    ]
    return key_of("distributions", [SCHEMA, facts])
