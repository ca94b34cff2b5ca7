"""Keys of parts and of archives in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.store.keys import key_of

if TYPE_CHECKING:
    from cdk_layers.building.job import Job

_SCHEMA: Final = 2
"""Increased when parts with the same content become different archives, or have other facts."""


def part_key(digest: str) -> str:
    """Return the key of the part with this digest of its content."""
    return key_of("part", [_SCHEMA, digest])


def derived_key(source: str, facts: object) -> str:
    """Return the key of a part that is derived from another part.

    Args:
        source: The key of the other part.
        facts: The other inputs of the derived part, as JSON.
    """
    return key_of("derived", [_SCHEMA, [source, facts]])


def content_facts(job: Job) -> list[object]:
    """Return the inputs of an archive except its parts, as JSON for a key; [] for the default options."""
    content = job.options.content
    if not content.facts:
        return []
    # Only builds with these options need it.
    from cdk_layers.building.bytecode.key import bytecode_facts  # noqa: PLC0415
    from cdk_layers.building.trim.options import RULES  # noqa: PLC0415

    return [content.facts, RULES, bytecode_facts(job.target) if content.bytecode else []]
