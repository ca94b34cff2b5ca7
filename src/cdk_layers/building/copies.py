"""Copies of source folders, so that builds may write into them."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements import project
from cdk_layers.building.requirements.local_sources import is_source, source_members
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.requirement_line import local_requirement
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.building.requirements.workspace import uv_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine

_NO_WORD: Final = re.compile(r"\W+")
_BARE_PATH: Final = re.compile(r"(?:-e )?(?P<path>[^\s@=<>~!;#]+)")


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of source folders in a scratch folder, with the same positions relative to each other."""

    scratch: Path
    places: dict[Path, Path]
    """The copy of each original."""

    written: dict[str, tuple[Path, ...]]
    """The originals that a project's path refers to, by the path as the project writes it."""

    @classmethod
    def make(cls, scratch: Path, lines: Iterable[RequirementLine]) -> Copies:
        """Copy the source folders that requirements name, and those that they refer to, into a scratch folder.

        Raises:
            EntryError: A file cannot be read.
        """
        copies = cls(Path(os.path.realpath(scratch)), {}, {})
        found = project.reachable(item.local for item in lines if item.local is not None and is_source(item))
        for path in found:
            copies.places[path] = copies.place(path)
            for text, step in project.steps(path):
                copies.written[text] = tuple(dict.fromkeys((*copies.written.get(text, ()), step)))
        for path in found:
            copies._copy(path)
        return copies

    def place(self, path: Path) -> Path:
        """Return the path of the copy of a file or folder."""
        return self._folder(path) / path.relative_to(path.anchor)

    def _folder(self, path: Path) -> Path:
        r"""Return the folder for copies of what is on the same drive; the drive may be "C:" or "\\server\share"."""
        return self.scratch / "copies" / (_NO_WORD.sub("-", path.drive).strip("-") or "root")

    def line(self, line: RequirementLine) -> str:
        """Return a requirement for uv that names the copy."""
        local = line.local
        if local is None:
            return line.text
        copy = self.places.get(local, local)
        if local.as_uri() in line.text:
            return line.text.replace(local.as_uri(), copy.as_uri(), 1)
        return f"{line.name} @ {copy.as_uri()}" if line.name else line.text

    def read(self, output: str, base: Path, requirements: Requirements) -> tuple[RequirementLine, ...]:
        """Return the requirements in uv's output, with the originals instead of the copies.

        If one project refers to another, uv writes the path as the first project does.
        """
        lines = [line for text in output.splitlines() for line in self._restored(text)]
        text, variables = "\n".join(dict.fromkeys(lines)), requirements.variables
        pins = read_requirements_text(text, "uv", base, variables if requirements.secrets else None).lines
        originals = {copy: path for path, copy in self.places.items()}
        return tuple(
            local_requirement(pin.name, "", originals[pin.local], requirements.origin or "")
            if pin.local in originals
            else pin
            for pin in pins
        )

    def restore_paths(self, text: str) -> str:
        """Return a message of uv with the paths of the originals instead of the copies."""
        for drive, folder in {path.drive: self._folder(path) for path in self.places}.items():
            text = text.replace(str(folder), drive).replace(folder.as_posix(), drive.replace("\\", "/"))
        return text

    def _restored(self, line: str) -> Iterator[str]:
        found = _BARE_PATH.fullmatch(line.strip())
        paths = self.written.get(found["path"]) if found else None
        yield from (path.as_uri() for path in paths) if paths else (line,)

    def _copy(self, path: Path) -> None:
        place = self.places[path]
        if path.is_file():
            _copy_file(path, place)
            return
        place.mkdir(parents=True, exist_ok=True)
        for member in source_members(path):
            _copy_file(member.source, place / member.name)
        root = uv_project(path).root
        if root != path:
            _copy_file(root / PROJECT, self.place(root) / PROJECT)
        self._redirect(place / PROJECT)

    def _redirect(self, manifest: Path) -> None:
        """Replace absolute paths of originals, and PDM's variable, in the pyproject.toml of a copied project."""
        with suppress(OSError, UnicodeDecodeError):
            before = manifest.read_text(encoding="utf-8")
            text = before.replace(project.PDM_ROOT, manifest.parent.as_uri())
            for path in sorted(self.places, key=lambda path: len(path.parts), reverse=True):
                copy = self.places[path]
                for written, moved in ((path.as_uri(), copy.as_uri()), (str(path), str(copy))):
                    pattern = rf"(?<![\w.-]){re.escape(written)}(?=[\"'/\s;#])"
                    text = re.sub(pattern, moved.replace("\\", r"\\"), text)
            if text != before:
                manifest.write_text(text, encoding="utf-8")


def _copy_file(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, destination)
    shutil.copymode(source, destination)
    if not os.access(destination, os.W_OK):
        destination.chmod(destination.stat().st_mode | 0o200)
