"""A pair of measurements and the table that tells their ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.programs import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things measured in one run."""

    subject: str
    ours: float
    theirs: float
    against: str
    """What `theirs` is."""

    goal: float | None
    """The ratio to reach: at most this where less is better, at least this where `faster` is told; None for none."""

    faster: bool = False
    """Whether the ratio told is theirs to ours ("times as fast") instead of ours to theirs."""

    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Theirs to ours where that is told, else ours to theirs."""
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
    seconds = [[one() for one in measured] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*seconds, strict=True)]


def seconds_of(
    command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> float:
    """Run a command to its end and return the seconds it took.

    Python keeps what it has compiled, as it does unless somebody forbids it.

    Raises:
        SystemExit: The command failed; its output is told.
    """
    known = {name: value for name, value in surroundings().items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=known | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return taken


def show(title: str, pairs: Iterable[Pair], *, not_run: Mapping[str, str] | None = None) -> None:
    """Print a table of ratios.

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
    for against, reason in (not_run or {}).items():
        table.add_row("", "", against, "not run", reason)
    Console().print(table)
