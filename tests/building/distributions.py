"""Distributions that tests make by themselves: wheels, sources and projects, whose builds ask no index for anything."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BACKEND: Final = """\
import os, pathlib, zipfile
NAME, REQUIRES = {name!r}, {requires!r}
def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path("build").mkdir(exist_ok=True)
    pathlib.Path("build", "left-behind.txt").write_text("by the backend")
    pathlib.Path(NAME + ".egg-info").mkdir(exist_ok=True)
    file = NAME + "-1.0-py3-none-any.whl"
    info = NAME + "-1.0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, file), "w") as opened:
        for path in sorted(pathlib.Path().rglob("*.py")):
            if path.name != "backend.py":
                opened.writestr(path.as_posix(), path.read_text())
        opened.writestr(NAME + "_environment.py", "FLAG = " + repr(os.environ.get("BUILD_FLAG")))
        requires = "".join("Requires-Dist: " + one + "\\n" for one in REQUIRES)
        opened.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: 1.0\\n" + requires)
        opened.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        opened.writestr(info + "RECORD", "")
    return file
"""


def write_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str] | None = None,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    metadata: str = "",
    record: str | None = None,
    entry_points: str = "",
) -> Path:
    """Write a wheel with files, or one module of its name, and its true RECORD or another one, by rename."""
    info = f"{name}-{version}.dist-info"
    members = {
        **({f"{name}.py": "x = 1\n"} if files is None else files),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in members.items()]
    listed = "\n".join([*rows, f"{info}/RECORD,,", ""]) if record is None else record
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    scratch = wheel.with_suffix(".scratch")
    with zipfile.ZipFile(scratch, "w") as archive:
        for path, text in {**members, f"{info}/RECORD": listed}.items():
            archive.writestr(path, text)
    return scratch.replace(wheel)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def write_source(folder: Path, name: str, version: str = "1.0") -> Path:
    """Write a source distribution whose metadata is known without building it."""
    return _source(folder, name, version, {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n',
    })  # fmt: skip


def traced_source(folder: Path, name: str, trace: Path) -> Path:
    """Write a source distribution whose build backend makes the file `trace` as soon as it is loaded."""
    return _source(folder, name, "1.0", {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": f"open({str(trace)!r}, 'w').close()\nraise SystemExit('foreign code has run')\n",
    })  # fmt: skip


def _source(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{member}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def write_project(folder: Path, name: str, requires: Sequence[str] = (), settings: str = "") -> Path:
    """Write a project of one module, version 1.0, whose backend writes into its working folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backend.py").write_text(_BACKEND.format(name=name, requires=list(requires)), encoding="utf-8")
    (folder / f"{name}.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\ndependencies = {list(requires)!r}\n'
        f'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n{settings}',
        encoding="utf-8",
    )
    return folder
