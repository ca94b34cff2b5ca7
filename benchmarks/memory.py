"""Peak memory of building the largest layer, in a process of its own and in those that pack for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.pairs import Pair, show
from cdk_layers.building.archives.processes import MAX_PROCESSES

_LARGEST: Final = Path(__file__).parent / "layers" / "learning"
_PROBE: Final = """
import json, resource, sys
from pathlib import Path
if len(sys.argv) > 1:
    from cdk_layers.building.builds import build
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.project.user_store import user_store
    build(Path(sys.argv[1]), Target("3.13", "x86_64"), store=user_store())
own, largest_child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
if Path("/proc/self/status").exists():
    # Linux counts the memory of the process that started this one as well, unless it is asked here.
    own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(json.dumps([own, largest_child]))
"""
_GOAL_MIB: Final = 100


def main() -> None:
    """Measure and print."""
    # So that uv does not download anything afterwards, which takes more memory than packing.
    _peak_mib(str(_LARGEST))
    (interpreter, _), (build, largest_child) = _peak_mib(), _peak_mib(str(_LARGEST))
    processes = min(MAX_PROCESSES, os.cpu_count() or 1)
    show(
        "Peak memory of building scikit-learn, over the bare interpreter",
        [
            Pair("one build", build - interpreter, _GOAL_MIB, "the limit that we set ourselves", 1.0, unit="MiB"),
            Pair(
                f"with its {processes} processes that pack",
                build - interpreter + processes * largest_child,
                _GOAL_MIB,
                "the limit that we set ourselves",
                1.0,
                unit="MiB",
            ),
        ],
    )


def _peak_mib(*arguments: str) -> tuple[float, float]:
    """Return the peak of a process, and that of the largest of its children."""
    with tempfile.TemporaryDirectory() as cache:
        printed = subprocess.run(
            [sys.executable, "-c", _PROBE, *arguments],
            env=os.environ | {"CDK_LAYERS_CACHE_DIR": cache},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    own, largest_child = json.loads(printed.splitlines()[-1])
    return own / unit, largest_child / unit


if __name__ == "__main__":
    main()
