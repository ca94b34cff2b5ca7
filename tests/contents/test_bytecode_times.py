"""Bytecode in zips, which keep the times of sources."""

from __future__ import annotations

import os
import py_compile
import struct
import sys
import time
import zipfile
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

import pytest

from cdk_layers.contents.measure import measure

if TYPE_CHECKING:
    from pathlib import Path

EVEN = 1_700_000_000
SOURCE, BYTECODE = "python/a.py", f"python/__pycache__/a.{sys.implementation.cache_tag}.pyc"


def make_zip(folder: Path, modified: int, *, dos: int, unix: int | None = None, text: str = "a = 1\n") -> Path:
    """Return a zip with a module of one text and the bytecode of "a = 1", made when the module was modified."""
    source, bytecode, archive = folder / "a.py", folder / "a.pyc", folder / "layer.zip"
    source.write_text("a = 1\n")
    os.utime(source, (modified, modified))
    py_compile.compile(str(source), str(bytecode), invalidation_mode=PycInvalidationMode.TIMESTAMP)
    entry = zipfile.ZipInfo(SOURCE, time.gmtime(dos)[:6])
    if unix is not None:
        entry.extra = struct.pack("<2HBL", 0x5455, 5, 1, unix)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(entry, text)
        file.writestr(BYTECODE, bytecode.read_bytes())
    return archive


def stale(archive: Path) -> list[str]:
    """Return the paths of timestamp bytecode in an archive."""
    return [trait.path for trait in measure(archive).traits if trait.kind == "timestamp-bytecode"]


@pytest.mark.parametrize(
    ("modified", "dos", "unix"),
    [(EVEN, EVEN, None), (EVEN + 1, EVEN + 7200, EVEN + 1), (EVEN, 315_532_800, EVEN)],
)
def test_bytecode_with_the_time_of_its_source_is_used(
    modified: int, dos: int, unix: int | None, tmp_path: Path
) -> None:
    """A zip that the user made with `zip -r` keeps the times that pip's bytecode was made for."""
    assert stale(make_zip(tmp_path, modified, dos=dos, unix=unix)) == []


@pytest.mark.parametrize(
    ("modified", "dos", "unix"),
    [(EVEN + 1, EVEN, None), (EVEN, EVEN + 3600, None), (EVEN, 315_532_800, None), (EVEN, EVEN + 2, EVEN + 1)],
)
def test_bytecode_with_another_time_is_stale(modified: int, dos: int, unix: int | None, tmp_path: Path) -> None:
    """Odd seconds, local times and fixed times are lost in a zip without the times of Unix."""
    assert stale(make_zip(tmp_path, modified, dos=dos, unix=unix)) == [BYTECODE]


def test_bytecode_of_another_text_or_of_no_source_is_stale(tmp_path: Path) -> None:
    """Python compares the size of the source too."""
    assert stale(make_zip(tmp_path, EVEN, dos=EVEN, text="a = 1000\n")) == [BYTECODE]
    archive = make_zip(tmp_path, EVEN, dos=EVEN)
    content = archive.read_bytes()
    archive.write_bytes(content.replace(SOURCE.encode(), b"python/b.py"))
    assert stale(archive) == [BYTECODE]


def test_impossible_times_are_other_times(tmp_path: Path) -> None:
    """A damaged or hostile date is not an error."""
    archive = make_zip(tmp_path, EVEN, dos=EVEN)
    content = archive.read_bytes()
    record = content.index(b"PK\1\2")
    archive.write_bytes(content[: record + 12] + b"\xff\xff\xff\xff" + content[record + 16 :])
    assert stale(archive) == [BYTECODE]


def test_a_zip_that_the_standard_library_refuses(tmp_path: Path) -> None:
    """Its bytecode counts as stale: an entry says that unpacking it needs a version that does not exist."""
    archive = make_zip(tmp_path, EVEN, dos=EVEN)
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"PK\1\2") + 6] = 0xFF
    archive.write_bytes(content)
    with pytest.raises(NotImplementedError):
        zipfile.ZipFile(archive)
    assert stale(archive) == [BYTECODE]
