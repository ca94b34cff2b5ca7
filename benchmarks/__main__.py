"""Every benchmark, or those named: `python -m benchmarks [build] [memory] [synth] [check] [run]`."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

from benchmarks.programs import surroundings

_ALL: Final = ("build", "memory", "synth", "check", "run")


def main() -> None:
    """Run what the command line names, in order."""
    names = sys.argv[1:] or _ALL
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}: there are {', '.join(_ALL)}")
    os.environ.update(surroundings())
    for name in names:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
