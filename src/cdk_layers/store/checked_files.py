"""Small files by their keys, each with the digest of its content: a damaged one counts as missing."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.system import host

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_DAY: Final = 24 * 3600


def file_name(key: str) -> str:
    """Return a key as a name that every file system accepts, and that no other key has."""
    # A plain name never looks like a digest, so that two keys never share a file.
    if _PLAIN_NAME.fullmatch(key) and not key.startswith("sha256-") and key == key.lower():
        return key
    return f"sha256-{hashlib.sha256(key.encode()).hexdigest()}"


def read_checked(path: Path) -> bytes | None:
    """Return the value in a file; None if it does not fit its digest.

    Raises:
        OSError: There is no such file, or it cannot be read.
    """
    digest, _, value = path.read_bytes().partition(b"\n")
    return value if hashlib.sha256(value).hexdigest().encode() == digest else None


def touch(path: Path, *, resolution_seconds: float) -> None:
    """Set the time of a file or folder to now, unless it is new enough, since pruning goes by these times."""
    with suppress(OSError):
        if abs(path.stat().st_mtime - host.wall_clock()) > resolution_seconds:
            os.utime(path)


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """A folder of values by their keys. Several processes may use it at once."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """Return a value; None if there is none. A damaged one is removed."""
        path = self.folder / file_name(key)
        try:
            value = read_checked(path)
        except OSError:
            return None
        if value is None:
            with suppress(OSError):
                path.unlink()
        else:
            touch(path, resolution_seconds=_DAY)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Write a value, all of it or nothing. Failures are ignored."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = self.folder / f".{uuid.uuid4().hex}"
            try:
                scratch.write_bytes(b"%b\n%b" % (hashlib.sha256(value).hexdigest().encode(), value))
                scratch.replace(self.folder / file_name(key))
            except OSError:
                scratch.unlink(missing_ok=True)
