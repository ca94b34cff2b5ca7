"""A folder's files, in order, with symlinks followed as far as they stay inside."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Trouble = Literal[
    "leaves the folder", "leads to nothing", "leads back into itself", "is no regular file", "cannot be read"
]


@dataclass(frozen=True, slots=True)
class Node:
    """One file of a tree, or one thing in it that is none."""

    name: str
    """POSIX path relative to the root."""

    path: Path
    """Where its bytes are: the file itself, or the one that a symlink leads to."""

    status: os.stat_result | None
    """None where there is trouble."""

    link: str | None = None
    """What its symlink says, when it is one itself."""

    trouble: Trouble | None = None
    """What keeps it from being one of the files, to follow its name in a sentence."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a symlink to a folder of the tree, whose files follow under its name."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)


def walk(root: Path, excluded: Callable[[str], bool] | None = None) -> Iterator[Node]:
    """Yield every file below a folder, sorted by name within each folder.

    Symlinks to files and folders inside the tree are followed.

    Args:
        root: The folder.
        excluded: Gets the POSIX path relative to the root, with a trailing "/" for folders; true leaves it out.
    """
    yield from _walk(Path(os.path.realpath(root)), Path(root), "", excluded or (lambda _: False), ())


def _walk(
    root: Path, folder: Path, prefix: str, excluded: Callable[[str], bool], above: tuple[str, ...]
) -> Iterator[Node]:
    above = (*above, os.path.realpath(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield Node(prefix.rstrip("/"), folder, None, trouble="cannot be read")
        return
    for entry in entries:
        node = _node(root, entry, prefix, above)
        if node.is_folder:
            if not excluded(f"{node.name}/"):
                if node.link is not None:
                    yield node
                yield from _walk(root, node.path, f"{node.name}/", excluded, above)
        elif not excluded(node.name):
            yield node


def _node(root: Path, entry: os.DirEntry[str], prefix: str, above: tuple[str, ...]) -> Node:
    name, path, link = f"{prefix}{entry.name}", Path(entry.path), None
    trouble: Trouble | None = None
    status: os.stat_result | None = None
    try:
        if entry.is_symlink():
            link = Path(entry.path).readlink().as_posix()
            path = Path(os.path.realpath(entry.path))
            if not path.is_relative_to(root):
                return Node(name, path, None, link, "leaves the folder")
            status = os.stat(entry.path)  # noqa: PTH116 - one call, as for all others below
        else:
            status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            trouble = "leads back into itself" if link is not None and os.fspath(path) in above else None
        elif not stat.S_ISREG(status.st_mode):
            trouble = "is no regular file"
    except FileNotFoundError:
        trouble = "leads to nothing"
    except OSError as error:
        # Windows and Linux tell a circle of links by different errors; all of them lead nowhere.
        trouble = "cannot be read" if isinstance(error, PermissionError) else "leads back into itself"
    return Node(name, path, None if trouble else status, link, trouble)
