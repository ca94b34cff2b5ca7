"""Compression and inspection of files, in pieces."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.building.archives.hashing import Piece, piece_batches, read
from cdk_layers.contents.inspection import NOTHING, is_binary, look
from cdk_layers.contents.secrets import all_lack_secret_words
from cdk_layers.contents.zipformat import DEFLATED, STORED
from cdk_layers.system.parallel import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.building.archives.members import Member
    from cdk_layers.contents.inspection import Seen

_LEVEL: Final = 2
"""Compression level of ISA-L: as fast as the lowest, and 3 % larger than the highest, which takes 1.5 times as long."""

_HEAD_BYTES: Final = 8
"""Bytes that are compressed before the rest, so that the same bytes always give the same compressed bytes.

If levels 1 and 2 of ISA-L begin with more than 16 bytes, they enter the third position in the table of matches under a
hash of the compressor's address instead of the bytes there (`.write_first_byte` in igzip_icf_body_h1_gr_bt.asm hashes a
register that still contains the address), so each process finds other matches. With 4 to 16 bytes, the table is correct
from the start, and the rest uses the same table. Archives get 0.14 % larger.
"""

_RAW: Final = -15
"""Deflate without a header, as in zip archives."""


class Packed(NamedTuple):
    """A compressed piece."""

    piece: Piece
    data: bytes
    method: int
    crc32: int
    digest: bytes
    seen: Seen
    """Facts about the file; empty except for its first piece."""


def pack(members: Sequence[Member], threads: int | None = None) -> Iterator[Packed]:
    """Yield all pieces of all members in order, compressed.

    Args:
        members: The files.
        threads: As for `in_order`.

    Raises:
        EntryError: A file cannot be read, or changes while it is packed.
    """
    for batch in in_order(_pack, piece_batches(members), threads):
        yield from batch


def _pack(batch: list[Piece]) -> list[Packed]:
    datas = [read(piece) for piece in batch]
    lacks_secret_words = all_lack_secret_words(data for data in datas if not is_binary(data))
    return [
        _pack_one(piece, data, lacks_secret_words=lacks_secret_words) for piece, data in zip(batch, datas, strict=True)
    ]


def _pack_one(piece: Piece, data: bytes, *, lacks_secret_words: bool) -> Packed:
    method, packed = _deflate(piece, data)
    seen = NOTHING
    if piece.offset == 0:
        member = piece.member
        # Only few files are opened again: to make a path for each takes longer than to look into most.
        seen = look(
            member.name, piece.size, data, lambda: member.source.open("rb"), lacks_secret_words=lacks_secret_words
        )
    return Packed(piece, packed, method, isal_zlib.crc32(data), hashlib.sha256(data).digest(), seen)


def _deflate(piece: Piece, data: bytes) -> tuple[int, bytes]:
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW)
    # A piece that is not the last ends on a whole byte, and the next one does not refer to it: so pieces can be joined
    # whichever thread compressed them.
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
