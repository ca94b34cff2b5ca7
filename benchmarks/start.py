"""Import time and size of layers: the distributions that layers carry most, against PythonLayerVersion's commands.

For each distribution two layers are made for Python 3.13 on this machine's architecture:

- as PythonLayerVersion makes it: `python -m pip install -r requirements.txt -t python`, with the times that the CDK's
  archives give to files, so that the bytecode that pip writes is stale in Lambda;
- as this library makes it with `trim=True, bytecode=True`, of exactly the versions that pip chose.

Both are imported as Lambda imports them, after its runtime client and without writing bytecode, in new processes that
take turns; what counts is the least CPU time. `python -m benchmarks.start --pages` writes docs/start.json as well, for
docs/start-times.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.pairs import CannotRunError, Pair, reason, show
from benchmarks.sweep import DISTRIBUTIONS
from cdk_layers.building.builds import build
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.options import BuildOptions
from cdk_layers.contents.measure import measure
from cdk_layers.contents.names import canonical
from cdk_layers.errors import CdkLayersError
from cdk_layers.lambda_service.target import Target
from cdk_layers.local import process
from cdk_layers.local.process import IMPORT_RESULT
from cdk_layers.local.runner import this_architecture
from cdk_layers.local.runtime_folder import runtime_folder
from cdk_layers.local.top_level import top_level_names
from cdk_layers.project.user_store import user_store
from cdk_layers.system.interpreters import find_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.contents.model import Contents

_PYTHON: Final = "3.13"
_MIN_ROUNDS, _MAX_ROUNDS = 3, 15
_SECONDS: Final = 4.0
"""CPU time that all rounds of one distribution may take: short imports, whose times vary most, have more rounds."""

_TREES: Final = Path(".cache/bench/start")
"""The layers that pip made, kept for later runs; remove the folder to have them made again."""

_PAGE_DATA: Final = Path("docs/start.json")
_CDK_TIME: Final = 315532800
"""1980-01-01, the time of each file in an archive that the CDK makes. Source: aws-cdk's archive.ts."""

_SLOW_SECONDS: Final = 0.05
_GOAL_EACH, _GOAL_MEDIAN, _GOAL_SIZE = 0.6, 0.4, 1.05
_IMPORT: Final = """
import sys, time
sys.path[:] = [sys.argv[1], *sys.path[1:], sys.argv[2]]
import awslambdaric.bootstrap
began = time.process_time()
for name in sys.argv[3:]:
    __import__(name)
print("\\n" + str(time.process_time() - began))
"""
_TRY: Final = Path(process.__file__).with_name("try_imports.py")


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution with its dependencies, as two layers."""

    requirement: str
    version: str
    imported: tuple[str, ...]
    """The packages whose import is measured: those of the distribution itself."""

    theirs_seconds: float
    """CPU time of the import from the layer of pip."""

    ours_seconds: float
    theirs_bytes: int
    """Unzipped bytes of the layer of pip, with its bytecode."""

    untrimmed_bytes: int
    """Unzipped bytes of our layer without options."""

    ours_bytes: int
    """Unzipped bytes of our layer, trimmed and with bytecode."""

    broken: tuple[str, ...]
    """Packages of the whole layer that only the layer of pip can import."""

    @property
    def is_slow(self) -> bool:
        """Whether the goals for import times count."""
        return self.theirs_seconds > _SLOW_SECONDS


def main(arguments: Sequence[str] = ()) -> None:
    """Measure, print the tables, and write the data of the page on request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requirements", nargs="*", help="distributions; by default those that layers carry most")
    parser.add_argument("--pages", action="store_true", help=f"write {_PAGE_DATA}")
    options = parser.parse_args(arguments)
    python = find_python(_PYTHON, user_store())
    if python is None:
        message = f"it needs a Python {_PYTHON}, and none is installed"
        raise CannotRunError(message)
    rows, not_run = sweep(options.requirements or DISTRIBUTIONS, python)
    if not rows:
        message = f"nothing could be measured: {next(iter(not_run.values()))}"
        raise CannotRunError(message)
    _show(rows, not_run)
    if options.pages:
        document = {"python": _PYTHON, "rows": [asdict(row) for row in rows], "not_run": not_run}
        _PAGE_DATA.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def sweep(requirements: Sequence[str], python: Path) -> tuple[list[Row], dict[str, str]]:
    """Return what was measured, and what could not be, with the reason."""
    rows, not_run = [], {}
    for requirement in requirements:
        try:
            rows.append(_measured(requirement, python))
        except (CannotRunError, CdkLayersError) as error:  # noqa: PERF203 - each is two layers
            not_run[requirement] = reason(CannotRunError(str(error)))
    return rows, not_run


def _measured(requirement: str, python: Path) -> Row:
    theirs = _pip_layer(requirement, python)
    name = canonical(re.split(r"[\[=<>~! ;]", requirement, maxsplit=1)[0])
    contents = measure(theirs)
    with tempfile.TemporaryDirectory(prefix="start-") as scratch:
        ours, ours_bytes, untrimmed_bytes = our_layer(contents, Path(scratch))
        every = top_level_names(contents, ("",))
        works = importable(python, theirs, every)
        broken = sorted(works - importable(python, ours, sorted(works)))
        imported = _own_names(contents, name, works)
        if not imported:
            message = f"none of its packages can be imported on this machine: {', '.join(every)}"
            raise CannotRunError(message)
        theirs_seconds, ours_seconds = _least_cpu(python, imported, theirs, ours)
    return Row(
        requirement, contents.versions[name], imported, theirs_seconds, ours_seconds, contents.unzipped_bytes,
        untrimmed_bytes, ours_bytes, tuple(broken),
    )  # fmt: skip


def _pip_layer(requirement: str, python: Path) -> Path:
    """Return the folder of modules of a layer that PythonLayerVersion's command makes."""
    folder = _TREES.absolute() / re.sub(r"[^a-z0-9.-]+", "_", requirement.lower())
    if (folder / "finished").exists():
        return folder / "python"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(f"{requirement}\n")
    command = f"{python} -m pip install -q --disable-pip-version-check -r requirements.txt -t python".split()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(done.stderr)
    for path in (folder / "python").rglob("*"):
        os.utime(path, (_CDK_TIME, _CDK_TIME))
    (folder / "finished").touch()
    return folder / "python"


def our_layer(theirs: Contents, scratch: Path) -> tuple[Path, int, int]:
    """Return the folder of modules of our layer of the same versions, its bytes, and its bytes without options."""
    entry = scratch / "entry"
    entry.mkdir()
    pins = sorted(f"{distribution.name}=={distribution.version}" for distribution in theirs.distributions)
    (entry / "requirements.txt").write_text("\n".join([*pins, ""]))
    target, store = Target(_PYTHON, "arm64" if this_architecture() == "arm64" else "x86_64"), user_store()
    untrimmed = build(entry, target, BuildOptions(), store=store)
    options = BuildOptions(content=ContentOptions(bytecode=True, trim=True))
    ours = build(entry, target, options, store=store)
    ours.write_to(scratch / "layer.zip")
    shutil.unpack_archive(scratch / "layer.zip", scratch / "layer", "zip")
    return scratch / "layer" / "python", ours.contents.unzipped_bytes, untrimmed.contents.unzipped_bytes


def importable(python: Path, tree: Path, names: Sequence[str]) -> set[str]:
    """Return the packages that can be imported, each in a process of its own."""
    options = {"layers": [], "packages": list(names), "before": {}}
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    folders = dict.fromkeys(("LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"), str(tree))
    done = subprocess.run(
        [python, "-S", "-s", "-B", _TRY], capture_output=True, check=False, encoding="utf-8", errors="replace",
        env={**variables, **folders, process.OPTIONS: json.dumps(options)},
    )  # fmt: skip
    lines = (line.removeprefix(IMPORT_RESULT) for line in done.stderr.splitlines() if line.startswith(IMPORT_RESULT))
    return {name for name, error in map(json.loads, lines) if error is None}


def _own_names(contents: Contents, name: str, works: set[str]) -> tuple[str, ...]:
    """Return the packages of one distribution, without tests and what only tools import."""
    own = tuple(found for found in contents.distributions if found.name == name)
    names = top_level_names(_Only(contents.files, own), ("",))  # type: ignore[arg-type]
    return tuple(found for found in names if found in works and not found.startswith("_")) or tuple(
        found for found in names if found in works
    )


@dataclass(frozen=True, slots=True)
class _Only:
    """The contents of a layer with some of its distributions."""

    files: Any
    distributions: Any


def _least_cpu(python: Path, names: Sequence[str], *trees: Path) -> list[float]:
    """Return the least CPU seconds of importing packages from each of some trees."""
    runs: list[list[float]] = []
    while len(runs) < _MIN_ROUNDS or (len(runs) < _MAX_ROUNDS and sum(map(sum, runs)) < _SECONDS):
        runs.append([_cpu(python, tree, names) for tree in trees])
    return [min(column) for column in zip(*runs, strict=True)]


def _cpu(python: Path, tree: Path, names: Sequence[str]) -> float:
    runtime = runtime_folder(user_store(), python, _PYTHON, debugger=False)
    command = [str(python), "-S", "-s", "-B", "-c", _IMPORT, str(tree), str(runtime), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree)
    if done.returncode:
        raise CannotRunError(done.stderr)
    return float(done.stdout.splitlines()[-1])


def _show(rows: Sequence[Row], not_run: dict[str, str]) -> None:
    seconds = [
        Pair(row.requirement, row.ours_seconds, row.theirs_seconds, "pip -t", _GOAL_EACH if row.is_slow else None)
        for row in rows
    ]
    show("CPU seconds of imports: trimmed with bytecode, against PythonLayerVersion's layer", seconds, not_run=not_run)
    show("MiB unzipped: trimmed with bytecode, against our layer without either", list(_sizes(rows)))
    show("All of them", list(_summary(rows)))


def _sizes(rows: Sequence[Row]) -> Iterator[Pair]:
    for row in rows:
        yield Pair(row.requirement, row.ours_bytes / 2**20, row.untrimmed_bytes / 2**20, "no options", None, unit="MiB")


def _summary(rows: Sequence[Row]) -> Iterator[Pair]:
    """Yield what the goals are set for, and what a user of PythonLayerVersion would see."""
    slow = [row.ours_seconds / row.theirs_seconds for row in rows if row.is_slow]
    ours, untrimmed, theirs = (
        sum(sizes) / 2**20
        for sizes in (
            [row.ours_bytes for row in rows], [row.untrimmed_bytes for row in rows], [row.theirs_bytes for row in rows]
        )
    )  # fmt: skip
    median = statistics.median(slow or [0])
    yield Pair(f"median import over 50 ms ({len(slow)})", median, 1, "pip -t", _GOAL_MEDIAN, unit="")
    yield Pair("least gain", max(slow or [0]), 1, "pip -t", _GOAL_EACH, unit="")
    yield Pair("all layers", ours, untrimmed, "no options", _GOAL_SIZE, unit="MiB")
    yield Pair("all layers", ours, theirs, "pip -t", None, unit="MiB")
    yield Pair("imports broken by trimming", sum(len(row.broken) for row in rows), 1, "allowed: 0", 1e-9, unit="")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
