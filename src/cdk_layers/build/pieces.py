"""Reading, hashing and compressing files in pieces, so that neither their number nor their size matters."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.build.inspection import HEAD_BYTES, Seen, is_binary, look
from cdk_layers.build.marks import are_wordless
from cdk_layers.build.parallel import batches, in_order
from cdk_layers.build.zipformat import DEFLATED, STORED
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BLOCK: Final = HEAD_BYTES
_LEVEL: Final = 2
"""Of ISA-L's levels: as fast as the lowest one, and 3 % larger than the highest, which takes half as long again."""


_RAW: Final = -15
"""Deflated without a header, as zip archives have it."""

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)


@dataclass(frozen=True, slots=True)
class Member:
    """One file on its way into an archive."""

    name: str
    """POSIX path in the archive."""

    source: Path
    """A regular file."""

    executable: bool = False
    size: int | None = None
    """Its bytes, where they are known already."""


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
    size = _size(member) if member.size is None else member.size
    for offset in range(0, max(size, 1), _BLOCK):
        yield Piece(member, offset, min(_BLOCK, size - offset), size)


def _size(member: Member) -> int:
    try:
        return member.source.stat().st_size
    except OSError as error:
        raise _unreadable(member, error) from error


def _hash(batch: list[Piece]) -> list[tuple[Piece, bytes]]:
    return [(piece, hashlib.sha256(_read(piece)).digest()) for piece in batch]


def _pack(batch: list[Piece]) -> list[Packed]:
    datas = [_read(piece) for piece in batch]
    is_wordless = are_wordless(data for data in datas if not is_binary(data))
    return [_pack_one(piece, data, is_wordless=is_wordless) for piece, data in zip(batch, datas, strict=True)]


def _pack_one(piece: Piece, data: bytes, *, is_wordless: bool) -> Packed:
    method, packed = _deflate(piece, data)
    seen = Seen()
    if piece.offset == 0:
        source = piece.member.source
        seen = look(piece.member.name, piece.size, data, lambda: source.open("rb"), is_wordless=is_wordless)
    return Packed(piece, packed, method, isal_zlib.crc32(data), hashlib.sha256(data).digest(), seen)


def _deflate(piece: Piece, data: bytes) -> tuple[int, bytes]:
    if not piece.is_last:
        compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW)
        # It ends on a whole byte and looks back at nothing, so that the next one can follow whoever compressed it.
        return DEFLATED, compressor.compress(data) + compressor.flush(isal_zlib.Z_FULL_FLUSH)
    packed = isal_zlib.compress(data, _LEVEL, wbits=_RAW)
    return (STORED, data) if piece.is_whole and len(packed) >= len(data) else (DEFLATED, packed)


def _read(piece: Piece) -> bytes:
    try:
        # Nearly every file is read by one call, and a file object would take longer to make than that call does.
        file = os.open(piece.member.source, _FLAGS)
        try:
            if piece.offset:
                os.lseek(file, piece.offset, os.SEEK_SET)
            data = os.read(file, piece.length + piece.is_last)
        finally:
            os.close(file)
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
