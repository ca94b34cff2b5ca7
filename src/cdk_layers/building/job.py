"""The input of a build: entry folder, target, options and store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import EntryChangedError, EntryError
from cdk_layers.system.wording import A_FILE, ABSENT, folder_fault

if TYPE_CHECKING:
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Job:
    """One entry folder to build for one target."""

    entry: Path
    """The folder, absolute and without symlinks."""

    target: Target
    options: BuildOptions
    store: Store


def job_of(entry: Path | str, target: Target, options: BuildOptions | None, store: Store) -> Job:
    """Return the job for these arguments. Options default to those of a layer.

    Raises:
        EntryError: The entry is not a folder.
    """
    folder = Path(entry)
    if folder_fault(folder):
        message = f"{missing_folder('entry', folder)} Pass the folder that contains the code or its manifest."
        raise EntryError(message)
    return Job(folder.resolve(), target, options or BuildOptions(), store)


def missing_folder(name: str, path: Path) -> str:
    """Return the message for a path that is not a folder. For a relative path it contains the absolute one."""
    fault = folder_fault(path)
    start = f"The {name} {str(path)!r} {fault}"
    if fault == A_FILE:
        return f"{start}. Its folder is {str(path.parent)!r}."
    if fault != ABSENT or path.is_absolute():
        return f"{start}."
    return (
        f"{start}: it was looked for at {str(path.absolute())!r}, since a relative "
        f"path begins at the folder that the app is started in. Start it elsewhere, or write "
        f"Path(__file__).parent / {str(path)!r}."
    )


def refuse_removed_entry(job: Job, label: str) -> None:
    """Raise an error if the entry is gone: what its build missed then is not a mistake in it.

    Raises:
        EntryChangedError: It was removed or renamed after the build began.
    """
    if not job.entry.is_dir():
        message = (
            f"{label!r} cannot be built: its folder {str(job.entry)!r} was removed or renamed meanwhile. Build again "
            "when it is there."
        )
        raise EntryChangedError(message) from None
