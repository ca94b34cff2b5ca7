"""Native files that a build from source made for the wrong machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.building.remedies import IN_CONTAINER
from cdk_layers.contents.natives import native_index
from cdk_layers.errors import DependencyError
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from cdk_layers.building.job import Job
    from cdk_layers.contents.model import Contents

_NAMED: Final = 5


def refuse_foreign_files(contents: Contents, job: Job, label: str) -> None:
    """Reject files that a build from source made for this machine instead of the target.

    Raises:
        DependencyError: There are such files.
    """
    root = f"{job.options.prefix}/" if job.options.prefix else ""
    foreign = (
        list(native_index(contents, root).foreign_files(job.target, optional=True))
        if job.options.allow_source_builds
        else []
    )
    if foreign:
        message = (
            f"{label!r}: a build from source made files that {job.target} cannot load: "
            f"{listed(foreign, _NAMED)}. It compiles for this machine only; {IN_CONTAINER}, "
            "or choose versions that have wheels."
        )
        raise DependencyError(message)
