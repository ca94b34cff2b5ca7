"""Synthesizing: what the library adds to an app whose layers are built already."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.app import LAYERS, NAMES
from benchmarks.pairs import Pair, alternate, seconds_of, show
from cdk_layers.build.builder import build
from cdk_layers.build.target import Target

_ROUNDS: Final = 3


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CDK_LAYERS_CACHE_DIR"] = str(folder / "cache")
        zips = [_zip(folder, layer) for layer in NAMES]
        show("Again with nothing changed", [_pair(folder, 20, zips[:4], 1.05)])
        many = [_pair(folder, functions, zips, 1.15) for functions in (50, 500)]
        growth = Pair("500 functions", *(many[1].ours, many[0].ours * 10), "ten times 50 functions", 1.0)
        show("Functions with 5 layers each", [*many, growth])


def _zip(folder: Path, layer: str) -> Path:
    ready = folder / f"{layer}.zip"
    shutil.copyfile(build(LAYERS / layer, Target("3.13", "x86_64")).archive, ready)
    return ready


def _pair(folder: Path, functions: int, zips: list[Path], goal: float) -> Pair:
    def run(kind: str) -> float:
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        return seconds_of(
            [sys.executable, "-m", "benchmarks.app", kind, str(functions), out, *zips],
            environment={"CDK_VALIDATION": "false"},
        )

    run("ours")
    ours, plain = alternate(_ROUNDS, lambda: run("ours"), lambda: run("plain"))
    return Pair(f"{len(zips)} layers, {functions} functions", ours, plain, "plain constructs on ready zips", goal)


if __name__ == "__main__":
    main()
