"""Which wheels a target can load."""

from __future__ import annotations

import pytest
from packaging.tags import parse_tag

from cdk_layers.lambda_service.target import Target
from cdk_layers.lambda_service.wheel_tags import exact_platform, supported_tags, wider_platform


@pytest.mark.parametrize(
    ("python", "exact", "wider"),
    [("3.9", "manylinux_2_17", "manylinux_2_28"), ("3.11", "manylinux_2_17", "manylinux_2_28")]
    + [(python, "manylinux_2_34", None) for python in ("3.12", "3.13", "3.14")],
)
def test_platform(python: str, exact: str, wider: str | None) -> None:
    """The platform for uv is the newest that the runtime's glibc admits; 2.26 lies between two that uv knows."""
    target = Target(python, "arm64")
    assert (exact_platform(target), wider_platform(target)) == (exact, wider)


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("cp311-cp311-manylinux_2_26_x86_64", True),
        ("cp311-cp311-manylinux_2_27_x86_64", False),
        ("cp311-cp311-manylinux2014_x86_64", True),
        ("cp311-cp311-manylinux1_x86_64", True),
        ("cp311-cp311-linux_x86_64", True),
        ("cp311-cp311-manylinux_2_17_aarch64", False),
        ("cp310-cp310-manylinux_2_17_x86_64", False),
        ("cp38-abi3-manylinux_2_17_x86_64", True),
        ("cp312-abi3-manylinux_2_17_x86_64", False),
        ("cp311-cp311-musllinux_1_1_x86_64", False),
        ("cp311-cp311-win_amd64", False),
    ],
)
def test_tags_of_glibc_2_26(tag: str, fits: bool) -> None:
    """Python 3.11 on x86_64 loads wheels up to manylinux_2_26 for its machine and ABI, and not one step further."""
    assert bool(parse_tag(tag) & set(supported_tags(Target("3.11", "x86_64")))) is fits


@pytest.mark.parametrize(("minor", "fits"), [(33, True), (34, True), (35, False)])
def test_tags_of_glibc_2_34(minor: int, fits: bool) -> None:
    """Python 3.14 on arm64 loads wheels up to manylinux_2_34."""
    tag = f"cp314-cp314-manylinux_2_{minor}_aarch64"
    assert bool(parse_tag(tag) & set(supported_tags(Target("3.14", "arm64")))) is fits


@pytest.mark.parametrize(("python", "fits"), [("3.14", False), ("3.15", True)])
def test_the_stable_abi_of_all_builds(python: str, fits: bool) -> None:
    """Python 3.15 loads abi3t wheels (PEP 803), and its own and abi3 ones as others do."""
    supported = set(supported_tags(Target(python, "x86_64")))
    assert bool(parse_tag("cp315-abi3t-manylinux_2_34_x86_64") & supported) is fits
    assert parse_tag(f"cp{python.replace('.', '')}-abi3-manylinux_2_34_x86_64") & supported
    assert parse_tag("cp311-abi3-manylinux_2_17_x86_64") & supported
