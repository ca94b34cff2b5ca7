"""Which errors of the operating system are about the build cache."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cdk_layers.errors import BuildError
from cdk_layers.store.write_errors import explained

_FOLDER = Path("/caches/cdk-layers")


@pytest.mark.parametrize(
    ("number", "file", "said"),
    [
        (errno.EACCES, f"{_FOLDER}/2/memos", r"Permission denied .*Make the folder writable"),
        (errno.ENOENT, f"{_FOLDER}/2/scratch", "build again"),
        (errno.ENOSPC, None, "no space left for it.*prune --all"),
        (errno.ENOSPC, "/elsewhere/file", "no space left for it.*prune --all"),
    ],
)
def test_what_the_cache_cannot_keep(number: int, file: str | None, said: str) -> None:
    """The error names the folder and the way out; a full disk is full wherever it is noticed."""
    with pytest.raises(BuildError, match=said), explained(_FOLDER, "A build"):
        raise OSError(number, "Permission denied", file)


def test_files_elsewhere_are_not_its_matter() -> None:
    """A file of the user that cannot be read is reported as what it is."""
    with pytest.raises(PermissionError), explained(_FOLDER, "A build"):
        raise OSError(errno.EACCES, "Permission denied", "/elsewhere/file")
