"""Writer of zip archives from bytes that are compressed already, which the standard library's zipfile does not accept.

Source: .ZIP File Format Specification (APPNOTE.TXT) 6.3.10.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from cdk_layers.contents.zipformat import (
    DEFLATED,
    DIRECTORY_RECORD,
    END,
    END_64,
    LOCAL_HEADER,
    LOCATOR_64,
    MAX_16_BITS,
    MAX_32_BITS,
    UNIX,
    UTF8,
    Entry,
)
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VERSION: Final = 20
_VERSION_64: Final = 45
_FIRST_DAY: Final = 1 << 5 | 1
"""1980-01-01, the first day that a zip archive can record."""

_COPIED_AT_ONCE: Final = 1024**2


def _encoded(name: str) -> tuple[bytes, int]:
    return (name.encode(), 0) if name.isascii() else (name.encode(), UTF8)


def local_header(entry: Entry) -> bytes:
    """Return the local header of an entry, which precedes its packed bytes."""
    name, flags = _encoded(entry.name)
    return (
        LOCAL_HEADER.pack(
            b"PK\3\4", _VERSION, flags, entry.method, 0, _FIRST_DAY,
            entry.crc32, entry.packed_bytes, entry.size, len(name), 0,
        )
        + name
    )  # fmt: skip


class Writer:
    """Writer of a zip into a file.

    An entry or an archive of 4 GiB is rejected: that is 16 times Lambda's limit for unzipped bytes.
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
        """Write an entry whose packed bytes are written in blocks. Its header is written after the last block."""
        growing = Growing(self._file)
        start = self.offset
        self._file.seek(start + LOCAL_HEADER.size + len(name.encode()))
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
                f"The archive exceeds 4 GiB with {entry.name!r} ({entry.size} bytes), and Lambda's limit is "
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
    """The packed bytes of an entry whose size is not known yet."""

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
            DIRECTORY_RECORD.pack(
                b"PK\1\2", UNIX << 8 | _VERSION, _VERSION, flags, entry.method, 0, _FIRST_DAY,
                entry.crc32, entry.packed_bytes, entry.size, len(name), 0, 0, 0, 0, entry.mode << 16, entry.offset,
            )
            + name
        )  # fmt: skip
        length += len(record)
        yield record
    count = len(entries)
    if count >= MAX_16_BITS:
        size_of_rest = END_64.size - 12
        yield END_64.pack(
            b"PK\6\6", size_of_rest, UNIX << 8 | _VERSION_64, _VERSION_64, 0, 0, count, count, length, offset
        )
        yield LOCATOR_64.pack(b"PK\6\7", 0, offset + length, 1)
        count = MAX_16_BITS
    yield END.pack(b"PK\5\6", 0, 0, count, count, length, offset, 0)


def directory_bytes(names: Sequence[str]) -> int:
    """Return the number of bytes that `directory` yields for entries of these names."""
    wide = END_64.size + LOCATOR_64.size if len(names) >= MAX_16_BITS else 0
    return sum(DIRECTORY_RECORD.size + len(name.encode()) for name in names) + wide + END.size
