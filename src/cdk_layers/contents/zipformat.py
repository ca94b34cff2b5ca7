"""Structures of a zip archive, as far as a layer needs them.

The standard library's zipfile does not accept bytes that are compressed already, and has no bounds for a hostile
archive.

Source: .ZIP File Format Specification (APPNOTE.TXT) 6.3.10.
"""

from __future__ import annotations

import os
import stat
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORED: Final = 0
DEFLATED: Final = 8
MAX_32_BITS: Final = 0xFFFFFFFF
MAX_16_BITS: Final = 0xFFFF
MAX_DIRECTORY_BYTES: Final = 32 * 1024**2
MAX_ENTRIES: Final = 200_000
"""Archives for Lambda have far fewer; this many take 100 MB of memory."""

_COPIED_AT_ONCE: Final = 1024**2

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")

_UNIX: Final = 3
_VERSION: Final = 20
_VERSION_64: Final = 45
_ENCRYPTED: Final = 0x0001
_UTF8: Final = 0x0800
_FIRST_DAY: Final = 1 << 5 | 1
"""1980-01-01, the first day that a zip archive can record."""


class BrokenZipError(Exception):
    """A zip archive that cannot be read; the message continues a sentence that begins with the archive."""


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
        """The position after its packed bytes, if this module wrote its local header."""
        return self.offset + entry_bytes(self.name, self.packed_bytes)


def entry_bytes(name: str, packed_bytes: int) -> int:
    """Return the number of bytes that `Writer` writes for an entry, without its record in the directory."""
    return _LOCAL.size + len(name.encode()) + packed_bytes


def _encoded(name: str) -> tuple[bytes, int]:
    return (name.encode(), 0) if name.isascii() else (name.encode(), _UTF8)


def local_header(entry: Entry) -> bytes:
    """Return the local header of an entry, which precedes its packed bytes."""
    name, flags = _encoded(entry.name)
    return (
        _LOCAL.pack(
            b"PK\3\4", _VERSION, flags, entry.method, 0, _FIRST_DAY,
            entry.crc32, entry.packed_bytes, entry.size, len(name), 0,
        )
        + name
    )  # fmt: skip


class Writer:
    """Writer of a zip into a file.

    An entry, or an archive, of 4 GiB is rejected: that is 16 times the limit of Lambda for unzipped bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin a zip at the start of a file."""
        self._file = file
        self.offset = 0
        """The position of the next entry."""
        self.entries: list[Entry] = []

    def add(self, entry: Entry, data: bytes) -> None:
        """Write an entry with its packed bytes."""
        self._append(entry)
        self._file.write(local_header(entry) + data)

    @contextmanager
    def growing(self, name: str, mode: int, size: int) -> Iterator[Growing]:
        """Write an entry whose packed bytes arrive in blocks; its header is written after the last one."""
        growing = Growing(self._file)
        start = self.offset
        self._file.seek(start + _LOCAL.size + len(name.encode()))
        yield growing
        entry = Entry(name, mode, DEFLATED, growing.crc32, growing.packed_bytes, size, start)
        self._append(entry)
        self._file.seek(start)
        self._file.write(local_header(entry))
        self._file.seek(self.offset)

    def copy(self, source: BinaryIO, entry: Entry, name: str) -> None:
        """Copy an entry of another archive that this class wrote, under a name.

        Raises:
            BuildError: The other archive is cut off.
        """
        copied = entry._replace(name=name, offset=self.offset)
        self._append(copied)
        self._file.write(local_header(copied))
        source.seek(entry.end - entry.packed_bytes)
        left = entry.packed_bytes
        while left and (data := source.read(min(_COPIED_AT_ONCE, left))):
            self._file.write(data)
            left -= len(data)
        if left:
            message = f"{source.name!r} is cut off. Remove its folder and build again."
            raise BuildError(message)

    def _append(self, entry: Entry) -> None:
        self.offset = entry.end
        if max(entry.size, self.offset) >= MAX_32_BITS:
            message = (
                f"The archive passes 4 GiB with {entry.name!r} ({entry.size} bytes), and Lambda's limit is "
                f"{MAX_UNZIPPED_BYTES} bytes unzipped. Exclude files that it does not need."
            )
            raise BuildError(message)
        self.entries.append(entry)

    def end(self) -> None:
        """Write the directory, which follows all entries."""
        for record in directory(self.entries, self.offset):
            self._file.write(record)


@dataclass(slots=True)
class Growing:
    """The packed bytes of an entry whose count is not known yet."""

    file: BinaryIO
    packed_bytes: int = 0
    crc32: int = 0
    """The caller sets it before the end."""

    def write(self, data: bytes) -> None:
        """Append packed bytes."""
        self.packed_bytes += self.file.write(data)


def directory(entries: Sequence[Entry], offset: int) -> Iterator[bytes]:
    """Yield the records of the directory, which begins at `offset`, and of the end of the archive."""
    length = 0
    for entry in entries:
        name, flags = _encoded(entry.name)
        record = (
            _CENTRAL.pack(
                b"PK\1\2", _UNIX << 8 | _VERSION, _VERSION, flags, entry.method, 0, _FIRST_DAY,
                entry.crc32, entry.packed_bytes, entry.size, len(name), 0, 0, 0, 0, entry.mode << 16, entry.offset,
            )
            + name
        )  # fmt: skip
        length += len(record)
        yield record
    count = len(entries)
    if count >= MAX_16_BITS:
        size_of_rest = _END_64.size - 12
        yield _END_64.pack(
            b"PK\6\6", size_of_rest, _UNIX << 8 | _VERSION_64, _VERSION_64, 0, 0, count, count, length, offset
        )
        yield _LOCATOR_64.pack(b"PK\6\7", 0, offset + length, 1)
        count = MAX_16_BITS
    yield _END.pack(b"PK\5\6", 0, 0, count, count, length, offset, 0)


def directory_bytes(names: Sequence[str]) -> int:
    """Return the number of bytes that `directory` yields for entries of these names."""
    wide = _END_64.size + _LOCATOR_64.size if len(names) >= MAX_16_BITS else 0
    return sum(_CENTRAL.size + len(name.encode()) for name in names) + wide + _END.size


def read_directory(file: BinaryIO) -> list[Entry]:
    """Return the entries of any archive in the order of its directory.

    Raises:
        BrokenZipError: It is not a zip archive, is cut off, or its directory is too large.
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
        raise BrokenZipError(message)
    file.seek(start)
    entries = list(islice(_entries(file.read(length), shift), count + 1))
    if len(entries) != count:
        message = f"says that it has {count} entries, and has {'more' if len(entries) > count else len(entries)}"
        raise BrokenZipError(message)
    return entries


def _find_directory(file: BinaryIO) -> tuple[int, int, int, int]:
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END.size - MAX_16_BITS)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _END.size + 4))
    if at < 0:
        message = "is not a zip archive, or is cut off"
        raise BrokenZipError(message)
    _, disk, first_disk, _, count, length, offset, _ = _END.unpack_from(tail, at)
    if disk not in {0, MAX_16_BITS} or first_disk not in {0, MAX_16_BITS}:
        message = "is one of several parts"
        raise BrokenZipError(message)
    end = start + at
    if MAX_16_BITS in {count, disk} or MAX_32_BITS in {length, offset}:
        return _find_directory_64(file, end) or (end, count, length, offset)
    return end, count, length, offset


def _find_directory_64(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    start = end - _LOCATOR_64.size - _END_64.size
    if start < 0:
        return None
    file.seek(start)
    both = file.read(_END_64.size + _LOCATOR_64.size)
    if both[:4] != b"PK\6\6" or both[_END_64.size :][:4] != b"PK\6\7":
        return None
    *_, count, length, offset = _END_64.unpack_from(both)
    return start, count, length, offset


def _entries(records: bytes, shift: int) -> Iterator[Entry]:
    at = 0
    while at < len(records):
        if records[at : at + 4] != b"PK\1\2" or at + _CENTRAL.size > len(records):
            message = "has a damaged directory"
            raise BrokenZipError(message)
        (
            _, made_by, _, flags, method, _, _, crc32, packed, size,
            name_length, extra_length, comment_length, _, _, attributes, offset,
        ) = _CENTRAL.unpack_from(records, at)  # fmt: skip
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_length
        at = extra_at + extra_length + comment_length
        if at > len(records):
            message = "has a damaged directory"
            raise BrokenZipError(message)
        name = _decoded(records[name_at:extra_at], flags).removeprefix("./")
        if MAX_32_BITS in {size, packed, offset}:
            extra = records[extra_at : extra_at + extra_length]
            size, packed, offset = _wide_numbers(extra, size, packed, offset)
        mode = attributes >> 16 if made_by >> 8 == _UNIX else 0
        yield Entry(name, mode, method, crc32, packed, size, offset + shift, encrypted=bool(flags & _ENCRYPTED))


def _decoded(name: bytes, flags: int) -> str:
    if not flags & _UTF8:
        return name.decode("cp437")
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        message = f"has a name that is not the UTF-8 it claims to be: {name[:80]!r}"
        raise BrokenZipError(message) from error


def _wide_numbers(extra: bytes, *numbers: int) -> list[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            return [next(wide, number) if number == MAX_32_BITS else number for number in numbers]
        at += 4 + length
    return list(numbers)


def read_packed(file: BinaryIO, entry: Entry) -> int:
    """Move the position of a file to the packed bytes of an entry, and return it.

    Raises:
        BrokenZipError: There is no local header at the offset in the directory.
    """
    file.seek(entry.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        message = f"has no entry where its directory says that {entry.name!r} is"
        raise BrokenZipError(message)
    *_, name_length, extra_length = _LOCAL.unpack(header)
    return file.seek(entry.offset + _LOCAL.size + name_length + extra_length)
