"""The output of `python -X importtime`.

Source: the Python documentation, "Command line and environment", -X importtime.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.local.process import IMPORTS_BEGIN, IMPORTS_END

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE: Final = re.compile(r"import time: +(?P<own>\d+) \| +\d+ \| (?P<indent> *)(?P<name>\S+)")
_PREFIX: Final = "import time:"
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """One module that was imported."""

    name: str
    seconds: float
    """Without the modules that it imports."""

    importers: tuple[str, ...]
    """The module that imported it first, the one that imported that, and so on."""


def read_import_times(output: str) -> tuple[ImportedModule, ...] | None:
    """Return the modules that a handler's module imports, itself included, each after those that imported it.

    Returns None if the imports did not finish.
    """
    _, begin, after = output.rpartition(f"{IMPORTS_BEGIN}\n")
    text, end, _ = after.partition(f"{IMPORTS_END}\n")
    return tuple(_modules(list(_LINE.finditer(text)))) if begin and end else None


def last_own_line(output: str) -> str | None:
    """Return the last line that neither Python nor the marks of the imports wrote; None if there is none."""
    lines = (line for line in reversed(output.splitlines()) if line.strip())
    return next((line for line in lines if not line.startswith((_PREFIX, IMPORTS_BEGIN))), None)


def _modules(lines: list[re.Match[str]]) -> Iterator[ImportedModule]:
    """Yield the modules of some lines; Python writes a module's line after those of the modules that it imports."""
    open_modules: list[str] = []
    for line in reversed(lines):
        del open_modules[len(line["indent"]) // 2 :]
        yield ImportedModule(line["name"], int(line["own"]) / _MILLION, tuple(reversed(open_modules)))
        open_modules.append(line["name"])
