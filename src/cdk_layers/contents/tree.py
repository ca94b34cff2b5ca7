"""Files of a folder in a fixed order; symlinks inside of the folder are followed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_NODES: Final = 200_000
"""Folders that link to each other have infinitely many names; archives for Lambda have far fewer."""


class Node(NamedTuple):
    """One file of a tree, or an item that cannot be read as a file."""

    name: str
    """POSIX path relative to the root."""

    path: str
    """The file itself, or the target of a symlink. A `Path` would take as long to make as all else of a node."""

    status: os.stat_result | None
    """None if there is `trouble`."""

    link: str | None = None
    """The target as written, if it is a symlink itself."""

    trouble: str | None = None
    """Why it is not a readable file; the text follows its name in a sentence."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, or a symlink to a folder of the tree whose files follow under its name."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)


def walk(root: Path, excluded: Callable[[str], bool] | None = None, *, follow: bool = False) -> Iterator[Node]:
    """Yield every file below a folder, sorted by name within each folder.

    Symlinks to files and folders inside of the tree are followed; with `follow`, also those that leave it.

    Args:
        root: The folder.
        excluded: Returns whether to leave out a POSIX path relative to the root, with a trailing "/" for folders.
        follow: Whether symlinks may leave the tree.
    """
    top = Path(os.path.realpath(root))
    entries = _entries(top)
    if entries is None:
        yield Node("", os.fspath(root), None, trouble="cannot be read")
        return
    stack = [_Level("", (os.fspath(top),), entries)]
    count = 0
    while stack:
        level = stack[-1]
        if not level.entries:
            stack.pop()
            continue
        node = _node(None if follow else top, level.entries.pop(), level)
        is_folder = node.is_folder
        if excluded and excluded(f"{node.name}/" if is_folder else node.name):
            continue
        count += 1
        if count > MAX_NODES:
            yield Node("", os.fspath(root), None, trouble=f"contains more than {MAX_NODES} files and folders")
            return
        if node.link is not None or not is_folder:
            yield node
        if is_folder:
            entries = _entries(node.path)
            if entries is None:
                yield Node(node.name, node.path, None, trouble="cannot be read")
            else:
                stack.append(_Level(f"{node.name}/", (*level.above, node.path), entries))


@dataclass(slots=True)
class _Level:
    """One folder on the way down. A hostile tree can be deeper than Python's call stack."""

    prefix: str
    above: tuple[str, ...]
    """The real paths of the folder and of those that it was reached through."""

    entries: list[os.DirEntry[str]]
    """The entries that remain, in reverse order."""


def _entries(folder: str | Path) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name, reverse=True)
    except OSError:
        return None


def _in_utf8(name: str) -> str:
    """Return a name as it is in an archive, where names are UTF-8, whatever the locale is."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_utf8(name: str) -> bool:
    try:
        return name.isascii() or bool(os.fsencode(name).decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _node(root: Path | None, entry: os.DirEntry[str], level: _Level) -> Node:
    name, path, link = f"{level.prefix}{_in_utf8(entry.name)}", entry.path, None
    if not _is_utf8(entry.name):
        return Node(name, path, None, trouble="has a name that is not UTF-8")
    trouble: str | None = None
    status: os.stat_result | None = None
    try:
        if entry.is_symlink():
            link = os.fsencode(Path(entry.path).readlink().as_posix()).decode("utf-8", "backslashreplace")
            path = os.path.realpath(entry.path)
            if root is not None and not Path(path).is_relative_to(root):
                return Node(name, path, None, link, "leaves the folder")
            status = os.stat(entry.path)  # noqa: PTH116 - one call, as for all others below
        else:
            status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            trouble = "leads back into itself" if link is not None and path in level.above else None
        elif not stat.S_ISREG(status.st_mode):
            trouble = "is not a regular file"
    except FileNotFoundError:
        trouble = "leads to nothing"
    except OSError as error:
        # Windows and Linux report a cycle of links by different errors.
        trouble = "cannot be read" if isinstance(error, PermissionError) else "leads back into itself"
    return Node(name, path, None if trouble else status, link, trouble)
