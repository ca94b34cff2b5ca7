"""Wheels whose folders are deeper than Python's own stack."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system.removal import remove_folder
from tests.upkeep import kept

if TYPE_CHECKING:
    from pathlib import Path

_DEPTH = sys.getrecursionlimit() + 200


def _deep_wheel(folder: Path) -> None:
    info = "deep-1.0.dist-info"
    files = {
        "deep/" + "d/" * _DEPTH + "x.py": "x = 1\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: deep\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / "deep-1.0-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no paths that long")
def test_a_deep_wheel_is_built_and_leaves_nothing(tmp_path: Path) -> None:
    """What was installed to pack it is removed to its last folder."""
    (tmp_path / "entry").mkdir()
    _deep_wheel(tmp_path / "entry")
    (tmp_path / "entry" / "requirements.txt").write_text("./deep-1.0-py3-none-any.whl\n")
    made = build(tmp_path / "entry", Target("3.13", "x86_64"), store=LocalStore(tmp_path / "cache"))

    assert any(path.count("/d/") and path.endswith("x.py") for path in made.contents.files)
    assert kept(tmp_path / "cache", "artifacts")
    assert kept(tmp_path / "cache", "scratch") == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no paths that long")
def test_a_deep_folder_is_removed(tmp_path: Path) -> None:
    """Links in it are removed, and not what they lead to."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    here = root = tmp_path / "root"
    for _ in range(_DEPTH):
        here.mkdir()
        here /= "d"
    (root / "link").symlink_to(kept)
    (here.parent / "file").touch()
    remove_folder(root)

    assert not root.exists()
    assert (kept / "file").exists()
