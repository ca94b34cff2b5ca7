"""Small values in files, each with its own digest: a damaged one is as good as none."""

from __future__ import annotations

import hashlib
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def file_name(key: str) -> str:
    """Return a key as a name that every file system takes, and that no other key has."""
    # A name of a key's own never looks like a digest's, so that two keys cannot meet in one file.
    if _PLAIN_NAME.fullmatch(key) and not key.startswith("sha256-") and key == key.lower():
        return key
    return f"sha256-{hashlib.sha256(key.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """A folder of values by their keys; processes may share it."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """Return a value; None when there is none, or a damaged one, which is removed."""
        path = self.folder / file_name(key)
        try:
            digest, _, value = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        if hashlib.sha256(value).hexdigest().encode() == digest:
            return value
        with suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, at once or not at all. That it cannot be kept stops nobody."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = self.folder / f".{uuid.uuid4().hex}"
            try:
                scratch.write_bytes(b"%b\n%b" % (hashlib.sha256(value).hexdigest().encode(), value))
                scratch.replace(self.folder / file_name(key))
            except OSError:
                scratch.unlink(missing_ok=True)
