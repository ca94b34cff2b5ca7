"""Errors of a store that cannot be written, with what to do."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cdk_layers.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER_VARIABLE: Final = "CDK_LAYERS_CACHE_DIR"
"""Names the folder of the build cache."""

FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@contextmanager
def explained(folder: Path, what: str) -> Iterator[None]:
    """Turn errors of the operating system that concern a store into an error that says what to do.

    Args:
        folder: The store's folder.
        what: What is written, as the beginning of a sentence.

    Raises:
        BuildError: The folder cannot be written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        is_full = error.errno in FULL
        if not is_full and not str(error.filename or folder).startswith(str(folder)):
            raise
        why = "there is no space left for it" if is_full else error.strerror or str(error)
        remedy = "Make the folder writable"
        if is_full:
            remedy = "Free some space"
        elif error.errno == errno.ENOENT:
            remedy = "If something removed it while it was used, build again"
        command = " `cdk-layers cache prune --all` empties the build cache." if is_full else ""
        message = (
            f"{what} cannot be kept in the build cache {str(folder)!r}: {why}"
            f"{f' ({error.filename})' if error.filename else ''}. {remedy}, or let {FOLDER_VARIABLE} name another "
            f"folder.{command}"
        )
        raise BuildError(message) from error
