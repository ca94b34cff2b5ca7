"""Renaming of what was just written."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6) if os.name == "nt" else ()
"""Seconds between attempts. Virus scanners on Windows open new files for a moment, which cannot be renamed meanwhile,
nor can their folders. The CDK CLI waits for them too. Source: aws-cdk, `moveIntoPlace`."""


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder. On Windows, wait a moment while another program has it open.

    Raises:
        OSError: It cannot be renamed.
    """
    for pause in _PAUSES:
        try:
            source.rename(target)
        except PermissionError:  # noqa: PERF203 - it is one rename most often
            time.sleep(pause)
        else:
            return
    source.rename(target)
