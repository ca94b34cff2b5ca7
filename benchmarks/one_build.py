"""Build layers in a process of their own: `python -m benchmarks.one_build FOLDER ...`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cdk_layers.build.builder import build
from cdk_layers.build.target import Target


def main() -> None:
    """Build every folder named on the command line for Python 3.13 on x86_64."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds-to", type=Path)
    parser.add_argument("entries", nargs="+", type=Path)
    arguments = parser.parse_args()
    started = time.perf_counter()
    for entry in arguments.entries:
        build(entry, Target("3.13", "x86_64"))
    if arguments.seconds_to:
        arguments.seconds_to.write_text(str(time.perf_counter() - started))


if __name__ == "__main__":
    main()
