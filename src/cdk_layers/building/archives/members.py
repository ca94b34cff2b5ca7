"""The files that go into an archive."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.contents.tree import walk
from cdk_layers.errors import EntryChangedError, EntryError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from cdk_layers.contents.tree import Node

_PLAIN: Final = 0o100644
_PROGRAM: Final = 0o100755
_NO_NAMES: Final = frozenset({"", ".", ".."})
"""Parts of a path that are not names of files or folders."""

_EVERYTHING: Final = 0o777
_IS_WINDOWS: Final = os.name == "nt"
_PROGRAM_STARTS: Final = (b"#!", b"\x7fELF")


class Member(NamedTuple):
    """A file to put into an archive."""

    name: str
    """POSIX path in the archive."""

    path: str | Path
    """A regular file. Of thousands it is a string: paths would take most of the time to list them."""

    executable: bool = False
    size: int | None = None
    """Its bytes; None if they are not known yet."""

    offset: int | None = None
    """Where its bytes begin in a file that contains those of several members; None for the whole file."""

    @property
    def source(self) -> Path:
        """The file."""
        return Path(self.path)

    @property
    def mode(self) -> int:
        """Its file type and permission bits in the archive."""
        return _PROGRAM if self.executable else _PLAIN


def collect(
    root: Path,
    prefix: str = "",
    *,
    excluded: Callable[[str], bool] | None = None,
    follow: bool = False,
    backslashes_separate: bool = False,
    skipped: Collection[str] = (),
) -> list[Member]:
    """Return the files of a folder, sorted by their names in the archive.

    Symlinks to files and folders inside the folder are replaced by their targets.

    Args:
        root: The folder.
        prefix: The folder of the archive for the files, such as "python"; "" for the root.
        excluded: Decides whether a path is left out: a POSIX path relative to the folder, with a trailing "/" for
            folders.
        follow: Whether symlinks that leave the folder are followed too.
        backslashes_separate: Whether a backslash in a name separates folders. Otherwise, it is an error.
        skipped: The kinds of trouble (`Node.trouble`) for which a node is left out instead of refused.

    Raises:
        EntryError: The folder contains something that cannot be packed: a symlink that leaves the folder, leads to
            nothing or is part of a cycle, a file that cannot be read, a socket, a device.
        EntryChangedError: Something was removed meanwhile.
    """
    members, has_modes = [], False
    for node in walk(root, excluded, follow=follow):
        if node.trouble is None and "\\" in node.name:
            divided = node.name.replace("\\", "/")
            if not backslashes_separate or not _NO_NAMES.isdisjoint(divided.split("/")):
                # Windows would extract it as a file in a folder.
                raise _refusal(root, node._replace(trouble="has a backslash in its name"))
            node = node._replace(name=divided)  # noqa: PLW2901
        if node.trouble in skipped:
            continue
        if node.status is None:
            raise _refusal(root, node)
        if not node.is_folder:
            mode = node.status.st_mode & 0o777
            has_modes = has_modes or (mode != _EVERYTHING and not _IS_WINDOWS)
            name = f"{prefix}/{node.name}" if prefix else node.name
            members.append(Member(name, node.path, bool(mode & 0o100), node.status.st_size))
    if not has_modes:
        members = [member._replace(executable=_starts_as_program(member.path)) for member in members]
    return sorted(members, key=lambda member: member.name)


def _starts_as_program(path: str | Path) -> bool:
    """Return whether a file is a program by its first bytes, for systems that have no modes of files.

    These are Windows, and file systems on which every file has mode 777, such as exFAT and /mnt/c in WSL.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path takes longer, and these may be thousands
            return file.read(4).startswith(_PROGRAM_STARTS)
    except OSError:
        return False  # Packing it reports the error.


def _refusal(root: Path, node: Node) -> EntryError:
    if node.link is None and not os.path.lexists(node.path):
        return EntryChangedError(f"{node.name or '.'!r} in {str(root)!r} was removed.")
    what = f"The symlink {node.name!r} -> {node.link!r}" if node.link is not None else f"{node.name or '.'!r}"
    remedy = {
        "leaves the folder": "Copy its target into the folder, pass follow_links=True",
        "has a name that is not UTF-8": "Rename it",
        "has a backslash in its name": "Rename it",
        "cannot be read": "Make it readable for the user who builds",
    }.get(node.trouble or "", "Remove it")
    message = f"{what} in {str(root)!r} {node.trouble}, so it cannot be packed. {remedy}, or exclude it."
    return EntryError(message)


def in_order_of_name(members: Sequence[Member]) -> list[Member]:
    """Return members sorted by their names.

    Raises:
        EntryError: Two members have one name.
    """
    ordered = sorted(members, key=lambda member: member.name)
    for first, second in pairwise(ordered):
        if first.name == second.name:
            message = (
                f"Two files would be packed as {first.name!r}: {str(first.source)!r} and {str(second.source)!r}. "
                "Rename or exclude one of them."
            )
            raise EntryError(message)
    return ordered
