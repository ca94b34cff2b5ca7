"""Writer of the archive of a build, from its parts in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.building.archives.join import Join
from cdk_layers.building.build_run import make
from cdk_layers.building.parts.stored import placed
from cdk_layers.building.progress import default_progress
from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.store.artifact import Artifact


@dataclass(frozen=True, slots=True)
class ArchiveWriter:
    """Writer of the archive of a build from the parts that its record names."""

    record: Artifact
    job: Job
    """The input of the build."""

    label: str
    """Its name in messages."""

    def write_to(self, destination: Path) -> None:
        """Write the zip to a file, which is replaced. No other process may use the file.

        Raises:
            BuildError: A part is damaged, and the entry has changed since the build.
            OSError: The file cannot be written; the disk may be full.
        """
        record, store = self._whole_record(), self.job.store
        Join.of(placed(store, record.facts["parts"]), record.contents.files).write(destination)
        store.keep_contents(destination, record.contents)

    def write_to_store(self) -> Path:
        """Write the zip to the store and return its path there. Do not change the file.

        Raises:
            BuildError: As `write_to`.
        """
        key = f"archive-{self.record.folder.name}"
        return self.job.store.get_or_make(
            key, lambda folder: self.write_to(folder / "archive.zip"), is_quick=True
        ).archive

    def _whole_record(self) -> Artifact:
        """Return the record after building missing or damaged parts again.

        Raises:
            BuildError: The same parts cannot be built any more.
        """
        missing = [key for key, _ in self.record.facts["parts"] if self.job.store.get(key) is None]
        if not missing:
            return self.record
        rebuilt, _ = make(self.job, default_progress(), self.label)
        if rebuilt.record.facts["digest"] != self.record.facts["digest"]:
            message = (
                f"The build of {self.label!r} is damaged in the build cache, and {str(self.job.entry)!r}, or something "
                "that its manifest refers to, has changed since this run found the build. Run it again."
            )
            raise BuildError(message)
        return rebuilt.record
