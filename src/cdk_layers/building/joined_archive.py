"""Archives of builds, joined from their parts in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.archives.join import Join
from cdk_layers.building.build_run import make
from cdk_layers.building.parts.placed_parts import placed_parts
from cdk_layers.building.progress import default_progress
from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.store.artifact import Artifact


def write_archive_of(record: Artifact, job: Job, label: str, destination: Path) -> None:
    """Write the archive of a build to a file, which is replaced. No other process may use the file.

    Args:
        record: The record of the build, which names its parts.
        job: The input of the build, for parts that are missing or damaged.
        label: Its name in messages.
        destination: The file.

    Raises:
        BuildError: A part is damaged, and the entry has changed since the build.
        OSError: The file cannot be written; the disk may be full.
    """
    record = _whole(record, job, label)
    Join.of(placed_parts(job.store, record.facts["parts"]), record.contents.files).write(destination)
    job.store.keep_contents(destination, record.contents)


def _whole(record: Artifact, job: Job, label: str) -> Artifact:
    """Return the record of a build after building missing or damaged parts again.

    Raises:
        BuildError: The same parts cannot be built any more.
    """
    missing = [key for key, _ in record.facts["parts"] if job.store.get(key) is None]
    if not missing:
        return record
    rebuilt, _ = make(job, default_progress(), label)
    if rebuilt.record.facts["digest"] != record.facts["digest"]:
        message = (
            f"The build of {label!r} is damaged in the build cache, and {str(job.entry)!r}, or something that its "
            "manifest refers to, has changed since this run found the build. Run it again."
        )
        raise BuildError(message)
    return rebuilt.record
