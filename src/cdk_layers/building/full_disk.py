"""Error for a disk that is full outside of the store."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdk_layers.errors import BuildError
from cdk_layers.store.write_errors import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def full_disk_errors(label: str) -> Iterator[None]:
    """Raise an error that names the folder if the disk is full outside of the store."""
    try:
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
