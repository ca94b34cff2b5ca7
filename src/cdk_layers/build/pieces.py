"""Reading, hashing and compressing files in pieces, so that neither their number nor their size matters."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.build.inspection import HEAD_BYTES, Seen, look
from cdk_layers.build.parallel import batches, in_order
from cdk_layers.build.zipformat import DEFLATED, STORED
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BLOCK: Final = HEAD_BYTES
_LEVEL: Final = 2
"""Of ISA-L's levels: as fast as the lowest one, and 3 % larger than the highest, which takes half as long again."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file on its way into an archive."""

    name: str
    """POSIX path in the archive."""

    source: Path
    """A regular file."""

    executable: bool = False


class Piece(NamedTuple):
    """A whole file, or one block of a large one."""

    member: Member
    offset: int
    length: int
    size: int
    """Of the whole file."""

    @property
    def is_whole(self) -> bool:
        """Whether there is no other piece of the file."""
        return self.length == self.size

    @property
    def is_last(self) -> bool:
        """Whether the file ends with it."""
        return self.offset + self.length == self.size


class Packed(NamedTuple):
    """What became of a piece."""

    piece: Piece
    data: bytes
    method: int
    crc32: int
    digest: bytes
    seen: Seen
    """What the file showed; nothing but for its first piece."""


def pack(members: Sequence[Member]) -> Iterator[Packed]:
    """Yield every piece of every member in order, compressed.

    Raises:
        EntryError: A file cannot be read, or changes meanwhile.
    """
    for batch in in_order(_pack, _batches(members)):
        yield from batch


def digests(members: Sequence[Member]) -> Iterator[tuple[Piece, bytes]]:
    """Yield every piece of every member in order, with its SHA-256.

    Raises:
        EntryError: A file cannot be read, or changes meanwhile.
    """
    for batch in in_order(_hash, _batches(members)):
        yield from batch


def _batches(members: Sequence[Member]) -> Iterator[list[Piece]]:
    every = (piece for member in members for piece in _pieces(member))
    return batches(every, lambda piece: piece.length, _BLOCK)


def _pieces(member: Member) -> Iterator[Piece]:
    try:
        size = member.source.stat().st_size
    except OSError as error:
        raise _unreadable(member, error) from error
    for offset in range(0, max(size, 1), _BLOCK):
        yield Piece(member, offset, min(_BLOCK, size - offset), size)


def _hash(batch: list[Piece]) -> list[tuple[Piece, bytes]]:
    return [(piece, hashlib.sha256(_read(piece)).digest()) for piece in batch]


def _pack(batch: list[Piece]) -> list[Packed]:
    return [_pack_one(piece) for piece in batch]


def _pack_one(piece: Piece) -> Packed:
    data = _read(piece)
    method, packed = _deflate(piece, data)
    seen = Seen()
    if piece.offset == 0:
        seen = look(piece.member.name, piece.size, data, lambda: piece.member.source.open("rb"))
    return Packed(piece, packed, method, isal_zlib.crc32(data), hashlib.sha256(data).digest(), seen)


def _deflate(piece: Piece, data: bytes) -> tuple[int, bytes]:
    compressor = isal_zlib.compressobj(_LEVEL, wbits=-15)
    packed = compressor.compress(data)
    if not piece.is_last:
        # It ends on a whole byte and looks back at nothing, so that the next one can follow whoever compressed it.
        return DEFLATED, packed + compressor.flush(isal_zlib.Z_FULL_FLUSH)
    packed += compressor.flush()
    return (STORED, data) if piece.is_whole and len(packed) >= len(data) else (DEFLATED, packed)


def _read(piece: Piece) -> bytes:
    try:
        # Unbuffered, because nearly every file is read by one call.
        with piece.member.source.open("rb", buffering=0) as file:
            file.seek(piece.offset)
            data = file.read(piece.length + piece.is_last)
    except OSError as error:
        raise _unreadable(piece.member, error) from error
    if len(data) != piece.length:
        message = f"{str(piece.member.source)!r} changed while it was packed. Build again when nothing writes to it."
        raise EntryError(message)
    return data


def _unreadable(member: Member, error: OSError) -> EntryError:
    message = (
        f"{str(member.source)!r} cannot be read: {error.strerror or error}. Make it readable for the user who builds, "
        "or exclude it."
    )
    return EntryError(message)
