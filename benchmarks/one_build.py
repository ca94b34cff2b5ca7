"""Build layers in a process of their own: `python -m benchmarks.one_build FOLDER ...`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cdk_layers.building.find import build
from cdk_layers.lambda_service.target import Target
from cdk_layers.project.user_store import user_store


def main() -> None:
    """Build every folder named on the command line for Python 3.13 on x86_64."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--seconds-to",
        type=Path,
        help="a file for the seconds of the build, and of the build with writing the archives",
    )
    parser.add_argument(
        "--archives-to", type=Path, help="a folder that the archives are written to, as a synthesis does"
    )
    parser.add_argument("entries", nargs="+", type=Path)
    arguments = parser.parse_args()
    started = time.perf_counter()
    made = [build(entry, Target("3.13", "x86_64"), store=user_store()) for entry in arguments.entries]
    built = time.perf_counter() - started
    for number, one in enumerate(made if arguments.archives_to else ()):
        one.write_to(arguments.archives_to / f"{number}.zip")
    if arguments.seconds_to:
        arguments.seconds_to.write_text(f"{built} {time.perf_counter() - started}")


if __name__ == "__main__":
    main()
