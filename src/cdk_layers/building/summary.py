"""Line about a finished build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.building.trim.savings import savings_text
from cdk_layers.system.wording import count, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.job import Job
    from cdk_layers.store.artifact import Artifact

_NAMED: Final = 3
_SEARCHED_IN_OPT: Final = re.compile(r"bin/[^/]+|lib/lib[^/]+\.so[.\d]*")
"""Programs and libraries that Lambda finds by their names in /opt/bin and /opt/lib, and nowhere else in a layer."""


def build_summary(record: Artifact, members: Iterable[Member], job: Job, label: str, seconds: float) -> str:
    """Return the line about a finished build, with these own files of the entry, for the error output."""
    kind = "layer" if job.options.prefix else "code of function"
    distributions = count(len(record.contents.distributions), "distribution")
    saved, uncompiled = savings_text(record.facts["left_out"]), _uncompiled_text(record.facts["uncompiled"])
    return (
        f"Built {kind} {label!r} for {job.target}: {distributions}, "
        f"{size(record.contents.unzipped_bytes)} unzipped, {size(record.archive_bytes)} zipped, "
        f"in {seconds:.1f} s{f'; left out {saved}' if saved else ''}{uncompiled}"
        f"{_unsearched_text(record, members, job)}"
    )


def _uncompiled_text(modules: Sequence[str]) -> str:
    """Return the modules that cannot be compiled with the reasons, as the end of a line; "" if there are none."""
    if not modules:
        return ""
    return f"; {count(len(modules), 'module')} cannot be compiled: {listed(modules, _NAMED)}"


def _unsearched_text(record: Artifact, members: Iterable[Member], job: Job) -> str:
    """Return own programs and libraries that a layer has where Lambda does not search, as the end of a line."""
    own = {member.name for member in members}
    start = f"{job.options.prefix}/"
    natives = (native.path for native in record.contents.natives if native.path in own)
    inside = (path.removeprefix(start) for path in natives if path.startswith(start))
    names = sorted(name for name in inside if _SEARCHED_IN_OPT.fullmatch(name))
    if not names:
        return ""
    return (
        f"; in /opt/{job.options.prefix}, only whole paths find {listed(names, _NAMED)}: with opt_entry=, the files of "
        "a folder's bin/ and lib/ go to /opt/bin and /opt/lib, where names are enough"
    )
