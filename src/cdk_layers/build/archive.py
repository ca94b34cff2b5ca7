"""From files to a deterministic zip, compressed on all processors with bounded memory.

The digest of a content is independent of how it was compressed: a newer compressor makes other archives, and must not
make other layer versions. It is a SHA-256 over the names, modes and digests of all files, sorted by name; a file's
digest is the SHA-256 over those of its blocks of 1 MiB, so that the blocks of a large file are hashed at once.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from isal import isal_zlib

from cdk_layers.build import pieces, record
from cdk_layers.build.contents import Contents, File
from cdk_layers.build.inspection import Findings
from cdk_layers.build.measure import measure
from cdk_layers.build.pieces import Member
from cdk_layers.build.tree import walk
from cdk_layers.build.zipformat import Entry, Writer, read_directory
from cdk_layers.errors import BuildError, EntryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.build.inspection import Seen
    from cdk_layers.build.pieces import Packed
    from cdk_layers.build.tree import Node

__all__ = ["Member", "collect", "content_digest", "join_archives", "write_archive"]

_PLAIN: Final = 0o100644
_PROGRAM: Final = 0o100755
_WRITTEN_AT_ONCE: Final = 1024**2
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def collect(root: Path, prefix: str = "", *, excluded: Callable[[str], bool] | None = None) -> list[Member]:
    """Return the files of a folder, sorted by their names in the archive.

    Symlinks to files and folders inside the folder become what they lead to.

    Args:
        root: The folder.
        prefix: The folder of the archive that they land in, such as "python"; "" for its root.
        excluded: Gets the POSIX path relative to the root, with a trailing "/" for folders; true leaves it out.

    Raises:
        EntryError: There is something that cannot land in an archive: a symlink that leaves the folder, leads to
            nothing or in a circle, a file that cannot be read, a socket, a device.
    """
    members = []
    for node in walk(root, excluded):
        if node.status is None:
            raise _refusal(root, node)
        if not node.is_folder:
            name = f"{prefix}/{node.name}" if prefix else node.name
            members.append(Member(name, node.path, bool(node.status.st_mode & 0o100), node.status.st_size))
    return sorted(members, key=lambda member: member.name)


def _refusal(root: Path, node: Node) -> EntryError:
    what = f"The symlink {node.name!r} -> {node.link!r}" if node.link is not None else f"{node.name or '.'!r}"
    remedy = {
        "leaves the folder": "Copy what it leads to into the folder",
        "cannot be read": "Make it readable for the user who builds",
    }.get(node.trouble or "", "Remove it")
    message = f"{what} in {str(root)!r} {node.trouble}, so it cannot land in an archive. {remedy}, or exclude it."
    return EntryError(message)


def content_digest(members: Sequence[Member]) -> str:
    """Return the digest that an archive of these members will have, without making it.

    Raises:
        EntryError: A file cannot be read, or two members have one name.
    """
    named: list[tuple[str, int, bytes]] = []
    for member, group in groupby(pieces.digests(_sorted(members)), key=lambda found: found[0].member):
        named.append((member.name, _mode(member), _file_digest(digest for _, digest in group)))
    return _digest(named)


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
        for member, group in groupby(pieces.pack(_sorted(members)), key=lambda packed: packed.piece.member):
            seen, blocks = _add(writer, group)
            digests.append(_file_digest(blocks))
            entry = writer.entries[-1]
            findings.add(member.name, File(entry.size, entry.crc32, entry.mode & 0o777), seen)
        writer.end()
    return _finish(destination, writer.entries, digests, findings.contents())


def _sorted(members: Sequence[Member]) -> list[Member]:
    ordered = sorted(members, key=lambda member: member.name)
    for one, other in pairwise(ordered):
        if one.name == other.name:
            message = (
                f"Two files would land in the archive as {one.name!r}: {str(one.source)!r} and {str(other.source)!r}. "
                "Rename or exclude one of them."
            )
            raise EntryError(message)
    return ordered


def _mode(member: Member) -> int:
    return _PROGRAM if member.executable else _PLAIN


def _add(writer: Writer, group: Iterator[Packed]) -> tuple[Seen, list[bytes]]:
    """Write all pieces of one file, and return what it showed and the digests of its blocks."""
    first = next(group)
    member, size = first.piece.member, first.piece.size
    if first.piece.is_whole:
        entry = Entry(member.name, _mode(member), first.method, first.crc32, len(first.data), size, writer.offset)
        writer.add(entry, first.data)
        return first.seen, [first.digest]
    crc32, blocks = first.crc32, [first.digest]
    with writer.growing(member.name, _mode(member), size) as growing:
        growing.write(first.data)
        for packed in group:
            growing.write(packed.data)
            blocks.append(packed.digest)
            crc32 = isal_zlib.crc32_combine(crc32, packed.crc32, packed.piece.length)
        growing.crc32 = crc32
    return first.seen, blocks


def _file_digest(blocks: Iterable[bytes]) -> bytes:
    return hashlib.sha256(b"".join(blocks)).digest()


def _digest(named: Iterable[tuple[str, int, bytes]]) -> str:
    seen = hashlib.sha256()
    for name, mode, digest in named:
        encoded = name.encode()
        seen.update(b"%d:%b:%o:%b" % (len(encoded), encoded, mode, digest))
    return seen.hexdigest()


def _finish(destination: Path, entries: Sequence[Entry], digests: Sequence[bytes], contents: Contents) -> str:
    record.path_beside(destination).write_text(record.to_json(contents), encoding="utf-8")
    _digests_beside(destination).write_bytes(b"".join(digests))
    return _digest((entry.name, entry.mode, digest) for entry, digest in zip(entries, digests, strict=True))


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
