"""A pair of measurements, and the table and the JSON that report their ratios."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.programs import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RESULTS: Final = Path(".cache/bench")
"""The folder of the JSON files, relative to the folder that `make bench` runs in."""

_REASON: Final = 300
"""Characters of an error that a table shows."""

_TABLES: Final[list[dict[str, Any]]] = []


class CannotRunError(Exception):
    """A program that is measured did not run to its end."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things measured in one run."""

    subject: str
    ours: float
    theirs: float
    against: str
    """What `theirs` is."""

    goal: float | None
    """The ratio to reach: at most this where less is better, at least this if `faster` is set; None for none."""

    faster: bool = False
    """Whether the ratio is theirs to ours ("times as fast") instead of ours to theirs."""

    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Theirs to ours if `faster` is set, else ours to theirs."""
        return self.theirs / self.ours if self.faster else self.ours / self.theirs

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, where there is one."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.faster else self.ratio <= self.goal


def alternate(rounds: int, *measured: Callable[[], float]) -> list[float]:
    """Measure several things in turn, several times, and return the median of each.

    Taking turns makes what else the machine does meet all of them alike.
    """
    seconds = [[measure() for measure in measured] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*seconds, strict=True)]


def runnable(
    measured: Mapping[str, Callable[[], float]],
) -> tuple[dict[str, Callable[[], float]], dict[str, str]]:
    """Run each of several things once; return those that ran, and why the others did not."""
    can, cannot = {}, {}
    for name, measure in measured.items():
        try:
            measure()
            can[name] = measure
        except CannotRunError as error:  # noqa: PERF203 - each is a whole program
            cannot[name] = reason(error)
    return can, cannot


def reason(error: CannotRunError) -> str:
    """Return an error as it fits into a table."""
    return " ".join(str(error).split())[-_REASON:]


def seconds_of(
    command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> float:
    """Run a command to its end and return the seconds it took.

    Python keeps what it has compiled, as it does by default.

    Raises:
        CannotRunError: The command failed or does not exist; the message ends with its output.
    """
    known = {name: value for name, value in surroundings().items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [os.fspath(part) for part in command],
            cwd=cwd,
            env=known | dict(environment or {}),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        message = f"{command[0]} does not start: {error.strerror}"
        raise CannotRunError(message) from error
    taken = time.perf_counter() - started
    if done.returncode:
        message = f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        raise CannotRunError(message)
    return taken


def show(title: str, pairs: Sequence[Pair], *, not_run: Mapping[str, str] | None = None) -> None:
    """Print a table of ratios, and keep it for `write_json`.

    Args:
        title: What was measured.
        pairs: The measurements.
        not_run: What could not be measured, to why not.
    """
    table = Table("what", "cdk-layers", "against", "theirs", "ratio", "goal", title=title, title_justify="left")
    for pair in pairs:
        sign = "≥" if pair.faster else "≤"
        table.add_row(
            pair.subject,
            f"{pair.ours:.2f} {pair.unit}",
            pair.against,
            f"{pair.theirs:.2f} {pair.unit}",
            f"[{'green' if pair.reached else 'red'}]{pair.ratio:.2f}[/]" if pair.goal else f"{pair.ratio:.2f}",
            f"{sign} {pair.goal:g}" if pair.goal else "",
        )
    for against, why in (not_run or {}).items():
        table.add_row("", "", against, "not run", why)
    Console().print(table)
    rows = [{**asdict(pair), "ratio": pair.ratio, "reached": pair.reached} for pair in pairs]
    _TABLES.append({"title": title, "rows": rows, "not_run": dict(not_run or {})})


def write_json(name: str) -> Path:
    """Write the tables shown since the last call to a file of this benchmark, and return it."""
    machine = {"system": platform.system(), "architecture": platform.machine(), "cores": os.cpu_count()}
    document = {"benchmark": name, "python": platform.python_version(), "machine": machine, "tables": [*_TABLES]}
    _TABLES.clear()
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path
