"""Requirements of an ELF file: machine, glibc and shared libraries.

This module reads what the dynamic loader reads, within fixed bounds. pyelftools, which the tests compare it with, takes
a millisecond for each file and has no bounds for a hostile file.

Source: Tool Interface Standard (TIS) ELF Specification 1.2; Linux Standard Base Core 5.0, "Symbol Versioning".
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from cdk_layers.contents.model import Native

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"\x7fELF"

_MACHINES: Final = {
    3: "i386", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390", 40: "arm", 62: "x86_64", 183: "arm64",
    243: "riscv", 258: "loongarch",
}  # fmt: skip
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRINGS, _VERSIONS = 1, 5, 0x6FFFFFFE
_GLIBC: Final = re.compile(rb"GLIBC_(\d{1,4})\.(\d{1,4})")
_RELATIVE_RELOCATIONS: Final = b"GLIBC_ABI_DT_RELR"
"""New in glibc 2.36; older loaders reject it."""

_MAX_SEGMENTS: Final = 256
_MAX_TAGS: Final = 4096
_MAX_VERSIONS: Final = 4096
_MAX_NAME_BYTES: Final = 256
_VERSION_BYTES: Final = 64 * 1024


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    length: int


class _Layout:
    """The positions of all fields, for one class (32 or 64 bits) and byte order."""

    def __init__(self, ident: bytes) -> None:
        order = ">" if ident[5] == 2 else "<"  # noqa: PLR2004 - ELFDATA2MSB
        self.wide = ident[4] == 2  # noqa: PLR2004 - ELFCLASS64
        self.header = struct.Struct(order + ("16x2HI3QI6H" if self.wide else "16x2HI3II6H"))
        self.segment = struct.Struct(order + ("2I6Q" if self.wide else "8I"))
        self.tag = struct.Struct(order + ("qQ" if self.wide else "iI"))
        self.need = struct.Struct(order + "2H3I")
        self.version = struct.Struct(order + "I2H2I")

    def read_segment(self, fields: tuple[int, ...]) -> _Segment:
        kind, offset, address, length = (fields[i] for i in ((0, 2, 3, 5) if self.wide else (0, 1, 2, 4)))
        return _Segment(kind, offset, address, length)


def read_native(path: str, file: BinaryIO) -> Native | None:
    """Return the requirements of an ELF file; None for any other file.

    Requirements that cannot be read from a damaged file are left out.

    Args:
        path: The path of the file in the result.
        file: All its bytes, at any position.
    """
    file.seek(0)
    ident = file.read(64)
    if ident[:4] != MAGIC or len(ident) < 52:  # noqa: PLR2004 - the shorter of the two headers
        return None
    layout = _Layout(ident)
    try:
        _, machine, _, _, segments_at, _, _, _, size, count, *_ = layout.header.unpack_from(ident)
        names, versions = _requirements(file, layout, _segments(file, layout, segments_at, size, count))
    except (struct.error, OSError, ValueError, OverflowError):
        machine, names, versions = layout.header.unpack_from(ident.ljust(64, b"\0"))[1], (), []
    return Native(path, _MACHINES.get(machine, f"machine {machine}"), max(versions, default=None), names)


def _segments(file: BinaryIO, layout: _Layout, at: int, size: int, count: int) -> list[_Segment]:
    if size != layout.segment.size:
        return []
    file.seek(at)
    table = file.read(size * min(count, _MAX_SEGMENTS))
    table = table[: len(table) // size * size]
    return [layout.read_segment(fields) for fields in layout.segment.iter_unpack(table)]


def _requirements(
    file: BinaryIO, layout: _Layout, segments: list[_Segment]
) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """Return the names of the needed libraries, and the needed versions of glibc."""
    tags = list(_tags(file, layout, segments))
    places = dict(tags)
    strings = _offset(segments, places.get(_STRINGS))
    if strings is None:
        return (), []
    names = tuple(_string(file, strings + value).decode("utf-8", "replace") for tag, value in tags if tag == _NEEDED)
    needs = _offset(segments, places.get(_VERSIONS))
    if needs is None:
        return names, []
    versions = (_glibc(_string(file, strings + name)) for name in _version_names(file, layout, needs))
    return names, [version for version in versions if version]


def _tags(file: BinaryIO, layout: _Layout, segments: list[_Segment]) -> Iterator[tuple[int, int]]:
    for segment in segments:
        if segment.kind == _DYNAMIC:
            file.seek(segment.offset)
            table = file.read(min(segment.length, _MAX_TAGS * layout.tag.size))
            for tag, value in layout.tag.iter_unpack(table[: len(table) // layout.tag.size * layout.tag.size]):
                if tag == 0:
                    return
                yield tag, value


def _offset(segments: list[_Segment], address: int | None) -> int | None:
    """Return the position in the file of an address of the loaded program."""
    if address is None:
        return None
    for segment in segments:
        if segment.kind == _LOAD and segment.address <= address < segment.address + segment.length:
            return segment.offset + address - segment.address
    return None


def _version_names(file: BinaryIO, layout: _Layout, offset: int) -> list[int]:
    """Return the positions, in the string table, of the symbol versions that the file needs."""
    file.seek(offset)
    table = file.read(_VERSION_BYTES)
    names: list[int] = []
    need = 0
    while len(names) < _MAX_VERSIONS and need + layout.need.size <= len(table):
        _, count, _, first, following = layout.need.unpack_from(table, need)
        at = need + first
        for _ in range(min(count, _MAX_VERSIONS)):
            if at + layout.version.size > len(table):
                break
            *_, name, step = layout.version.unpack_from(table, at)
            names.append(name)
            at += step
        if not following:
            break
        need += following
    return names


def _string(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    return file.read(_MAX_NAME_BYTES).partition(b"\0")[0]


def _glibc(version: bytes) -> tuple[int, int] | None:
    if version == _RELATIVE_RELOCATIONS:
        return 2, 36
    found = _GLIBC.match(version)
    return (int(found[1]), int(found[2])) if found else None
