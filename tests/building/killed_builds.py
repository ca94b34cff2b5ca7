"""Builds that are killed at random points, one after the other, on one cache; prints what was seen as JSON."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import cdk_layers.building.build_run  # noqa: F401 - so that no child loads it again
from cdk_layers.building.builds import build
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.artifact import is_sound
from cdk_layers.store.inventory import SCHEMA
from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")


def build_in_child(entry: Path, folder: Path, seconds: float | None) -> bool:
    """Build in a child process, which is killed after some time; tell whether that was before its end."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()  # So that its uv is killed with it.
            build(entry, TARGET, store=LocalStore(folder))
        finally:
            os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        # It may not have come to a session of its own yet, or have ended, for which macOS has another error.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(entry: Path, folder: Path, count: int) -> None:
    """Kill some builds, look at the cache after each of them, and build to the end."""
    entries = folder / SCHEMA / "artifacts"
    build_in_child(entry, folder, None)
    shutil.rmtree(entries)
    began = time.monotonic()
    build_in_child(entry, folder, None)
    whole = time.monotonic() - began
    shutil.rmtree(entries)
    chance = random.Random(20261120)  # noqa: S311
    killed, broken, visible = 0, [], 0
    while killed < count:
        is_killed = build_in_child(entry, folder, chance.uniform(0, whole))
        killed += is_killed
        # How long a build takes changes with what else the machine does.
        whole *= 1.02 if is_killed else 0.9
        found = list(entries.iterdir()) if entries.is_dir() else []
        broken += [path.name for path in found if not is_sound(path)]
        visible += len(found)
        if chance.random() < 0.7:  # The other builds go on from what they find.
            shutil.rmtree(entries, ignore_errors=True)
    digest = build(entry, TARGET, store=LocalStore(folder)).digest
    sys.stdout.write(json.dumps({"killed": killed, "broken": broken, "visible": visible, "digest": digest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
