"""Division of an installation into groups of files, one for each distribution."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.building.archives.members import collect
from cdk_layers.building.tidying import find_distributions, read_record

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.archives.members import Member

UNRECORDED = ""
"""Name of the group of files that no distribution records."""


@dataclass(frozen=True, slots=True)
class Group:
    """The files of a distribution, or the files that belong to no distribution."""

    name: str
    """The canonical name of the distribution; `UNRECORDED` for files that no RECORD lists."""

    members: tuple[Member, ...]
    """Sorted by name. Names are relative to the folder of the installation."""

    record: Path | None = None
    """The RECORD of the distribution."""


def split(tree: Path) -> tuple[Group, ...]:
    """Return the files of an installation by distribution: those in its RECORD and in its .dist-info folder.

    A file that several distributions record is in the group of each, so that a group does not depend on the others.
    Groups are sorted by name. The group of unrecorded files, if there are any, is the last.

    Args:
        tree: An installation without the traces of the installer.

    Raises:
        EntryError: The installation contains a file that cannot be packed.
        DependencyError: A RECORD cannot be read.
    """
    members = {member.name: member for member in collect(tree)}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in members:
        by_folder[name.partition("/")[0]].append(name)
    unrecorded, groups = set(members), []
    for distribution in find_distributions(tree):
        recorded = {path for path, _ in read_record(distribution.folder)}
        names = recorded.union(by_folder[distribution.folder.name])
        unrecorded -= names
        own = tuple(members[name] for name in sorted(names) if name in members)
        groups.append(Group(distribution.name, own, distribution.folder / "RECORD"))
    groups.sort(key=lambda group: group.name)
    rest = tuple(members[name] for name in sorted(unrecorded))
    return (*groups, Group(UNRECORDED, rest)) if rest else tuple(groups)
