"""Compressing files in pieces, and looking into them on the way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.build.blocks import Piece, piece_batches, read
from cdk_layers.build.inspection import Seen, is_binary, look
from cdk_layers.build.marks import are_wordless
from cdk_layers.build.parallel import in_order
from cdk_layers.build.zipformat import DEFLATED, STORED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.build.members import Member

_LEVEL: Final = 2
"""Of ISA-L's levels: as fast as the lowest one, and 3 % larger than the highest, which takes half as long again."""


_RAW: Final = -15
"""Deflated without a header, as zip archives have it."""


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
    for batch in in_order(_pack, piece_batches(members)):
        yield from batch


def _pack(batch: list[Piece]) -> list[Packed]:
    datas = [read(piece) for piece in batch]
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
    # Not `isal_zlib.compress`: it finds other matches in about one process of thirty, this one in hardly any.
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW)
    # What is not the last ends on a whole byte and looks back at nothing, so that the next one can follow whoever
    # compressed it.
    end = isal_zlib.Z_FINISH if piece.is_last else isal_zlib.Z_FULL_FLUSH
    packed = compressor.compress(data) + compressor.flush(end)
    return (STORED, data) if piece.is_whole and len(packed) >= len(data) else (DEFLATED, packed)
