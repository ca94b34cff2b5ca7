"""Origins of constructs: the lines of the user's project that create them."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.findings import Origin
from cdk_layers.system.project_paths import checksum_of, is_installed, lines_of, project_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from cdk_layers.building.builds import LayerBuild

_BETWEEN: Final = frozenset({"cdk_layers", "aws_cdk", "constructs", "jsii"})
"""The packages between the user's code and a construct."""

_STANDARD_LIBRARY: Final = Path(os.__file__).parent
"""Its folder, which is in the project if the environment is one of conda's in it."""

_declared: Final[ContextVar[Origin | None]] = ContextVar("declared", default=None)


@contextmanager
def declared_in(file: Path, line: int | None) -> Iterator[None]:
    """Use a line of a file, such as layers.toml, instead of the calling line for the constructs that are created here.

    Args:
        file: The file.
        line: The line, from 1 on. None to use the calling line all the same.
    """
    token = _declared.set(_line(str(file), line) if line else None)
    try:
        yield
    finally:
        _declared.reset(token)


def origin_of(entry: Path | None, build: LayerBuild | None) -> Origin | None:
    """Return the origin of the construct that is being created; None if it is not in the working folder.

    Args:
        entry: Its entry folder.
        build: The build of that folder; None if there is none.
    """
    line = _declared.get() or _calling_line(sys._getframe(1))  # noqa: SLF001 - inspect.stack() reads all sources
    manifest = project_path(entry / build.manifest) if entry and build and build.manifest else ""
    origin = replace(line or Origin(), manifest=manifest)
    return None if origin == Origin() else origin


def _calling_line(frame: FrameType | None) -> Origin | None:
    """Return the innermost line of the user's project that a frame was called from; None if there is none.

    Where the user derives a class, that is the line that creates an object of it, and not that of its `__init__`.
    """
    created: object = None
    while frame is not None:
        initialized = _initialized(frame)
        created = initialized if created is None else created
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        is_between = package in _BETWEEN or (initialized is not None and initialized is created)
        if not is_between and (found := _line(frame.f_code.co_filename, frame.f_lineno)):
            return found
        frame = frame.f_back
    return None


def _initialized(frame: FrameType) -> object:
    """Return the object that a frame initializes; None if it does something else."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_name == "__init__" and code.co_argcount else None


def _line(name: str, number: int) -> Origin | None:
    """Return a line of a file in the working folder; None if no such file has it, as for code that is in no file."""
    path = _own_path(name, Path.cwd())
    lines = _lines(Path.cwd() / path, _changed(path)) if path else ()
    return Origin(path, number, checksum=checksum_of(lines[number - 1])) if 0 < number <= len(lines) else None


@cache
def _own_path(name: str, _here: Path) -> str:
    """Return the path of a source file in the working folder; "" for any other."""
    path = "" if name.startswith("<") else project_path(name)
    is_own = not (is_installed(path) or is_installed(Path(name).as_posix()))
    return path if is_own and not Path(name).is_relative_to(_STANDARD_LIBRARY) else ""


def _changed(path: str) -> int:
    """Return when a file was changed, in nanoseconds; 0 if there is none."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@cache
def _lines(file: Path, _changed: int) -> tuple[str, ...]:
    return lines_of(file)
