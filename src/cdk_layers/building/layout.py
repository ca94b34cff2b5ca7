"""A project whose packages are not at the top of its folder, such as a src layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.errors import EntryError
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.backends import Move

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of the entry's files, relative to the folder that Python searches."""

    moves: tuple[Move, ...] = ()
    uncertain: str | None = None
    """Why it is unknown where the packages in src/ belong; None if there are none or it is known."""

    def place(self, path: str) -> str:
        """Return the path of a file of the entry in the archive, below the prefix."""
        for source, destination in self.moves:
            if path == source:
                return destination
            if path.startswith(f"{source}/"):
                return destination + path[len(source) :]
        return path


def layout_of(root: Path) -> Layout:
    """Return the layout of an entry. Files move only if it is a project with packages in another folder.

    Raises:
        EntryError: Its pyproject.toml names a package outside of the entry.
    """
    if not any((root / name).is_file() for name in _PROJECT_FILES):
        return Layout()
    from cdk_layers.building.backends import UncertainError, find_moves  # noqa: PLC0415 - most entries are not projects

    try:
        moves = [_checked(root, move) for move in find_moves(root, read_toml(root / "pyproject.toml"))]
        # A folder inside of another that also moves has its own place.
        return Layout(tuple(sorted(moves, key=lambda move: -len(move.source))))
    except UncertainError as error:
        return Layout(uncertain=str(error) if _has_modules(root / "src") else None)


def _checked(root: Path, move: Move) -> Move:
    for path in move:
        if path.startswith("/") or ".." in path.split("/"):
            message = (
                f"{str(root / 'pyproject.toml')!r} names a package at {path!r}, outside of its folder. Correct it."
            )
            raise EntryError(message)
    return move


def _has_modules(folder: Path) -> bool:
    """Return whether a folder that is not a package itself contains packages or modules."""
    if not folder.is_dir() or (folder / "__init__.py").is_file():
        return False
    return any(path.suffix == ".py" or (path.is_dir() and any(path.glob("**/*.py"))) for path in folder.iterdir())
