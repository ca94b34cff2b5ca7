"""Archives of the cases of rules: text files, links, and the files of wheels."""

from __future__ import annotations

import stat
import subprocess
import zipfile
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

import uv

_MEBIBYTE: Final = 1024 * 1024
HANDLER: Final = "def handler(event, context):\n    return event\n"


@dataclass(frozen=True)
class Text:
    """One text file of an archive, or a symlink with the text as its target."""

    path: str
    text: str | bytes = ""
    mode: int = stat.S_IFREG | 0o644


@dataclass(frozen=True)
class Wheel:
    """One distribution as uv installs it."""

    requirement: str
    platform: str = "x86_64-manylinux_2_28"
    python: str = "3.13"
    only: str = "**/*"
    """Which of its files are taken: a pattern of pathlib's."""


Pieces = tuple[Text | Wheel, ...]


def distribution(name: str, version: str, *metadata: str) -> Pieces:
    """Return the files of a distribution that was not built."""
    folder = f"python/{name}-{version}.dist-info"
    lines = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, "")
    record = "".join(f"{path},,\n" for path in (f"{name}/__init__.py", f"{name}-{version}.dist-info/METADATA"))
    return (
        Text(f"python/{name}/__init__.py", f"version = {version!r}\n"),
        Text(f"{folder}/METADATA", "\n".join(lines)),
        Text(f"{folder}/RECORD", record),
    )


@cache
def archive_of_zeros(mebibytes: int) -> bytes:
    """Return a small archive that is large when it is unzipped."""
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, text in (("main.py", HANDLER), ("python/zeros/__init__.py", "")):
            archive.writestr(_entry(path, stat.S_IFREG | 0o644), text)
        zeros = _entry("python/zeros/zeros.bin", stat.S_IFREG | 0o644)
        zeros.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(zeros, "w") as file:
            for _ in range(mebibytes):
                file.write(bytes(_MEBIBYTE))
    return whole.getvalue()


def write_archive(path: Path, pieces: Pieces) -> None:
    """Write the archive with these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for piece in pieces:
            if isinstance(piece, Wheel):
                _install(piece, archive)
            else:
                text = piece.text.encode() if isinstance(piece.text, str) else piece.text
                archive.writestr(_entry(piece.path, piece.mode), text)


def _entry(path: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def _install(wheel: Wheel, archive: zipfile.ZipFile) -> None:
    with TemporaryDirectory() as target:
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        place = ["--target", target, "--python-platform", wheel.platform, "--python-version", wheel.python]
        subprocess.run([*command, *place, wheel.requirement], check=True)
        for path in sorted(Path(target).glob(wheel.only)):
            if path.is_file() and path.name != ".lock":
                inside = PurePosixPath("python", path.relative_to(target).as_posix())
                archive.writestr(_entry(str(inside), stat.S_IFREG | 0o644), path.read_bytes())
