"""Reading and hashing of files in blocks, with bounded memory.

The digest of the content does not depend on compression, since a newer compressor makes other archives and must not
make other layer versions. It is a SHA-256 over the names, modes and digests of all files, sorted by name. A file's
digest is the SHA-256 over the digests of its blocks of 1 MiB, so that blocks of a large file are hashed in parallel.
"""

from __future__ import annotations

import hashlib
import os
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.building.archives.members import in_order_of_name
from cdk_layers.errors import EntryChangedError, EntryError
from cdk_layers.system.parallel import batches, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.building.archives.members import Member

BLOCK_BYTES: Final = 1024**2
DIGEST_BYTES: Final = hashlib.sha256().digest_size

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)


class Piece(NamedTuple):
    """A whole file, or one block of a large one."""

    member: Member
    offset: int
    length: int
    size: int
    """Bytes of the whole file."""

    @property
    def is_whole(self) -> bool:
        """Whether the file has only this piece."""
        return self.length == self.size

    @property
    def is_last(self) -> bool:
        """Whether it is the last piece of the file."""
        return self.offset + self.length == self.size


def content_digest(members: Sequence[Member]) -> str:
    """Return the digest that an archive of these members has, without writing it.

    Raises:
        EntryError: A file cannot be read, or two members have one name.
    """
    named: list[tuple[str, int, bytes]] = []
    for member, group in groupby(_digests(in_order_of_name(members)), key=lambda pair: pair[0].member):
        named.append((member.name, member.mode, digest_of_blocks(digest for _, digest in group)))
    return digest_of(named)


def digest_of_blocks(blocks: Iterable[bytes]) -> bytes:
    """Return the digest of a file from the digests of its blocks."""
    return hashlib.sha256(b"".join(blocks)).digest()


def digest_of(named: Iterable[tuple[str, int, bytes]]) -> str:
    """Return the digest of the content from the names, modes and digests of its files, sorted by name."""
    digest_of_all = hashlib.sha256()
    for name, mode, digest in named:
        encoded = name.encode()
        digest_of_all.update(b"%d:%b:%o:%b" % (len(encoded), encoded, mode, digest))
    return digest_of_all.hexdigest()


def piece_batches(members: Sequence[Member]) -> Iterator[list[Piece]]:
    """Yield the pieces of all members in order, in lists with about as many bytes as a block.

    Raises:
        EntryError: A file cannot be read.
    """
    every = (piece for member in members for piece in _pieces(member))
    return batches(every, lambda piece: piece.length, BLOCK_BYTES)


def _pieces(member: Member) -> Iterator[Piece]:
    size = _size(member) if member.size is None else member.size
    for offset in range(0, max(size, 1), BLOCK_BYTES):
        yield Piece(member, offset, min(BLOCK_BYTES, size - offset), size)


def _size(member: Member) -> int:
    try:
        return member.source.stat().st_size
    except OSError as error:
        raise _unreadable(member, error) from error


def _digests(members: Sequence[Member]) -> Iterator[tuple[Piece, bytes]]:
    for batch in in_order(_hash, piece_batches(members)):
        yield from batch


def _hash(batch: list[Piece]) -> list[tuple[Piece, bytes]]:
    return [(piece, hashlib.sha256(read(piece)).digest()) for piece in batch]


def read(piece: Piece) -> bytes:
    """Return the bytes of a piece.

    Raises:
        EntryError: The file cannot be read, or has changed.
    """
    within = piece.member.offset
    start = piece.offset + (within or 0)
    try:
        # One call reads nearly every file, and creating a file object would take longer than that call.
        file = os.open(piece.member.path, _FLAGS)
        try:
            if start:
                os.lseek(file, start, os.SEEK_SET)
            data = os.read(file, piece.length + (piece.is_last and within is None))
        finally:
            os.close(file)
    except OSError as error:
        raise _unreadable(piece.member, error) from error
    if len(data) != piece.length:
        message = f"{str(piece.member.source)!r} changed while it was packed. Build again when nothing writes to it."
        raise EntryChangedError(message)
    return data


def _unreadable(member: Member, error: OSError) -> EntryError:
    if isinstance(error, FileNotFoundError):
        message = f"{str(member.source)!r} was removed while it was packed. Build again when nothing writes to it."
        return EntryChangedError(message)
    message = (
        f"{str(member.source)!r} cannot be read: {error.strerror or error}. Make it readable for the user who builds, "
        "or exclude it."
    )
    return EntryError(message)
