"""Wheels and projects that tests write, whose build backend is their own and asks no index for anything."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
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


def write_wheel(folder: Path, name: str, body: str = "x = 1\n", tag: str = "py3-none-any") -> Path:
    """Write a wheel of one module, version 1.0, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-{tag}.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(f"{name}.py", body)
        opened.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        opened.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        opened.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
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


def module(archive: Path, name: str) -> str:
    """Return the text of a module in an archive of a layer."""
    with zipfile.ZipFile(archive) as opened:
        return opened.read(f"python/{name}.py").decode()
