"""Texts of sizes."""

from __future__ import annotations

import pytest

from cdk_layers.system.wording import size


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
