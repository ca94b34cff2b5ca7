"""Native files that a target cannot load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.build.contents import Contents
    from cdk_layers.build.target import Target

_MODULE_ABI: Final = re.compile(r"\.cpython-(?P<major>\d)(?P<minor>\d+)[a-z]*-[^/]*\.so$")


def foreign_files(contents: Contents, target: Target) -> Iterator[str]:
    """Yield the ELF files that are for another machine, another Python, or a newer glibc than the target's."""
    for native in contents.natives:
        fits = native.machine == target.architecture and (native.glibc or (0, 0)) <= target.runtime.glibc
        if not fits or not _suits_python(native.path, target):
            yield native.path


def _suits_python(path: str, target: Target) -> bool:
    abi = _MODULE_ABI.search(path)
    return abi is None or f"{abi['major']}.{abi['minor']}" == target.python
