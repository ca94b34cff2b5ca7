"""From files to a deterministic zip, compressed on all processors with bounded memory."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.build import pieces, record
from cdk_layers.build.blocks import digest_of, digest_of_blocks
from cdk_layers.build.contents import Contents, File
from cdk_layers.build.inspection import Findings
from cdk_layers.build.measure import measure
from cdk_layers.build.members import in_order_of_name
from cdk_layers.build.zipformat import Entry, Writer, read_directory
from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cdk_layers.build.inspection import Seen
    from cdk_layers.build.members import Member
    from cdk_layers.build.pieces import Packed

_WRITTEN_AT_ONCE: Final = 1024**2
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def write_archive(destination: Path, members: Sequence[Member]) -> str:
    """Write a zip that only the members' names, bytes and executability shape, and return its content's digest.

    Beside the archive (`archive.zip`) come the record of its contents (`archive.contents.json`, which
    `record.read_beside` reads) and the digests of its files (`archive.digests`), which `join_archives` reads.

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
        for member, group in groupby(pieces.pack(in_order_of_name(members)), key=lambda packed: packed.piece.member):
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
    record.path_beside(destination).write_text(record.to_json(contents), encoding="utf-8")
    _digests_beside(destination).write_bytes(b"".join(digests))
    return digest_of((entry.name, entry.mode, digest) for entry, digest in zip(entries, digests, strict=True))


def _digests_beside(archive: Path) -> Path:
    return archive.with_suffix(".digests")


class _Chosen(NamedTuple):
    """One entry of one part, which lands in the joined archive."""

    entry: Entry
    part: BinaryIO
    digest: bytes


def join_archives(destination: Path, parts: Sequence[Path]) -> str:
    """Merge archives of this project's into one, and return its content's digest.

    Nothing is compressed anew: entries are copied as they are. What `write_archive` leaves beside an archive lies
    beside this one too.

    Args:
        destination: The file to write; what is there is replaced.
        parts: Archives that `write_archive` or this function made. The last one wins where several have a name.

    Raises:
        BuildError: What lies beside a part does not fit it, or the archive would pass 4 GiB.
        OSError: A part cannot be read, or the archive cannot be written; the disk may be full.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(part.open("rb")) for part in parts]
        every = [one for part, file in zip(parts, files, strict=True) for one in _entries(part, file)]
        chosen = [one for _, one in sorted({one.entry.name: one for one in every}.items())]
        with destination.open("wb") as file:
            writer = Writer(file)
            for source, run in groupby(chosen, key=lambda one: one.part):
                writer.copy(source, [one.entry for one in run])
            writer.end()
    digests = [one.digest for one in chosen]
    contents = _joined_contents(parts) if len(every) == len(chosen) else measure(destination)
    return _finish(destination, writer.entries, digests, contents)


def _entries(part: Path, file: BinaryIO) -> list[_Chosen]:
    entries, digests = read_directory(file), _digests_beside(part).read_bytes()
    if len(digests) != len(entries) * _DIGEST_BYTES:
        message = f"The digests beside {str(part)!r} do not belong to it. Remove its folder and build again."
        raise BuildError(message)
    blocks = (digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES))
    return [_Chosen(entry, file, digest) for entry, digest in zip(entries, blocks, strict=True)]


def _joined_contents(parts: Sequence[Path]) -> Contents:
    """Return the contents of archives that have no name in common."""
    every = [record.read_beside(part) for part in parts]
    files = {path: file for one in every for path, file in one.files.items()}
    return Contents(
        unzipped_bytes=sum(one.unzipped_bytes for one in every),
        files=dict(sorted(files.items())),
        distributions=tuple(
            sorted((found for one in every for found in one.distributions), key=lambda one: (one.name, one.folder))
        ),
        natives=tuple(sorted((found for one in every for found in one.natives), key=lambda native: native.path)),
        marks=tuple(sorted((found for one in every for found in one.marks), key=lambda mark: mark.path)),
    )
