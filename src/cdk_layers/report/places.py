"""Places of findings: a pin in a manifest or the line that creates a construct, else the resource in a template."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.manifest_names import SOURCES
from cdk_layers.contents.names import canonical
from cdk_layers.system import host
from cdk_layers.system.outgoing import printable
from cdk_layers.system.project_paths import checksum_of, lines_of, project_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.findings import Finding, Origin, Pin, Where

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    """The path, relative to the working folder if it is below that."""

    line: int
    """From 1 on."""

    @property
    def in_repository(self) -> str:
        """The path relative to the repository's folder in a run of GitHub, whose command may run in a folder of it."""
        workspace = host.environ().get("GITHUB_WORKSPACE")
        path = Path(os.path.abspath(self.file))  # noqa: PTH100 - Path.absolute() keeps ".."
        return path.relative_to(workspace).as_posix() if workspace and path.is_relative_to(workspace) else self.file

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
        base = self._working_folder(where)
        if base is None:
            return None
        folder, _, manifest = pin.manifest.rpartition("/")
        for name in filter(None, (SOURCES.get(manifest), manifest)):
            file = base / folder / name
            line = self._first_line(file, partial(_names, distribution=canonical(pin.distribution)))
            if line:
                return Place(_shown(file), line)
        return None

    def _creation(self, where: Where) -> Place | None:
        base, origin = self._working_folder(where), where.origin
        return Place(_shown(base / origin.file), origin.line) if base and origin and origin.file else None

    def _working_folder(self, where: Where) -> Path | None:
        """Return the working folder of the synthesis that created a construct; None if its files are not found.

        It is the nearest folder above the template that contains the line that creates the construct, or the working
        folder of this process for an assembly that was written elsewhere.
        """
        above = Path(where.template).parents if where.template else ()
        folders = (folder for folder in (*above, Path.cwd()) if where.origin and self._contains(folder, where.origin))
        return next(folders, None)

    def _contains(self, folder: Path, origin: Origin) -> bool:
        """Return whether a folder contains what an origin names, and not only a file of that name."""
        lines = self._lines_of(folder / (origin.file or origin.manifest))
        if not origin.file:
            return bool(lines)
        is_there = origin.line <= len(lines)
        return is_there and origin.checksum in (None, checksum_of(lines[origin.line - 1]))

    def in_template(self, where: Where) -> Place | None:
        """Return the line of the template at which a resource begins, 1 if it is not found; None without a template."""
        if not where.template:
            return None
        starts = (f"{json.dumps(where.logical_id)}:", f"{where.logical_id}:") if where.logical_id else ()
        line = self._first_line(Path(where.template), lambda text: text.strip().startswith(starts))
        return Place(_shown(Path(where.template)), line or 1)

    def _first_line(self, file: Path, matches: Callable[[str], bool]) -> int | None:
        lines = enumerate(self._lines_of(file), start=1)
        return next((number for number, text in lines if matches(text)), None)

    def _lines_of(self, file: Path) -> tuple[str, ...]:
        if file not in self._lines:
            self._lines[file] = lines_of(file)
        return self._lines[file]


def _names(text: str, distribution: str) -> bool:
    """Return whether a line names a distribution outside of comments."""
    return any(canonical(word) == distribution for word in _WORD.findall(text.partition("#")[0]))


def _shown(file: Path) -> str:
    return project_path(file) or file.as_posix()
