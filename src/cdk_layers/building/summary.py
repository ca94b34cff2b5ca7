"""Line about a finished build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.savings import savings_text
from cdk_layers.system.wording import count, listed, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.store.artifact import Artifact

_UNCOMPILED_NAMED: Final = 3


def build_summary(record: Artifact, job: Job, label: str, seconds: float) -> str:
    """Return the line about a finished build for the error output."""
    kind = "layer" if job.options.prefix else "code of function"
    distributions = count(len(record.contents.distributions), "distribution")
    saved, uncompiled = savings_text(record.facts["left_out"]), _uncompiled_text(record.facts["uncompiled"])
    return (
        f"Built {kind} {label!r} for {job.target}: {distributions}, "
        f"{size(record.contents.unzipped_bytes)} unzipped, {size(record.archive_bytes)} zipped, "
        f"in {seconds:.1f} s{f'; left out {saved}' if saved else ''}{uncompiled}"
    )


def _uncompiled_text(modules: Sequence[str]) -> str:
    """Return the modules that cannot be compiled with the reasons, as the end of a line; "" if there are none."""
    if not modules:
        return ""
    return f"; {count(len(modules), 'module')} cannot be compiled: {listed(modules, _UNCOMPILED_NAMED)}"
