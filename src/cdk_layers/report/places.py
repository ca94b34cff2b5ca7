"""Places of findings: a pin in a manifest or the line that creates a construct, else the resource in a template."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.manifest_names import SOURCES
from cdk_layers.contents.names import canonical
from cdk_layers.system.outgoing import printable
from cdk_layers.system.project_paths import project_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_layers.findings import Finding, Pin, Where

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    """The path, relative to the working folder if it is below that."""

    line: int
    """From 1 on."""

    def __str__(self) -> str:
        """Return the place as compilers print it, such as "stacks/hub.py:12"."""
        return f"{printable(self.file)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Places:
    """Finds the places of findings, and reads each file once."""

    _lines: dict[Path, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def best(self, finding: Finding) -> Place | None:
        """Return the place in the project, else that in the template; None if there is neither."""
        return self.in_project(finding) or self.in_template(finding.where)

    def of_construct(self, where: Where) -> Place | None:
        """Return the line that creates a construct, else its resource in the template; None if neither is known."""
        return self._creation(where) or self.in_template(where)

    def in_project(self, finding: Finding) -> Place | None:
        """Return the place in the user's files; None if it is not known.

        That is the pin that a finding is about, if a manifest contains it, else the line that creates the construct.
        """
        pinned = self._line_of(finding.pin, finding.where) if finding.pin else None
        return pinned or self._creation(finding.where)

    def _line_of(self, pin: Pin, where: Where) -> Place | None:
        folder, _, manifest = pin.manifest.rpartition("/")
        for name in filter(None, (SOURCES.get(manifest), manifest)):
            file = _found(f"{folder}/{name}" if folder else name, where)
            line = self._first_line(file, partial(_names, distribution=canonical(pin.distribution))) if file else None
            if file and line:
                return Place(_shown(file), line)
        return None

    @staticmethod
    def _creation(where: Where) -> Place | None:
        origin = where.origin
        file = _found(origin.file, where) if origin and origin.file else None
        return Place(_shown(file), origin.line) if file and origin else None

    def in_template(self, where: Where) -> Place | None:
        """Return the line of the template at which a resource begins, 1 if it is not found; None without a template."""
        if not where.template:
            return None
        starts = (f"{json.dumps(where.logical_id)}:", f"{where.logical_id}:") if where.logical_id else ()
        line = self._first_line(Path(where.template), lambda text: text.strip().startswith(starts))
        return Place(_shown(Path(where.template)), line or 1)

    def _first_line(self, file: Path, matches: Callable[[str], bool]) -> int | None:
        if file not in self._lines:
            self._lines[file] = _read(file)
        return next((number for number, text in enumerate(self._lines[file], start=1) if matches(text)), None)


def _names(text: str, distribution: str) -> bool:
    """Return whether a line names a distribution outside of comments."""
    return any(canonical(word) == distribution for word in _WORD.findall(text.partition("#")[0]))


def _found(path: str, where: Where) -> Path | None:
    """Return a file of the project; None if it does not exist any more.

    Its path is relative to the working folder of the synthesis: the nearest folder above the template that contains
    such a file, or the working folder of this process for an assembly that was written elsewhere.
    """
    above = Path(where.template).parents if where.template else ()
    candidates: Iterator[Path] = (folder / path for folder in chain(above, (Path.cwd(),)))
    return next((file for file in candidates if file.is_file()), None)


def _shown(file: Path) -> str:
    return project_path(file) or file.as_posix()


def _read(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return ()
