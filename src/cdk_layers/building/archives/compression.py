"""Compressing files in pieces, and looking into them on the way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.building.archives.hashing import Piece, piece_batches, read
from cdk_layers.contents.inspection import Seen, is_binary, look
from cdk_layers.contents.marks import are_wordless
from cdk_layers.contents.zipformat import DEFLATED, STORED
from cdk_layers.system.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.building.archives.members import Member

_LEVEL: Final = 2
"""Of ISA-L's levels: as fast as the lowest one, and 3 % larger than the highest, which takes half as long again."""

_HEAD_BYTES: Final = 8
"""How much is compressed before the rest, so that the same bytes are always compressed alike.

Where ISA-L's levels 1 and 2 begin with more than 16 bytes, the third position is entered in the table of matches by the
address of the compressor instead of by what stands there (`.write_first_byte` in igzip_icf_body_h1_gr_bt.asm hashes a
register that still holds it), and other matches are found in another process. Fewer bytes, but at least four, begin the
table correctly, and the rest goes on with it. It makes archives 0.14 % larger.
"""

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
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW)
    # What is not the last ends on a whole byte and looks back at nothing, so that the next one can follow whoever
    # compressed it.
    end = isal_zlib.Z_FINISH if piece.is_last else isal_zlib.Z_FULL_FLUSH
    view = memoryview(data)
    packed = b"".join(
        (
            compressor.compress(view[:_HEAD_BYTES]),
            compressor.flush(isal_zlib.Z_SYNC_FLUSH),
            compressor.compress(view[_HEAD_BYTES:]),
            compressor.flush(end),
        )
    )
    return (STORED, data) if piece.is_whole and len(packed) >= len(data) else (DEFLATED, packed)
