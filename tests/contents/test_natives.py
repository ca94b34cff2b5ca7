"""Native files that a target cannot load."""

from __future__ import annotations

import pytest

from cdk_layers.contents.model import Contents, Native
from cdk_layers.contents.natives import native_index
from cdk_layers.lambda_service.target import Target

TARGET = Target("3.11", "x86_64")


@pytest.mark.parametrize(
    ("native", "is_foreign"),
    [
        (Native("python/a.so", "x86_64", (2, 26)), False),
        (Native("python/a.so", "x86_64", (2, 27)), True),
        (Native("python/a.so", "x86_64", None), False),
        (Native("python/a.so", "arm64", None), True),
        (Native("python/a.cpython-311-x86_64-linux-gnu.so", "x86_64", None), False),
        (Native("python/a.cpython-312-x86_64-linux-gnu.so", "x86_64", None), True),
        (Native("python/a.abi3.so", "x86_64", None), False),
    ],
)
def test_foreign_files(native: Native, is_foreign: bool) -> None:
    """A file is foreign for its machine, for the glibc that it asks for, or for the Python that its name tells."""
    contents = Contents(unzipped_bytes=0, files={}, natives=(native,))
    assert list(native_index(contents, "python/").foreign_files(TARGET)) == ([native.path] if is_foreign else [])
