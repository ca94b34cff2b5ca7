"""Small file systems, to be full or read-only in earnest."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.upkeep import wait_for_upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _may_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    # A superuser in a container may still not mount.
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="only a Linux superuser may mount file systems")


@contextmanager
def _mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """Mount a file system on a new folder, and take it away again."""
    folder.mkdir()
    subprocess.run(["mount", *arguments, folder], check=True)
    try:
        yield folder
    finally:
        wait_for_upkeep()
        # A store has a file open until it is collected, which errors that refer to it put off.
        gc.collect()
        subprocess.run(["umount", folder], check=True)


@contextmanager
def tmpfs(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory on a new folder, and take it away again."""
    with _mounted(folder, "-t", "tmpfs", "-o", options, "tmpfs"):
        yield folder


@contextmanager
def overlay(folder: Path, fill: Callable[[Path], object]) -> Iterator[Path]:
    """Mount an overlay on a new folder, whose lower layer has what a function writes, as in a container's image."""
    with tmpfs(folder.with_name("layers"), "size=64m") as layers:
        for name in ("lower", "upper", "work"):
            (layers / name).mkdir()
        fill(layers / "lower")
        options = f"lowerdir={layers / 'lower'},upperdir={layers / 'upper'},workdir={layers / 'work'}"
        with _mounted(folder, "-t", "overlay", "-o", options, "overlay"):
            yield folder
