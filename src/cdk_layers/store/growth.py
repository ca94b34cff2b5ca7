"""The estimated size of a store, so that a build knows without looking at all files whether pruning is due."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_DAY: Final = 24 * 3600
_RETRY: Final = 1.05
"""The growth after which a store is pruned again that could not be made small enough, since it is in use."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A small file: the size when the store was last pruned, that time, and what each build added since then.

    Processes append to it at once. An addition that gets lost counts again after the next prune, a day later at most.
    """

    path: Path

    def add(self, number_of_bytes: int) -> None:
        """Count what was added. Failures are ignored."""
        with suppress(OSError):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(descriptor, b"%d\n" % number_of_bytes)
            finally:
                os.close(descriptor)

    def is_due(self, max_bytes: int | None, now: float) -> bool:
        """Return whether the store is too large, as far as is known, or was not pruned for a day."""
        try:
            first, *added = self.path.read_bytes().split(b"\n")
            total, when = map(int, first.split())
            estimated = total + sum(int(line) for line in added if line)
        except (OSError, ValueError):
            return True
        is_too_large = max_bytes is not None and estimated > max(max_bytes, total * _RETRY if total > max_bytes else 0)
        return is_too_large or abs(now - when) > _DAY

    def start(self, total: int, now: float) -> None:
        """Begin with what is there after a prune. Failures are ignored."""
        scratch = self.path.with_name(f"{self.path.name}-{uuid.uuid4().hex}")
        with suppress(OSError):
            scratch.write_bytes(b"%d %d\n" % (total, int(now)))
            scratch.replace(self.path)
