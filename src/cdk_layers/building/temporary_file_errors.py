"""Errors for temporary files that cannot be written: a full disk outside of the store, or no folder for them."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdk_layers.errors import BuildError
from cdk_layers.store.write_errors import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def temporary_file_errors(label: str) -> Iterator[None]:
    """Raise an error that names the folder if temporary files cannot be written."""
    try:
        _require_folder(label)
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = error.filename or tempfile.gettempdir()
        message = (
            f"{label!r} cannot be built: there is no space left for temporary files at {str(place)!r}. "
            "Free some space, or set TMPDIR to a folder on another disk."
        )
        raise BuildError(message) from None


def _require_folder(label: str) -> None:
    """Reject a system without any folder for temporary files, such as a container with a read-only file system."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        message = (
            f"{label!r} cannot be built: {error.strerror}: they cannot be written, or the disk is full. "
            "Let TMPDIR name a folder that this user can write."
        )
        raise BuildError(message) from None
