"""Names of sources and of their bytecode."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_CACHE: Final = "__pycache__"
_COMPILED: Final = re.compile(r"(?P<stem>[^/]+)\.cpython-\d+\.pyc")
LAYER_ROOT: Final = "/opt"
"""Where layers are mounted. Python searches `python/` and `python/lib/python3.N/site-packages/` in it."""

_PROGRAMS: Final = "bin"

_LONGEST: Final = 255
"""Maximum bytes of a file's name. Source: Linux, NAME_MAX."""


def bytecode_name(source: str, python: str) -> str:
    """Return the name of the bytecode of a source, such as "pkg/__pycache__/mod.cpython-313.pyc".

    Args:
        source: POSIX path of a .py file.
        python: The language version, such as "3.13".
    """
    folder, name = posixpath.split(source)
    compiled = f"{name.removesuffix('.py')}.cpython-{python.replace('.', '')}.pyc"
    return posixpath.join(folder, _CACHE, compiled)


def source_of(name: str) -> str | None:
    """Return the source of a bytecode file in `__pycache__`; None for any other file."""
    folder, cache, compiled = name.rpartition(f"{_CACHE}/")
    is_in_cache = bool(cache) and folder[-1:] in {"", "/"}
    match = _COMPILED.fullmatch(compiled) if is_in_cache else None
    return f"{folder}{match['stem']}.py" if match else None


def importable(names: Collection[str], root: str, python: str) -> Iterator[str]:
    """Yield the sources of modules that functions can import, in the order of the names.

    Files with a dot in the module's name, such as "{{ app.name }}.py" of a template, are not modules. Files in bin/ are
    modules only if it is a package.

    Args:
        names: POSIX paths of files.
        root: The deployed folder of the files, such as "/opt/python".
        python: The language version of the function.
    """
    for name in names:
        place = _below_search_path(name, root, python)
        if place is None or not place.endswith(".py"):
            continue
        start = name.removesuffix(place)
        is_too_long = len(posixpath.basename(bytecode_name(place, python)).encode()) > _LONGEST
        is_program = place.startswith(f"{_PROGRAMS}/") and f"{start}{_PROGRAMS}/__init__.py" not in names
        if not is_program and not is_too_long and "." not in place.removesuffix(".py"):
            yield name


def _below_search_path(name: str, root: str, python: str) -> str | None:
    """Return a path relative to the folder that Python searches; None for a file outside of these folders."""
    if root == LAYER_ROOT:
        if not name.startswith("python/"):
            return None
        name = name.removeprefix("python/")
    if root.startswith(LAYER_ROOT):
        name = name.removeprefix(f"lib/python{python}/site-packages/")
    return name
