"""Tags of the wheels that a Lambda runtime can load."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from packaging.tags import Tag, compatible_tags, cpython_tags

from cdk_layers.lambda_service.runtimes import SHARED_ABI_SINCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.lambda_service.target import Target

_OLDEST_MINOR: Final = {"x86_64": 5, "aarch64": 17}
"""The oldest glibc 2.x that manylinux defines for a machine (PEP 513, PEP 599)."""

_LEGACY: Final = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""The older names of manylinux platforms, by the minor version of their glibc (PEP 600)."""

_UV_MINORS: Final = (17, 28, 31, 32, 33, 34)
"""The manylinux platforms that uv supports, by the minor version of their glibc."""


def exact_platform(target: Target) -> str:
    """Return the newest manylinux platform of uv that the target can load, such as "manylinux_2_34"."""
    return f"manylinux_2_{max(minor for minor in _UV_MINORS if minor <= target.runtime.glibc[1])}"


def wider_platform(target: Target) -> str | None:
    """Return the next newer manylinux platform of uv; None if uv has one for exactly the glibc of the target."""
    minor = target.runtime.glibc[1]
    if minor in _UV_MINORS:
        return None
    return f"manylinux_2_{min(supported for supported in _UV_MINORS if supported > minor)}"


@cache
def supported_tags(target: Target) -> tuple[Tag, ...]:
    """Return the tags of all wheels that the target can load, best first."""
    major, minor = map(int, target.python.split("."))
    platforms = list(_platforms(target))
    cpython: Iterable[Tag] = cpython_tags((major, minor), platforms=platforms)
    if minor >= SHARED_ABI_SINCE:
        # PEP 803; not every version of packaging knows this ABI.
        cpython = (*cpython, *(Tag(f"cp{major}{n}", "abi3t", platform) for n in range(minor, SHARED_ABI_SINCE - 1, -1)
                               for platform in platforms))  # fmt: skip
    pure = compatible_tags((major, minor), f"cp{major}{minor}", platforms)
    return (*cpython, *pure)


def _platforms(target: Target) -> Iterator[str]:
    for minor in range(target.runtime.glibc[1], _OLDEST_MINOR[target.machine] - 1, -1):
        yield f"manylinux_2_{minor}_{target.machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{target.machine}"
    yield f"linux_{target.machine}"
