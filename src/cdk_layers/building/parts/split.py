"""Division of an installation into its distributions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.building.archives.members import collect
from cdk_layers.building.tidying import installed, recorded

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.archives.members import Member

UNRECORDED = ""
"""Name of the group of files that no distribution records."""


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one distribution, or those of none."""

    name: str
    """The canonical name of the distribution; `UNRECORDED` for files that no RECORD lists."""

    members: tuple[Member, ...]
    """Sorted by name. Names are relative to the folder of the installation."""

    record: Path | None = None
    """The RECORD of the distribution."""


def split(tree: Path) -> tuple[Group, ...]:
    """Return the files of an installation by distribution: what its RECORD lists, and its .dist-info folder.

    A file that several distributions record is in the group of each, so that a group never depends on the others.
    Groups are sorted by name; that of unrecorded files, if there are any, is the last.

    Args:
        tree: An installation without the traces of the installer.

    Raises:
        EntryError: The installation contains what cannot be in an archive.
        DependencyError: A RECORD cannot be read.
    """
    members = {member.name: member for member in collect(tree)}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in members:
        by_folder[name.partition("/")[0]].append(name)
    unrecorded, groups = set(members), []
    for one in installed(tree):
        names = {path for path, _ in recorded(one.folder)}.union(by_folder[one.folder.name])
        unrecorded -= names
        own = tuple(members[name] for name in sorted(names) if name in members)
        groups.append(Group(one.name, own, one.folder / "RECORD"))
    groups.sort(key=lambda group: group.name)
    rest = tuple(members[name] for name in sorted(unrecorded))
    return (*groups, Group(UNRECORDED, rest)) if rest else tuple(groups)
