"""Compiling modules: the CPU time for each MiB of their bytecode, which the rule `stale-bytecode` reports."""

from __future__ import annotations

import subprocess
import sysconfig
from typing import TYPE_CHECKING, Final

from benchmarks.pairs import Pair, show
from cdk_layers.lambda_service.runtimes import BUILDABLE_PYTHONS
from cdk_layers.project.user_store import user_store
from cdk_layers.rules.families.files import COMPILE_SECONDS
from cdk_layers.system.interpreters import find_python

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGES: Final = ("botocore", "boto3", "pip", "pygments", "rich", "hypothesis", "jsonschema", "dateutil")
_CODE: Final = """\
import marshal, pathlib, sys, time
sources = [file.read_bytes() for name in sys.argv[2:] for file in pathlib.Path(sys.argv[1], name).rglob("*.py")]
start, size = time.process_time(), 0
for source in sources:
    try:
        size += len(marshal.dumps(compile(source, "x.py", "exec", dont_inherit=True)))
    except (SyntaxError, ValueError):
        pass
print((time.process_time() - start) / size * 1024**2)
"""


def main() -> None:
    """Measure and print."""
    pythons = {version: find_python(version, user_store()) for version in BUILDABLE_PYTHONS}
    measured = [
        Pair(
            f"CPython {version}",
            _seconds(python),
            COMPILE_SECONDS,
            "the time that the rule reports",
            None,
            unit="s/MiB",
        )
        for version, python in pythons.items()
        if python is not None
    ]
    missing = {f"CPython {version}": "this machine has none" for version, python in pythons.items() if python is None}
    show("Compiling for one MiB of bytecode", measured, not_run=missing)


def _seconds(python: Path) -> float:
    """Return the CPU seconds for one MiB of bytecode."""
    command: list[str | Path] = [python, "-S", "-c", _CODE, sysconfig.get_path("purelib"), *_PACKAGES]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
