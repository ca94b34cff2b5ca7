"""Build layers in a process of their own: `python -m benchmarks.one_build FOLDER ...`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cdk_layers.building.batch import BuildRequest, build_several
from cdk_layers.building.builds import LayerBuild, build
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import CdkLayersError
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
    parser.add_argument("--together", action="store_true", help="build them at once, as a stack of layers does")
    parser.add_argument("--bytecode", action="store_true", help="compile the modules")
    parser.add_argument("entries", nargs="+", type=Path)
    arguments = parser.parse_args()
    options = BuildOptions(content=ContentOptions(bytecode=arguments.bytecode))
    target, store = Target("3.13", "x86_64"), user_store()
    requests = [BuildRequest(entry, (target,), options, store, entry.name) for entry in arguments.entries]
    started = time.perf_counter()
    if arguments.together:
        made = [_finished(outcome) for outcome in build_several(requests)]
    else:
        made = [build(entry, target, options, store=store) for entry in arguments.entries]
    built = time.perf_counter() - started
    for number, layer in enumerate(made if arguments.archives_to else ()):
        layer.write_to(arguments.archives_to / f"{number}.zip")
    if arguments.seconds_to:
        arguments.seconds_to.write_text(f"{built} {time.perf_counter() - started}")


def _finished(outcome: LayerBuild | CdkLayersError) -> LayerBuild:
    if isinstance(outcome, CdkLayersError):
        raise outcome
    return outcome


if __name__ == "__main__":
    main()
