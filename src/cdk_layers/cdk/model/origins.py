"""Origins of constructs: the lines of the user's project that create them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.findings import Origin
from cdk_layers.system.project_paths import project_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from cdk_layers.building.builds import LayerBuild

_BETWEEN: Final = frozenset({"cdk_layers", "aws_cdk", "constructs", "jsii"})
"""The packages between the user's code and a construct."""

_INSTALLED: Final = ("/site-packages/", "/dist-packages/")

_declared: Final[ContextVar[tuple[str, int] | None]] = ContextVar("declared", default=None)


@contextmanager
def declared_in(file: Path, line: int | None) -> Iterator[None]:
    """Use a line of a file, such as layers.toml, instead of the calling line for the constructs that are created here.

    Args:
        file: The file.
        line: The line, from 1 on. None to use the calling line all the same.
    """
    path = project_path(file)
    token = _declared.set((path, line) if path and line else None)
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
    file, line = _declared.get() or _calling_line(sys._getframe(1))  # noqa: SLF001 - inspect.stack() reads all sources
    origin = Origin(file, line, project_path(entry / build.manifest) if entry and build and build.manifest else "")
    return None if origin == Origin() else origin


def _calling_line(frame: FrameType | None) -> tuple[str, int]:
    """Return the innermost line of the user's project that a frame was called from; ("", 0) if there is none."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package not in _BETWEEN and (path := _own_path(frame.f_code.co_filename, Path.cwd())):
            return path, frame.f_lineno
        frame = frame.f_back
    return "", 0


@cache
def _own_path(name: str, _here: Path) -> str:
    """Return the path of a source file in the working folder; "" for any other, and for code that is in no file."""
    path = "" if name.startswith("<") else project_path(name)
    return "" if any(folder in f"/{path}" for folder in _INSTALLED) else path
