"""Inspection of single files, and their summary as Contents."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from cdk_layers.contents.distributions import is_metadata, read_distributions
from cdk_layers.contents.elf import MAGIC, read_native
from cdk_layers.contents.model import Contents
from cdk_layers.contents.traits import bytecode_trait, traits_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_layers.contents.model import File, FileTrait, Native

HEAD_BYTES: Final = 1024**2
"""The bytes that are read first; most files are not longer."""

MAX_TEXT_BYTES: Final = 16 * 1024**2
"""Longer text files are searched for secrets in their head only."""

_BINARY_WITHIN: Final = 1024


class Seen(NamedTuple):
    """Facts about one file."""

    native: Native | None = None
    traits: tuple[FileTrait, ...] = ()
    metadata: bytes | None = None
    """Its bytes, if it is part of the metadata of a distribution."""


NOTHING: Final = Seen()


def look(
    path: str, size: int, head: bytes, opened: Callable[[], BinaryIO], *, lacks_secret_words: bool = False
) -> Seen:
    """Return the facts about one file.

    Args:
        path: POSIX path in the archive.
        size: The number of its bytes.
        head: Its first `HEAD_BYTES`, or all of a shorter file.
        opened: Opens the whole file for reading, seekable; called for longer files.
        lacks_secret_words: Whether `secrets.all_lack_secret_words` is known to be true of its head.
    """
    if head.startswith(MAGIC):
        with io.BytesIO(head) if len(head) == size else opened() as file:
            return Seen(native=read_native(path, file))
    if path.endswith(".pyc"):
        trait = bytecode_trait(path, head)
        return Seen(traits=(trait,)) if trait else NOTHING
    if is_binary(head):
        return NOTHING
    if len(head) < size <= MAX_TEXT_BYTES:
        with opened() as file:
            head, lacks_secret_words = file.read(MAX_TEXT_BYTES), False
    traits = tuple(traits_in(path, head, lacks_secret_words=lacks_secret_words))
    if is_metadata(path):
        return Seen(traits=traits, metadata=head)
    return Seen(traits=traits) if traits else NOTHING


def is_binary(head: bytes) -> bool:
    """Return whether a file with this head is something other than text."""
    return b"\0" in head[:_BINARY_WITHIN]


@dataclass(slots=True)
class ContentsBuilder:
    """The contents of a tree, made file by file."""

    files: dict[str, File] = field(default_factory=dict)
    natives: dict[str, Native] = field(default_factory=dict)
    traits: dict[str, tuple[FileTrait, ...]] = field(default_factory=dict)
    metadata: dict[str, bytes] = field(default_factory=dict)

    def add(self, path: str, file: File, seen: Seen) -> None:
        """Add one file."""
        self.files[path] = file
        if seen.native:
            self.natives[path] = seen.native
        if seen.traits:
            self.traits[path] = seen.traits
        if seen.metadata is not None:
            self.metadata[path] = seen.metadata

    def contents(
        self, links: Mapping[str, str] | None = None, folder_modes: Mapping[str, int] | None = None
    ) -> Contents:
        """Return all facts, with the links and folders of the tree."""
        files = dict(sorted(self.files.items()))
        return Contents(
            unzipped_bytes=sum(file.size for file in files.values()),
            files=files,
            distributions=read_distributions(self.metadata, files),
            natives=tuple(native for _, native in sorted(self.natives.items())),
            links=dict(sorted((links or {}).items())),
            traits=tuple(trait for _, traits in sorted(self.traits.items()) for trait in traits),
            folder_modes=dict(sorted((folder_modes or {}).items())),
        )
