"""Synthesizing again: what the library adds to an app whose layers are built, and whose cdk.out is there.

The goals are for an app as the CDK sets it up. Beside them stands the same with the CDK's own validation of templates
switched off, where less of the time is the CDK's.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.app import LAYERS, NAMES
from benchmarks.pairs import Pair, alternate, seconds_of, show
from cdk_layers.building.builds import build
from cdk_layers.lambda_service.target import Target
from cdk_layers.project.user_store import user_store

_ROUNDS: Final = {20: 15, 50: 5, 500: 9}
"""By the number of functions: where less time is the library's, the CDK's own ups and downs count for more."""

_SETTLED_SECONDS: Final = 3
"""What was written just before is looked into more closely, by git as by this library."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CDK_LAYERS_CACHE_DIR"] = str(folder / "cache")
        zips = [_zip(folder, layer) for layer in NAMES]
        few, bare = _pairs(folder, 20, zips[:4], 1.03)
        show("Again with nothing changed", [few, bare])
        fifty, _ = _pairs(folder, 50, zips, 1.15)
        many, bare = _pairs(folder, 500, zips, 1.08)
        growth = Pair("500 functions", many.ours, fifty.ours * 10, "ten times 50 functions", 1.0)
        show("Functions with 5 layers each", [fifty, many, bare, growth])


def _zip(folder: Path, layer: str) -> Path:
    ready = folder / f"{layer}.zip"
    build(LAYERS / layer, Target("3.13", "x86_64"), store=user_store()).write_to(ready)
    return ready


def _pairs(folder: Path, functions: int, zips: list[Path], goal: float) -> tuple[Pair, Pair]:
    """Return what was measured with the CDK's own validation, and without it."""

    def run(kind: str, validation: str) -> float:
        return seconds_of(
            [sys.executable, "-m", "benchmarks.app", kind, str(functions), folder / f"{kind}{functions}", *zips],
            environment={"CDK_VALIDATION": validation},
        )

    kinds = ("ours", "plain")
    for kind in kinds:
        run(kind, "true")
    time.sleep(_SETTLED_SECONDS)
    for kind in kinds:
        run(kind, "true")
    ways = [(kind, validation) for validation in ("true", "false") for kind in kinds]
    ours, plain, ours_bare, plain_bare = alternate(_ROUNDS[functions], *(partial(run, *way) for way in ways))
    subject = f"{len(zips)} layers, {functions} functions"
    return (
        Pair(subject, ours, plain, "plain constructs on ready zips", goal),
        Pair(f"{subject}, CDK_VALIDATION=false", ours_bare, plain_bare, "plain constructs on ready zips", None),
    )


if __name__ == "__main__":
    main()
