"""From files to a deterministic zip, compressed on all processors with bounded memory."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from isal import isal_zlib

from cdk_layers.building.archives import compression
from cdk_layers.building.archives.hashing import digest_of, digest_of_blocks
from cdk_layers.building.archives.members import in_order_of_name
from cdk_layers.contents.inspection import Findings
from cdk_layers.contents.model import Contents, File
from cdk_layers.contents.zipformat import Entry, Writer
from cdk_layers.store import contents_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.compression import Packed
    from cdk_layers.building.archives.members import Member
    from cdk_layers.contents.inspection import Seen

_WRITTEN_AT_ONCE: Final = 1024**2


def write_archive(destination: Path, members: Sequence[Member]) -> str:
    """Write a zip that only the members' names, bytes and executability shape, and return its content's digest.

    Beside the archive (`archive.zip`) come the record of its contents (`archive.contents.json`, which
    `record.read_beside` reads) and the digests of its files (`archive.digests`), which `joining.Join` reads.

    Args:
        destination: The file to write; what is there is replaced.
        members: The files, in any order; no name twice.

    Raises:
        EntryError: A file cannot be read or changes meanwhile, or two members have one name.
        BuildError: A file or the archive would pass 4 GiB.
        OSError: The archive cannot be written; the disk may be full.
    """
    findings, digests = Findings(), []
    with destination.open("wb", buffering=_WRITTEN_AT_ONCE) as file:
        writer = Writer(file)
        packed = compression.pack(in_order_of_name(members))
        for member, group in groupby(packed, key=lambda each: each.piece.member):
            seen, blocks = _add(writer, group)
            digests.append(digest_of_blocks(blocks))
            entry = writer.entries[-1]
            findings.add(member.name, File(entry.size, entry.crc32, entry.mode & 0o777), seen)
        writer.end()
    return _finish(destination, writer.entries, digests, findings.contents())


def _add(writer: Writer, group: Iterator[Packed]) -> tuple[Seen, list[bytes]]:
    """Write all pieces of one file, and return what it showed and the digests of its blocks."""
    first = next(group)
    member, size = first.piece.member, first.piece.size
    if first.piece.is_whole:
        entry = Entry(member.name, member.mode, first.method, first.crc32, len(first.data), size, writer.offset)
        writer.add(entry, first.data)
        return first.seen, [first.digest]
    crc32, blocks = first.crc32, [first.digest]
    with writer.growing(member.name, member.mode, size) as growing:
        growing.write(first.data)
        for packed in group:
            growing.write(packed.data)
            blocks.append(packed.digest)
            crc32 = isal_zlib.crc32_combine(crc32, packed.crc32, packed.piece.length)
        growing.crc32 = crc32
    return first.seen, blocks


def _finish(destination: Path, entries: Sequence[Entry], digests: Sequence[bytes], contents: Contents) -> str:
    contents_json.path_beside(destination).write_text(contents_json.to_json(contents), encoding="utf-8")
    contents_json.digests_beside(destination).write_bytes(b"".join(digests))
    return digest_of((entry.name, entry.mode, digest) for entry, digest in zip(entries, digests, strict=True))
