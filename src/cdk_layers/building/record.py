"""The record of a build in the store: the contents of its archive, and facts about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_layers.building.foreign_files import refuse_foreign_files
from cdk_layers.building.trim.untrimmed import remember_untrimmed
from cdk_layers.store.artifact import ARCHIVE, write_facts
from cdk_layers.store.contents_json import path_beside, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.assembled_archive import AssembledArchive


def write_record(folder: Path, archive: AssembledArchive, installed: Mapping[str, Any], job: Job, label: str) -> None:
    """Write the record of a layer or of a function's code into its folder in the store.

    Args:
        folder: The folder.
        archive: The archive, as its parts make it.
        installed: The facts of the installation.
        job: The input of the build.
        label: Its name in messages.

    Raises:
        DependencyError: As `refuse_foreign_files`.
        OSError: The disk may be full.
    """
    contents = archive.join.contents()
    refuse_foreign_files(contents, job, label)
    path_beside(folder / ARCHIVE).write_text(to_json(contents), encoding="utf-8")
    if archive.savings:
        remember_untrimmed(job.store, archive.digest, archive.parts)
    facts = {
        "digest": archive.digest,
        "archive_bytes": archive.join.archive_bytes,
        "parts": archive.parts,
        "pins": sorted(f"{each.name}=={each.version}" for each in contents.distributions),
        "overwritten": archive.overwritten,
        "left_out": archive.savings,
        "uncompiled": archive.uncompiled,
        "shared": installed["shared"],
        "yanked": installed["yanked"],
    }
    write_facts(folder, facts)
