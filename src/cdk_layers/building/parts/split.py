"""Division of an installation into groups of files, one for each distribution."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.building.archives.members import collect
from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.tidying import Installed

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


def split(tree: Path, distributions: Iterable[Installed]) -> tuple[Group, ...]:
    """Return the files of an installation by distribution: those in its RECORD and in its .dist-info folder.

    A file that several distributions record is in the group of each, so that a group does not depend on the others.
    Groups are sorted by name. The group of unrecorded files, if there are any, is the last.

    A backslash in the name of a file, as broken tools on Windows write it into wheels, separates folders. The CDK does
    the same when it packs a folder.

    Args:
        tree: An installation without the traces of the installer.
        distributions: Its distributions.

    Raises:
        EntryError: The installation contains a file that cannot be packed.
        BuildError: The file system took the names of two files for one.
    """
    members = {member.name: member for member in collect(tree, backslashes_separate=True)}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in members:
        by_folder[name.partition("/")[0]].append(name)
    unrecorded, groups = set(members), []
    for distribution in distributions:
        recorded = distribution.record.keys()
        _refuse_lost_files(recorded, members, tree, distribution.name)
        names = recorded | by_folder[distribution.folder.name]
        unrecorded -= names
        own = tuple(members[name] for name in sorted(names) if name in members)
        groups.append(Group(distribution.name, own, distribution.folder / "RECORD"))
    groups.sort(key=lambda group: group.name)
    rest = tuple(members[name] for name in sorted(unrecorded))
    return (*groups, Group(UNRECORDED, rest)) if rest else tuple(groups)


def _refuse_lost_files(recorded: AbstractSet[str], members: Mapping[str, Member], tree: Path, name: str) -> None:
    """Refuse an installation that lacks recorded files because the file system has other files under their names.

    The file systems of macOS and Windows do not distinguish "A.py" from "a.py", nor some of them "é" from "é" in two
    characters. So one file replaces the other, or a file is in the folder of another distribution. A RECORD that names
    a file in another case than the wheel loses nothing.

    Raises:
        BuildError: A file was lost that way.
    """
    missing = recorded - members.keys()
    if not missing:
        return
    present = {_folded(member): member for member in members}
    for path in sorted(missing):
        other = present.get(_folded(path))
        if other in recorded or os.path.isfile(tree / path):  # noqa: PTH113 - Path raises an error for long names
            message = (
                f"{name!r} contains {path!r}, which is lost here: a file system of this machine takes its name for "
                f"that of {'another file' if other is None else repr(other)}. Let CDK_LAYERS_CACHE_DIR and "
                "UV_CACHE_DIR name folders on a file system that distinguishes such names, such as a case-sensitive "
                "volume of macOS, or build on Linux or in WSL."
            )
            raise BuildError(message)


def _folded(path: str) -> str:
    """Return what is equal for names that some file systems do not distinguish."""
    return unicodedata.normalize("NFC", path).casefold()
