"""Reader of the entries of an untrusted zip."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from isal import isal_zlib

from cdk_layers.contents.zipformat import DEFLATED, STORED, BrokenZipError, RefusedZipError, read_directory, read_packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.contents.zipformat import Entry

_READ_AT_ONCE: Final = 256 * 1024
_INFLATED_AT_ONCE: Final = 1024**2
_HEADER_BYTES: Final = 30
"""The least bytes of a local header, without the name."""

# The type hints of isal declare its error as an instance.
_Damaged = cast("type[Exception]", isal_zlib.error)


def checked_entries(file: BinaryIO) -> dict[str, Entry]:
    """Return the entries of an archive by name, the last one where several have the same name.

    Raises:
        BrokenZipError: It is not a zip, or it is damaged or encrypted.
        RefusedZipError: It is hostile, or has an unusual form.
    """
    entries = read_directory(file)
    size = file.seek(0, os.SEEK_END)
    for entry in entries:
        _check_name(entry.name)
        if entry.encrypted:
            message = f"is encrypted ({entry.name!r})"
            raise BrokenZipError(message)
        if entry.method not in {STORED, DEFLATED}:
            message = f"has an unsupported compression method: {entry.method} ({entry.name!r})"
            raise RefusedZipError(message)
        if entry.offset + _HEADER_BYTES + entry.packed_bytes > size:
            message = f"is cut off: {entry.name!r} would be behind its end"
            raise BrokenZipError(message)
    # With overlapping entries, a small archive could inflate to any size.
    by_offset = sorted(entries, key=lambda entry: entry.offset)
    for entry, following in pairwise(by_offset):
        if entry.offset + _HEADER_BYTES + len(entry.name) + entry.packed_bytes > following.offset:
            message = f"has entries that overlap: {entry.name!r} and {following.name!r}"
            raise RefusedZipError(message)
    return {entry.name: entry for entry in entries if entry.name}


def _check_name(name: str) -> None:
    if not name:
        return  # It was "./", the root itself.
    parts = name.removesuffix("/").split("/")
    if ".." in parts or "" in parts or "\0" in name or "\\" in name or name[1:2] == ":":
        message = f"has an unsafe path: {name[:200]!r}; paths have to be relative, with '/' and without '..'"
        raise RefusedZipError(message)


def inflated(file: BinaryIO, entry: Entry, most: int) -> Iterator[bytes]:
    """Yield the bytes of an entry in blocks of up to 1 MiB, and check them after the last block.

    Raises:
        BrokenZipError: They are damaged, or differ from the directory.
        RefusedZipError: There are more than `most`, or than the directory says.
    """
    crc32 = count = 0
    for block in _inflate(file, entry) if entry.method == DEFLATED else _stored(file, entry):
        count += len(block)
        if count > min(entry.size, most):
            message = f"has an entry of more bytes than its limit ({min(entry.size, most)}): {entry.name!r}"
            raise RefusedZipError(message)
        crc32 = isal_zlib.crc32(block, crc32)
        yield block
    if count != entry.size or crc32 != entry.crc32:
        message = f"is damaged: {entry.name!r} is not what the directory says"
        raise BrokenZipError(message)


def _stored(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    read_packed(file, entry)
    left = entry.packed_bytes
    while left > 0 and (data := file.read(min(left, _INFLATED_AT_ONCE))):
        left -= len(data)
        yield data


def _inflate(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    at, left = read_packed(file, entry), entry.packed_bytes
    inflator = isal_zlib.decompressobj(-15)
    waiting = b""
    while not inflator.eof:
        if not waiting and left:
            # The caller may read the same file between two blocks.
            file.seek(at)
            waiting = file.read(min(left, _READ_AT_ONCE))
            at, left = at + len(waiting), left - len(waiting)
        try:
            data = inflator.decompress(waiting, _INFLATED_AT_ONCE)
        except _Damaged as error:
            message = f"is damaged: {entry.name!r} cannot be inflated"
            raise BrokenZipError(message) from error
        if not data and waiting == inflator.unconsumed_tail:
            break
        waiting = inflator.unconsumed_tail
        if data:
            yield data
