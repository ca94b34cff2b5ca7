"""Texts of sizes, and of what is wrong with a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.system.wording import A_FILE, ABSENT, folder_fault, size

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number_of_bytes", "expected"),
    [
        (1, "1 byte"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1024**2 - 1, "1024.0 KiB"), (1024**2, "1.0 MiB"),
        (271 * 1024**2, "271.0 MiB"), (1024**3 - 1, "1,024.0 MiB"), (1024**3, "1.0 GiB"), (5 * 1024**3, "5.0 GiB"),
        (2000 * 1024**3, "2,000.0 GiB"),
    ],
)  # fmt: skip
def test_sizes_have_the_largest_unit_that_fits(number_of_bytes: int, expected: str) -> None:
    """From bytes to GiB, so that large numbers stay short."""
    assert size(number_of_bytes) == expected


def test_a_folder_that_cannot_be_used_has_a_reason(tmp_path: Path) -> None:
    """A name that is too long stands for every path that the system cannot look up, such as one without permission."""
    (tmp_path / "file").touch()
    assert not folder_fault(tmp_path)
    assert folder_fault(tmp_path / "nowhere") == folder_fault(tmp_path / "file" / "inside") == ABSENT
    assert folder_fault(tmp_path / "a\0b") == ABSENT
    assert folder_fault(tmp_path / "file") == A_FILE
    (tmp_path / "link").symlink_to("link")
    assert folder_fault(tmp_path / "link").startswith("cannot be read: ")
    assert folder_fault(tmp_path / ("x" * 300)).startswith("cannot be read: ")
