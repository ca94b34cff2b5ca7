"""Find a CPython of a language version on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from uv import find_uv_bin

from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECK: Final = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name, sys._base_executable)"


class Values(Protocol):
    """Remembers small values: the build cache."""

    def recall(self, key: str) -> Any:
        """Return a value; None if there is none."""
        ...

    def remember(self, key: str, value: Any) -> None:
        """Keep a value that JSON can express."""
        ...


def find_python(version: str, values: Values) -> Path | None:
    """Return the base interpreter of a language version, outside of any virtual environment.

    It is the running one, one that uv installed, one of pyenv, or another one that uv finds.

    Args:
        version: Such as "3.13".
        values: Remembers what was found, since uv and the interpreter take up to a second to answer.

    Returns:
        The interpreter; None if this machine has none. `how_to_install` says what then helps.
    """
    is_cpython = sys.implementation.name == "cpython"
    if is_cpython and version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))
    key = f"python-{version}"
    remembered = values.recall(key)
    if isinstance(remembered, list) and remembered == _identity(Path(str(remembered[0]))):
        return Path(remembered[0])
    for candidate in _candidates(version):
        found = _base_of(candidate, version)
        if found is not None:
            values.remember(key, _identity(found))
            return found
    return None


def how_to_install(version: str) -> str:
    """Return the command, as in a message, that installs an interpreter of a version where `find_python` finds it."""
    return f"`uv python install {version}`"


def _identity(python: Path) -> list[object] | None:
    """Return what changes when an interpreter is replaced; None if it is gone."""
    try:
        status = python.stat()
    except OSError:
        return None
    return [str(python), status.st_mtime_ns, status.st_size]


def _candidates(version: str) -> Iterator[Path]:
    yield from _found_by_uv(version, "--managed-python")
    variables = host.environ()
    root = Path(variables.get("PYENV_ROOT") or Path(variables.get("HOME", "/")) / ".pyenv")
    yield from sorted(root.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    # Last: it runs every Python on the PATH. With those of pyenv, which are shell scripts, this takes most of a second.
    yield from _found_by_uv(version)


def _found_by_uv(version: str, *options: str) -> Iterator[Path]:
    try:
        command = [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", *options]
        found = host.run([*command, f"cpython@{version}"])
    except OSError:
        # What needs uv to install reports that it cannot be started.
        return
    if not found.returncode and found.stdout.strip():
        yield Path(found.stdout.strip())


def _base_of(python: Path, version: str) -> Path | None:
    try:
        said = host.run([python, "-I", "-S", "-c", _CHECK])
    except OSError:
        return None
    parts = said.stdout.split(maxsplit=2)
    if said.returncode or parts[:2] != [version, "cpython"]:
        return None
    return Path(os.path.realpath(parts[2].strip()))
