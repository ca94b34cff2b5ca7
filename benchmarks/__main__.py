"""Every benchmark, or those named: `python -m benchmarks [NAME ...]`, with the names in `_ALL`.

Each prints its tables, and writes them to .cache/bench/NAME.json. What cannot run is named in a table, and the others
go on.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

from benchmarks.pairs import CannotRunError, reason, show, write_json
from benchmarks.programs import surroundings

_ALL: Final = ("build", "memory", "synth", "check", "run", "start", "tricks", "compiling")


def main() -> None:
    """Run what the command line names, in order."""
    names = sys.argv[1:] or _ALL
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}: there are {', '.join(_ALL)}")
    os.environ.update(surroundings())
    failed = []
    for name in names:
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except CannotRunError as error:
            failed.append(name)
            show(f"The benchmark {name!r}", [], not_run={name: reason(error)})
        write_json(name)
    if failed:
        sys.exit(f"could not run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
