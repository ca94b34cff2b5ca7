"""Bytecode in a zip whose source has the time in the zip that the bytecode names, so that Python uses it.

Lambda keeps the times of a zip. Whether it takes the MS-DOS time, of 2 seconds' granularity, or that of Unix is not
verified, so one that agrees is enough. Folders are packed with fixed times by the CDK and AWS SAM.

Source: serverless-esbuild 539, which packs times for functions to read; aws-lambda-builders 924; importlib,
SourceFileLoader, which compares a source's time and size.
"""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, BinaryIO, Final

from cdk_layers.contents.inflation import inflated
from cdk_layers.contents.zipformat import read_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.contents.model import Mark
    from cdk_layers.contents.zipformat import Entry, Times

_CACHED: Final = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<module>[^/.]+)\.[^/]*\.pyc")
_TIME_AND_SIZE: Final = struct.Struct("<8x2L")
_32_BITS: Final = 0xFFFFFFFF


def used_bytecode(file: BinaryIO, entries: Mapping[str, Entry], marks: Iterable[Mark]) -> frozenset[str]:
    """Return the paths of timestamp bytecode in a zip that Python uses with the times in the zip.

    Args:
        file: The zip, open for reading.
        entries: Its entries by name.
        marks: Marks of files in it.
    """
    paths = [mark.path for mark in marks if mark.kind == "timestamp-bytecode"]
    times = read_times(file) if paths else {}
    return frozenset(path for path in paths if _is_used(file, entries, path, times))


def _is_used(file: BinaryIO, entries: Mapping[str, Entry], path: str, times: Mapping[str, Times]) -> bool:
    found = _CACHED.fullmatch(path)
    source = entries.get(f"{found['folder']}{found['module']}.py") if found else None
    if source is None:
        return False
    time, size = _TIME_AND_SIZE.unpack_from(next(inflated(file, entries[path], entries[path].size)))
    return size == source.size & _32_BITS and time in _seconds(times[source.name])


def _seconds(times: Times) -> Iterator[int]:
    """Yield the seconds since 1970 that a file may have when it is unpacked in UTC."""
    if times.unix is not None:
        yield times.unix
    day, time = times.dos_date, times.dos_time
    unpacked = (1980 + (day >> 9), day >> 5 & 0xF, day & 0x1F, time >> 11, time >> 5 & 0x3F, (time & 0x1F) * 2)
    with suppress(ValueError):
        yield int(datetime(*unpacked, tzinfo=timezone.utc).timestamp())
