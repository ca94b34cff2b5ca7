"""An archive as a selection of source parts and of the bytecode that is derived from them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cdk_layers.building.archives.join import Join
from cdk_layers.building.parts.placed_parts import placed_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.join import Placed
    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.placed_parts import PlacedKey


@dataclass(frozen=True, slots=True)
class AssembledArchive:
    """The parts of an archive, and the facts about the archive."""

    parts: tuple[PlacedKey, ...]
    """Source parts first, then parts of bytecode."""

    join: Join
    digest: str
    """The digest of the sources, and of the version of the bytecode instead of its bytes."""

    overwritten: tuple[str, ...]
    """Names at which a file of the entry replaces that of a distribution."""

    savings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Number and bytes of the files that trimming left out, by kind."""

    uncompiled: tuple[str, ...] = ()
    """Modules that cannot be compiled, each with the reason."""


def assemble(sources: Sequence[PlacedKey], own_key: str | None, job: Job, scratch: Path) -> AssembledArchive:
    """Return the archive of source parts with the options of a build, after compiling missing bytecode.

    Args:
        sources: Source parts; a later one overrides an earlier one.
        own_key: The key of the part with the entry's own files; None if there is none.
        job: The build.
        scratch: A folder on the file system of the store.

    Raises:
        BuildError: No interpreter can compile for the target.
        FileNotFoundError: A part is not in the store any more.
        UsageError: `aws_services` names an unknown service.
    """
    archives, savings = _trimmed(placed_parts(job.store, sources), sources, own_key, job)
    join = Join.of(archives)
    if not job.options.content.bytecode:
        return AssembledArchive(tuple(sources), join, join.digest, join.replaced, savings)
    # Only builds with bytecode need it.
    from cdk_layers.building.bytecode.key import bytecode_facts  # noqa: PLC0415
    from cdk_layers.building.parts.derived import Derivation  # noqa: PLC0415

    derivation = Derivation(job, scratch)
    derived = derivation.parts(sources)
    facts = json.dumps([join.digest, bytecode_facts(job.target)])
    return AssembledArchive(
        parts=(*sources, *((part.key, part.prefix) for part in derived)),
        join=derivation.extend(join, derived),
        digest=hashlib.sha256(facts.encode()).hexdigest(),
        overwritten=join.replaced,
        savings=savings,
        uncompiled=tuple(f"{name} ({reason})" for name, reason in derivation.find_failed(derived, join)),
    )


def _trimmed(
    archives: Sequence[Placed], sources: Sequence[PlacedKey], own_key: str | None, job: Job
) -> tuple[list[Placed], dict[str, Any]]:
    """Return the parts without the trimmed files, and the savings by kind."""
    if not job.options.content.facts:
        return list(archives), {}
    # Only builds that trim need it.
    from cdk_layers.building.trim.options import trimming_of  # noqa: PLC0415
    from cdk_layers.building.trim.parts import SourcePart, trim_parts  # noqa: PLC0415
    from cdk_layers.building.trim.savings import savings_of  # noqa: PLC0415

    trimming = trimming_of(job.options.content)
    if not trimming:
        return list(archives), {}
    parts = [SourcePart(key, part.archive, key == own_key) for (key, _), part in zip(sources, archives, strict=True)]
    kinds = trim_parts(parts, trimming, job.store)
    sizes = ({entry.name: entry.size for entry in part.entries()} for part in archives)
    trimmed = [replace(part, left_out=frozenset(names)) for part, names in zip(archives, kinds, strict=True)]
    return trimmed, dict(savings_of(zip(kinds, sizes, strict=True)))
