"""Builds from source that make something for this machine instead of the target."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import DependencyError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

_ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0)
"""The header of a shared object for aarch64."""

_BACKEND = f"""\
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "native-1.0-py3-none-any.whl"
    info = "native-1.0.dist-info"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.writestr("native/__init__.py", "import native.fast")
        archive.writestr("native/FILE", {_ELF!r})
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: native\\nVersion: 1.0\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        rows = ["native/__init__.py", "native/FILE", *(info + "/" + one for one in ("METADATA", "WHEEL", "RECORD"))]
        archive.writestr(info + "/RECORD", "".join(row + ",,\\n" for row in rows))
    return name
"""


@pytest.mark.parametrize("name", ["fast.cpython-313-aarch64-linux-gnu.so", "fast.abi3.so"])
def test_what_was_built_for_another_machine(tmp_path: Path, store: LocalStore, name: str) -> None:
    """What an allowed build from source compiled for another machine is refused, though its wheel says "any"."""
    project = tmp_path / "native"
    project.mkdir()
    (project / "backend.py").write_text(_BACKEND.replace("FILE", name), encoding="utf-8")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "native"\nversion = "1.0"\n',
        encoding="utf-8",
    )
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "requirements.txt").write_text(f"{project}\n", encoding="utf-8")
    options = BuildOptions(allow_source_builds=("native",))
    assert build(entry, Target("3.13", "arm64"), options, store=store).pins == ("native==1.0",)
    with pytest.raises(DependencyError, match=r"made files that Python 3\.13 on x86_64 cannot load"):
        build(entry, Target("3.13", "x86_64"), options, store=store)
