"""What ELF files ask for: beside pyelftools on real wheels, and on untrusted bytes."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
import uv
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_layers.contents.elf import read_native
from cdk_layers.contents.inspection import look
from cdk_layers.contents.model import Native
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "x86_64-unknown-linux-musl")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return shared libraries of real wheels for two machines and two C libraries."""
    root = tmp_path_factory.mktemp("wheels")
    for platform in PLATFORMS:
        done = host.run(
            [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", root / platform, "--python-platform", platform,
             "--python-version", "3.13", "--only-binary", ":all:", "orjson==3.11.4", "markupsafe==3.0.3"]
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return sorted(root.rglob("*.so"))


def _by_pyelftools(path: Path) -> tuple[str, set[str], tuple[str, ...]]:
    with path.open("rb") as file:
        elf = ELFFile(file)
        versions = elf.get_section_by_name(".gnu.version_r")
        dynamic = elf.get_section_by_name(".dynamic")
        assert isinstance(dynamic, DynamicSection)
        wanted = set()
        if isinstance(versions, GNUVerNeedSection):
            wanted = {aux.name for _, auxiliaries in versions.iter_versions() for aux in auxiliaries}
        needed = tuple(str(tag.needed) for tag in dynamic.iter_tags("DT_NEEDED"))  # type: ignore[attr-defined]
        return elf["e_machine"], wanted, needed


def test_agrees_with_pyelftools(libraries: Sequence[Path]) -> None:
    """Machine, needed libraries and newest glibc of real libraries are those that a full parser finds."""
    machines = set()
    for path in libraries:
        machine, wanted, needed = _by_pyelftools(path)
        numbers = [name.removeprefix("GLIBC_").split(".") for name in wanted if name.startswith("GLIBC_2")]
        glibc = max(((int(number[0]), int(number[1])) for number in numbers), default=None)
        expected = {"EM_X86_64": "x86_64", "EM_AARCH64": "arm64"}[machine]
        with path.open("rb") as file:
            assert read_native("x.so", file) == Native("x.so", expected, glibc, needed)
        machines.add((expected, glibc is None))
    assert machines == {("x86_64", False), ("arm64", False), ("x86_64", True)}


def _elf(needs: Sequence[bytes], *, machine: int = 62, wide: bool = True, big: bool = False) -> bytes:
    """Return a minimal library that asks for versions of symbols of libc.so.6."""
    order = ">" if big else "<"
    strings = b"\0libc.so.6\0" + b"\0".join(needs) + b"\0"
    places = [strings.index(b"\0" + need + b"\0") + 1 for need in needs]
    head, segment, tag = (64, 56, 16) if wide else (52, 32, 8)
    strings_at = head + 2 * segment
    versions_at = strings_at + len(strings)
    versions = struct.pack(f"{order}2H3I", 1, len(needs), 1, 16, 0)
    for count, place in enumerate(places):
        versions += struct.pack(f"{order}I2H2I", 0, 0, 0, place, 16 if count < len(places) - 1 else 0)
    tags_at = versions_at + len(versions)
    base = 0x1000
    pairs = [(1, 1), (5, base + strings_at), (0x6FFFFFFE, base + versions_at), (0, 0)]
    tags = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *pair) for pair in pairs)
    total = tags_at + len(tags)
    if wide:
        segments = struct.pack(f"{order}2I6Q", 1, 5, 0, base, base, total, total, 1)
        segments += struct.pack(f"{order}2I6Q", 2, 5, tags_at, base + tags_at, 0, len(tags), len(tags), 1)
        header = struct.pack(f"{order}2HI3QI6H", 3, machine, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0)
    else:
        segments = struct.pack(f"{order}8I", 1, 0, base, base, total, total, 5, 1)
        segments += struct.pack(f"{order}8I", 2, tags_at, base + tags_at, 0, len(tags), len(tags), 5, 1)
        header = struct.pack(f"{order}2HI3II6H", 3, machine, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    made = ident + header + segments + strings + versions + tags
    assert len(made) == total
    assert len(tags) == 4 * tag
    return made


@pytest.mark.parametrize(
    ("needs", "glibc"),
    [
        ([b"GLIBC_2.2.5"], (2, 2)),
        ([b"GLIBC_2.34", b"GLIBC_2.4", b"GLIBC_2.17"], (2, 34)),
        ([b"GLIBC_2.4", b"GLIBC_ABI_DT_RELR"], (2, 36)),
        ([b"GLIBC_PRIVATE"], None),
        ([b"GLIBCXX_3.4.29", b"GCC_3.0"], None),
    ],
)
def test_newest_glibc(needs: list[bytes], glibc: tuple[int, int] | None) -> None:
    """Versions compare as numbers, only glibc's own count, and relative relocations ask for 2.36."""
    assert read_native("x.so", io.BytesIO(_elf(needs))) == Native("x.so", "x86_64", glibc, ("libc.so.6",))


@pytest.mark.parametrize(
    ("machine", "wide", "big", "name"),
    [(62, True, False, "x86_64"), (183, True, False, "arm64"), (40, False, False, "arm"), (21, True, True, "ppc64"),
     (4711, True, False, "machine 4711")],
)  # fmt: skip
def test_machines(machine: int, wide: bool, big: bool, name: str) -> None:
    """Both word sizes and byte orders are read, and an unknown machine is reported by its number."""
    data = _elf([b"GLIBC_2.28"], machine=machine, wide=wide, big=big)
    assert read_native("x", io.BytesIO(data)) == Native("x", name, (2, 28), ("libc.so.6",))


def test_tables_after_the_head_of_a_library() -> None:
    """The tables of a large library are behind the bytes that are read first."""
    data = _elf([b"GLIBC_2.28"])
    seen = look("x.so", len(data), data[:64], lambda: io.BytesIO(data))
    assert seen.native == Native("x.so", "x86_64", (2, 28), ("libc.so.6",))


def test_what_is_no_elf_file_is_none() -> None:
    """Text, nothing, and the four bytes of the magic number alone are no native code."""
    for data in (b"", b"#!/bin/sh\n" * 10, b"\x7fELF", b"\x7fELF" + bytes(40)):
        assert read_native("x", io.BytesIO(data)) is None


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damaged_files_tell_what_they_can(data: st.DataObject) -> None:
    """Whatever is overwritten or cut off, reading ends with a result and without an error."""
    made = bytearray(_elf([b"GLIBC_2.34", b"GLIBC_2.17"]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(made) - 8))
        value = data.draw(st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1))
        made[at : at + 8] = value.to_bytes(8, "little")
    cut = bytes(made[: data.draw(st.integers(0, len(made)))])
    native = read_native("x", io.BytesIO(cut))
    assert native is None or native.path == "x"


@pytest.mark.parametrize(("count", "glibc"), [(65535, (2, 34)), (0, None)])
def test_versions_that_lead_in_a_circle_end(count: int, glibc: tuple[int, int] | None) -> None:
    """Records that refer to themselves are followed a bounded number of times."""
    made = bytearray(_elf([b"GLIBC_2.34"]))
    at = made.index(struct.pack("<2H3I", 1, 1, 1, 16, 0))
    made[at : at + 16] = struct.pack("<2H3I", 1, count, 1, 16, 0)
    assert read_native("x", io.BytesIO(bytes(made))) == Native("x", "x86_64", glibc, ("libc.so.6",))
