"""Deterministic zips from files, compressed on all processors with bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isal import isal_zlib

from cdk_layers.building.archives import compression
from cdk_layers.building.archives.hashing import digest_of, digest_of_blocks
from cdk_layers.building.archives.members import in_order_of_name
from cdk_layers.building.archives.zip_writer import Writer
from cdk_layers.contents.inspection import ContentsBuilder
from cdk_layers.contents.model import Contents, File
from cdk_layers.contents.zipformat import Entry
from cdk_layers.store import contents_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.compression import Packed
    from cdk_layers.building.archives.members import Member
    from cdk_layers.contents.inspection import Seen

_WRITTEN_AT_ONCE: Final = 1024**2


def write_archive(destination: Path, members: Sequence[Member], threads: int | None = None) -> str:
    """Write a zip and return the digest of its content, both of which depend only on names, bytes and executable bits.

    It also writes, next to the archive (`archive.zip`), its contents (`archive.contents.json`, which
    `contents_json.read_beside` reads) and the digests of its files (`archive.digests`, which `Join` reads).

    Args:
        destination: The file to write or replace.
        members: The files, in any order, with different names.
        threads: How many threads pack. Defaults to one for each processor.

    Raises:
        EntryError: A file cannot be read or changes while it is packed, or two members have one name.
        BuildError: A file or the archive exceeds 4 GiB.
        OSError: The archive cannot be written; the disk may be full.
    """
    ordered = in_order_of_name(members)
    packed = compression.pack(ordered, threads)
    builder, digests = ContentsBuilder(), []
    with destination.open("wb", buffering=_WRITTEN_AT_ONCE) as file:
        writer = Writer(file)
        for member in ordered:
            seen, blocks = _add(writer, packed)
            digests.append(digest_of_blocks(blocks))
            entry = writer.entries[-1]
            builder.add(member.name, File(entry.size, entry.crc32, entry.mode & 0o777), seen)
        writer.end()
    return _finish(destination, writer.entries, digests, builder.contents())


def _add(writer: Writer, packed: Iterator[Packed]) -> tuple[Seen, list[bytes]]:
    """Write all pieces of the next file, and return the facts about it and the digests of its blocks."""
    first = last = next(packed)
    member, size = first.piece.member, first.piece.size
    if first.piece.is_whole:
        entry = Entry(member.name, member.mode, first.method, first.crc32, len(first.data), size, writer.offset)
        writer.add(entry, first.data)
        return first.seen, [first.digest]
    crc32, blocks = first.crc32, [first.digest]
    with writer.growing(member.name, member.mode, size) as growing:
        growing.write(first.data)
        while not last.piece.is_last:
            last = next(packed)
            growing.write(last.data)
            blocks.append(last.digest)
            crc32 = isal_zlib.crc32_combine(crc32, last.crc32, last.piece.length)
        growing.crc32 = crc32
    return first.seen, blocks


def _finish(destination: Path, entries: Sequence[Entry], digests: Sequence[bytes], contents: Contents) -> str:
    contents_json.path_beside(destination).write_text(contents_json.to_json(contents), encoding="utf-8")
    contents_json.digests_beside(destination).write_bytes(b"".join(digests))
    return digest_of((entry.name, entry.mode, digest) for entry, digest in zip(entries, digests, strict=True))
