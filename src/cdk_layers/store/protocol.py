"""The interface of a store, which all callers are written against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.contents.model import Contents
    from cdk_layers.store.artifact import Artifact

FolderKind: TypeAlias = Literal["unpacked", "runtimes"]
"""Kinds of folders that can be made again at any time: unpacked archives, and installed runtime clients."""


class Store(Protocol):
    """Artifacts, measurements and memos that are kept between runs.

    The files of an artifact are on this machine once a method has returned it, wherever the store keeps it, and they
    stay there until this process ends.
    """

    @property
    def folder(self) -> Path:
        """The folder on this machine that contains the files of the store."""
        ...

    def get(self, key: str) -> Artifact | None:
        """Return an artifact if it is in the store and intact. A damaged one is removed."""
        ...

    def find(self, key: str) -> Artifact | None:
        """Return an artifact like `get`, but without reading its archive: call `get` before using that."""
        ...

    def get_or_make(self, key: str, make: Callable[[Path], None], *, is_quick: bool = False) -> Artifact:
        """Return an artifact, after making it if it is not in the store.

        Processes that need the same artifact at once make it once; the others wait.

        Args:
            key: A digest of everything that the artifact depends on.
            make: Writes its files into an empty folder. An error that it raises is passed on, and nothing is stored.
            is_quick: Whether it is so quick that several processes may make it at once. The first one is kept.

        Raises:
            BuildError: The store cannot be written, or the disk is full.
        """
        ...

    def get_or_make_folder(self, kind: FolderKind, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder of files that can be made again at any time, after making it if it is not in the store.

        Its files are not verified, and must not be changed.

        Args:
            kind: What is in the folder.
            name: What distinguishes it from all others of its kind: letters, digits, dots and dashes.
            make: Creates and fills the folder at a path. An error that it raises is passed on, and nothing is stored.

        Raises:
            BuildError: The store cannot be written, or the disk is full.
        """
        ...

    def remember(self, key: str, value: Any) -> None:
        """Store a memo: a small value that JSON can express. Failures to write are ignored."""
        ...

    def recall(self, key: str) -> Any:
        """Return a memo; None if there is none, or if it is damaged."""
        ...

    def contents_of(self, path: Path) -> Contents:
        """Return the measured contents of a zip or a folder. Each is measured once.

        Raises:
            AssemblyError: It cannot be read, or it is a hostile or damaged zip.
        """
        ...

    def keep_contents(self, archive: Path, contents: Contents) -> None:
        """Store the contents of an archive, for copies of it such as those in cdk.out. Failures are ignored."""
        ...

    def discard(self, folder: Path) -> None:
        """Move a folder of the store out of the way, and remove it in the background."""
        ...
