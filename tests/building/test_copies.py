"""Places of copies of source folders."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.building.copies import Copies

if TYPE_CHECKING:
    from pathlib import PurePath

SCRATCH: Any = PureWindowsPath("C:/Temp/scratch")


@pytest.mark.parametrize(
    ("scratch", "original", "folder"),
    [
        (SCRATCH, PureWindowsPath("C:/app/lib"), "C/app/lib"),
        (SCRATCH, PureWindowsPath("//server/share/app/lib"), "server-share/app/lib"),
        (SCRATCH, PureWindowsPath("//wsl$/Ubuntu/home/me/lib"), "wsl-Ubuntu/home/me/lib"),
        (SCRATCH, PureWindowsPath("//?/C:/app/lib"), "C/app/lib"),
        (PurePosixPath("/tmp/scratch"), PurePosixPath("/app/lib"), "root/app/lib"),  # noqa: S108
    ],
)
def test_copies_are_in_the_scratch_folder(scratch: Any, original: Any, folder: str) -> None:
    """A copy is never its original, on any drive or network share, and messages of uv name the original."""
    copies = Copies(scratch, {}, {})
    copy: PurePath = copies.place(original)
    copies.places[original] = copy  # type: ignore[assignment]
    assert copy == scratch / "copies" / folder
    assert copies.restore_paths(f"cannot build `{copy}`") == f"cannot build `{original}`"
    assert copies.restore_paths(f"at {copy.as_posix()}") == f"at {original.as_posix()}"
