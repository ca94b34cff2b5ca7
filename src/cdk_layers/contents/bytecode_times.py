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
from zipfile import BadZipFile, ZipFile

from cdk_layers.contents.inflation import inflated
from cdk_layers.contents.zipformat import extra_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zipfile import ZipInfo

    from cdk_layers.contents.model import FileTrait
    from cdk_layers.contents.zipformat import Entry

COMPILE_COMMAND: Final = "python -m compileall -f --invalidation-mode unchecked-hash <folder>"
"""Compiles a folder by hand, to bytecode that Python uses whatever the times of the sources are."""

_CACHED: Final = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<module>[^/.]+)\.[^/]*\.pyc")
_TIME_AND_SIZE: Final = struct.Struct("<8x2L")
_UNIX_TIMES: Final = 0x5455
_FLAGS_AND_TIME: Final = struct.Struct("<BL")
_32_BITS: Final = 0xFFFFFFFF


def used_bytecode(file: BinaryIO, entries: Mapping[str, Entry], traits: Iterable[FileTrait]) -> frozenset[str]:
    """Return the paths of timestamp bytecode in a zip that Python uses with the times in the zip.

    Args:
        file: The zip, open for reading.
        entries: Its entries by name.
        traits: The traits of files in it.
    """
    paths = [trait.path for trait in traits if trait.kind == "timestamp-bytecode"]
    infos = _infos(file) if paths else {}
    return frozenset(path for path in paths if _is_used(file, entries, path, infos))


def _infos(file: BinaryIO) -> dict[str, ZipInfo]:
    """Return the entries of a zip by name; none where the standard library is stricter than `read_directory`."""
    with suppress(BadZipFile, NotImplementedError, ValueError, struct.error):
        return {info.filename.removeprefix("./"): info for info in ZipFile(file).infolist()}
    return {}


def _is_used(file: BinaryIO, entries: Mapping[str, Entry], path: str, infos: Mapping[str, ZipInfo]) -> bool:
    found = _CACHED.fullmatch(path)
    name = f"{found['folder']}{found['module']}.py" if found else ""
    source, info = entries.get(name), infos.get(name)
    if source is None or info is None:
        return False
    time, size = _TIME_AND_SIZE.unpack_from(next(inflated(file, entries[path], entries[path].size)))
    return size == source.size & _32_BITS and time in _seconds(info)


def _seconds(info: ZipInfo) -> Iterator[int]:
    """Yield the seconds since 1970 that a file may have when it is unpacked in UTC."""
    field = extra_field(info.extra, _UNIX_TIMES) or b""
    if len(field) >= _FLAGS_AND_TIME.size and field[0] & 1:
        yield int(_FLAGS_AND_TIME.unpack_from(field)[1])
    with suppress(ValueError):
        yield int(datetime(*info.date_time, tzinfo=timezone.utc).timestamp())
