"""Keys in the store: digests of all inputs of a resolution or an installation, as they are on this machine now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.build_environment import builds_key, settings_of
from cdk_layers.building.requirements.folders import folders_digest, local_folders
from cdk_layers.building.uv import process
from cdk_layers.store.keys import key_of
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.requirements_file import Option

SCHEMA: Final = 8
"""Increased when this package builds differently, so that it does not use what older versions stored."""


def resolution_key(requirements: Requirements, job: Job) -> str:
    """Return a digest of all inputs of a resolution."""
    facts = [
        SCHEMA,
        process.uv_version(),
        str(job.target),
        [[*pin_key(line), line.is_constraint] for line in requirements.lines],
        [option_key(option) for option in requirements.options],
        process.settings_digest(job.entry, job.options.environment),
        sorted(job.options.provided.items()),
        sorted(job.options.allow_source_builds),
        *surrounding_key(requirements, job),
    ]
    return key_of("pins", facts)


def pin_key(pin: RequirementLine) -> list[Any]:
    """Return the facts of a pin for a key, without credentials and paths of this machine."""
    if pin.local is not None:
        return [pin.name, local_sources.digest(pin.local), sorted(pin.hashes), pin.marker]
    index = [] if pin.index is None else [scrub(pin.index)]
    return [scrub(pin.masked or pin.text), sorted(pin.hashes), pin.marker, *index]


def option_key(option: Option) -> list[str]:
    """Return the facts of an option for a key, without credentials and paths of this machine.

    `surrounding_key` covers the content of folders that options name.
    """
    return [option.name] if option.folder else [option.name, scrub(option.masked or option.value)]


def surrounding_key(requirements: Requirements, job: Job) -> list[object]:
    """Return the other facts of a build for a key: folders of wheels, and environment variables of source builds."""
    folders = local_folders(requirements.options, settings_of(job), job.entry)
    return [folders_digest(folders), builds_key(job)]
