"""Structures of zip archives, and the reader of their directories.

The standard library's zipfile has no limits for a hostile archive. `building/archives/zip_writer.py` is the writer.

Source: .ZIP File Format Specification (APPNOTE.TXT) 6.3.10.
"""

from __future__ import annotations

import os
import stat
import struct
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

STORED: Final = 0
DEFLATED: Final = 8
MAX_32_BITS: Final = 0xFFFFFFFF
MAX_16_BITS: Final = 0xFFFF
MAX_DIRECTORY_BYTES: Final = 32 * 1024**2
MAX_ENTRIES: Final = 200_000
"""Archives for Lambda have far fewer. This number takes 100 MB of memory."""

LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
DIRECTORY_RECORD: Final = struct.Struct("<4s6H3L5H2L")
END: Final = struct.Struct("<4s4H2LH")
END_64: Final = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64: Final = struct.Struct("<4sLQL")

UNIX: Final = 3
_WIDE_NUMBERS: Final = 0x0001
_ENCRYPTED: Final = 0x0001
UTF8: Final = 0x0800


class BrokenZipError(Exception):
    """A zip archive that cannot be read. The message is the end of a sentence that begins with the archive."""


class RefusedZipError(BrokenZipError):
    """A zip archive that is not read here, although Lambda may unpack it: an unusual form, or one beyond a bound."""


class Entry(NamedTuple):
    """One entry of an archive."""

    name: str
    mode: int
    """File type and permission bits, as st_mode; 0 if the archive was not made on Unix."""

    method: int
    crc32: int
    packed_bytes: int
    size: int
    offset: int
    """The position of its local header."""

    encrypted: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.name.endswith("/")

    @property
    def is_link(self) -> bool:
        """Whether it is a symlink; its bytes are the target."""
        return stat.S_ISLNK(self.mode)

    @property
    def end(self) -> int:
        """The position after its packed bytes, if `Writer` wrote its local header."""
        return self.offset + entry_bytes(self.name, self.packed_bytes)


def entry_bytes(name: str, packed_bytes: int) -> int:
    """Return the number of bytes that `Writer` writes for an entry, without its record in the directory."""
    return LOCAL_HEADER.size + len(name.encode()) + packed_bytes


def read_directory(file: BinaryIO) -> list[Entry]:
    """Return the entries of any archive in the order of its directory.

    Raises:
        BrokenZipError: It is not a zip archive, is cut off, or its directory is damaged.
        RefusedZipError: Its directory is too large or has an unusual form.
    """
    end, count, length, offset = _find_directory(file)
    start = end - length
    # Other bytes may precede the archive, such as a program that unpacks it; its offsets do not include these.
    shift = start - offset
    if start < 0 or shift < 0:
        message = "is cut off: its directory begins before the file does"
        raise BrokenZipError(message)
    if length > MAX_DIRECTORY_BYTES or count > MAX_ENTRIES:
        message = (
            f"has a directory of {count} entries in {length} bytes; no more than {MAX_ENTRIES} in "
            f"{MAX_DIRECTORY_BYTES} are read"
        )
        raise RefusedZipError(message)
    file.seek(start)
    entries = list(islice(_entries(file.read(length), shift), count + 1))
    if len(entries) != count:
        message = f"says that it has {count} entries, and has {'more' if len(entries) > count else len(entries)}"
        raise RefusedZipError(message)
    return entries


def _find_directory(file: BinaryIO) -> tuple[int, int, int, int]:
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - END.size - MAX_16_BITS)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - END.size + 4))
    if at < 0:
        message = "is not a zip archive, or is cut off"
        raise BrokenZipError(message)
    _, disk, first_disk, _, count, length, offset, _ = END.unpack_from(tail, at)
    if disk not in {0, MAX_16_BITS} or first_disk not in {0, MAX_16_BITS}:
        message = "is one of several parts"
        raise RefusedZipError(message)
    end = start + at
    if MAX_16_BITS in {count, disk} or MAX_32_BITS in {length, offset}:
        return _find_directory_64(file, end) or (end, count, length, offset)
    return end, count, length, offset


def _find_directory_64(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    start = end - LOCATOR_64.size - END_64.size
    if start < 0:
        return None
    file.seek(start)
    both = file.read(END_64.size + LOCATOR_64.size)
    if both[:4] != b"PK\6\6" or both[END_64.size :][:4] != b"PK\6\7":
        return None
    *_, count, length, offset = END_64.unpack_from(both)
    return start, count, length, offset


def _entries(records: bytes, shift: int) -> Iterator[Entry]:
    at, length, record_bytes = 0, len(records), DIRECTORY_RECORD.size
    unpack = DIRECTORY_RECORD.unpack_from
    while at < length:
        name_at = at + record_bytes
        if not records.startswith(b"PK\1\2", at) or name_at > length:
            message = "has a damaged directory"
            raise BrokenZipError(message)
        (
            _, made_by, _, flags, method, _, _, crc32, packed, size,
            name_length, extra_length, comment_length, _, _, attributes, offset,
        ) = unpack(records, at)  # fmt: skip
        extra_at = name_at + name_length
        at = extra_at + extra_length + comment_length
        if at > length:
            message = "has a damaged directory"
            raise BrokenZipError(message)
        name = _decoded(records[name_at:extra_at], flags).removeprefix("./")
        if MAX_32_BITS in (size, packed, offset):
            extra = records[extra_at : extra_at + extra_length]
            size, packed, offset = _wide_numbers(extra, size, packed, offset)
        mode = attributes >> 16 if made_by >> 8 == UNIX else 0
        yield Entry(name, mode, method, crc32, packed, size, offset + shift, flags & _ENCRYPTED != 0)


def _decoded(name: bytes, flags: int) -> str:
    if not flags & UTF8:
        # The same for nearly every name, and four times as fast.
        return name.decode("ascii" if name.isascii() else "cp437")
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        message = f"has a name that is not the UTF-8 it claims to be: {name[:80]!r}"
        raise RefusedZipError(message) from error


def _wide_numbers(extra: bytes, *numbers: int) -> list[int]:
    field = extra_field(extra, _WIDE_NUMBERS)
    if field is None:
        return list(numbers)
    wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
    return [next(wide, number) if number == MAX_32_BITS else number for number in numbers]


def extra_field(extra: bytes, wanted: int) -> bytes | None:
    """Return the field of a kind in the extra fields of an entry; None if there is none."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return None


def read_packed(file: BinaryIO, entry: Entry) -> int:
    """Move the position of a file to the packed bytes of an entry, and return it.

    Raises:
        BrokenZipError: There is no local header at the offset in the directory.
    """
    file.seek(entry.offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or header[:4] != b"PK\3\4":
        message = f"has no entry where its directory says that {entry.name!r} is"
        raise BrokenZipError(message)
    *_, name_length, extra_length = LOCAL_HEADER.unpack(header)
    return file.seek(entry.offset + LOCAL_HEADER.size + name_length + extra_length)
