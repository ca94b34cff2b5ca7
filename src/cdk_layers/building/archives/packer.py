"""The program of a process that packs archives. `processes.py` starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cdk_layers.building.archives.members import Member
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.errors import CdkLayersError
from cdk_layers.system.child_python import answer_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

Request: TypeAlias = "tuple[str, list[tuple[object, ...]], int]"
"""The file to write, the fields of its members, and the number of threads."""


def request(destination: Path, members: Sequence[Member], threads: int) -> Request:
    """Return the request for an archive. Its values are plain ones, which are pickled fastest."""
    return str(destination), [(name, str(path), *others) for name, path, *others in members], threads


def main() -> None:
    """Answer each request with the digest of the content, or with the error."""
    answer_requests(_pack)


def _pack(wanted: Request) -> str | Exception:
    destination, members, threads = wanted
    try:
        return write_archive(Path(destination), [Member._make(fields) for fields in members], threads)
    except (CdkLayersError, OSError) as error:
        return error
