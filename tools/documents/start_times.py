"""The page of start times, docs/start-times.md, from what `python -m benchmarks.start --pages` measured."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_DATA: Final = "start.json"
_SLOW_SECONDS: Final = 0.05
_MEBIBYTE: Final = 2**20
_BEGIN: Final = """\
# Start times and sizes

Imports from a layer with `bytecode=True` and `trim=True`, and its size, against the layer that
`PythonLayerVersion` makes of the same versions: `python -m pip install -r requirements.txt -t python`.

- **Import** is the least CPU time, in milliseconds, of importing the packages of the distribution after Lambda's
  runtime client, with Python {python} and without writing bytecode, since /opt is read-only. pip writes bytecode,
  but the CDK's archives change the times of files, so Python ignores it.
- **Size** is the unzipped layer with all dependencies, in MiB: as `PythonLayerVersion` makes it (with pip's bytecode),
  as cdk-layers makes it without options, and with both options.

"""
_HEAD: Final = """\
| distribution | import: pip | cdk-layers | less | size: pip | no options | both options |
|---|--:|--:|--:|--:|--:|--:|
"""
_END: Final = "\nMeasure again with `make bench ARGS=start`.\n"


def read_data(folder: Path) -> dict[str, Any] | None:
    """Return the content of `start.json` in the folder of the documents; None if there is none."""
    path = folder / _DATA
    data: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return data


def page(data: Mapping[str, Any]) -> str:
    """Return the page."""
    rows = data["rows"]
    lines = [_BEGIN.format(python=data["python"]), *_summary(rows), _HEAD, *map(_line, rows)]
    if data["not_run"]:
        lines.append(f"\nCould not run: {', '.join(f'`{name}`' for name in data['not_run'])}.\n")
    return "".join([*lines, _END])


def _summary(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    slow = [_less(row) for row in rows if row["theirs_seconds"] > _SLOW_SECONDS]
    ours, untrimmed, theirs = (
        sum(row[name] for row in rows) for name in ("ours_bytes", "untrimmed_bytes", "theirs_bytes")
    )
    broken = sum(len(row["broken"]) for row in rows)
    if slow:
        yield (
            f"Of the {len(slow)} imports that take over {_SLOW_SECONDS * 1000:.0f} ms, the median takes "
            f"{statistics.median(slow):.0%} less, and the one that gains least {min(slow):.0%} less.\n"
        )
    yield (
        f"Together the layers have {ours / untrimmed - 1:+.1%} bytes against those without options, and "
        f"{ours / theirs - 1:+.1%} against pip's. Imports that trimming breaks: {broken}.\n\n"
    )


def _less(row: Mapping[str, Any]) -> float:
    return 1 - float(row["ours_seconds"]) / float(row["theirs_seconds"])


def _line(row: Mapping[str, Any]) -> str:
    seconds = (f"{row[name] * 1000:.0f}" for name in ("theirs_seconds", "ours_seconds"))
    sizes = (f"{row[name] / _MEBIBYTE:.1f}" for name in ("theirs_bytes", "untrimmed_bytes", "ours_bytes"))
    cells = (f"{row['requirement']} {row['version']}", *seconds, f"{_less(row):.0%}", *sizes)
    return f"| {' | '.join(cells)} |\n"
