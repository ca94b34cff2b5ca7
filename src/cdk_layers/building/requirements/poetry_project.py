"""Copy of a project for an export by Poetry, without plugins that Poetry would run.

Poetry loads plugins from a project's .poetry/plugins, and installs those that its pyproject.toml requires.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import EntryError
from cdk_layers.system.document_values import mapping
from cdk_layers.system.toml import parse_toml
from cdk_layers.system.toml_text import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ABOUT_POETRY: Final = ("requires-plugins", "requires-poetry")
"""Keys that require something of Poetry itself. Its version is not the user's choice here."""

_PROJECT_FILES: Final = ("pyproject.toml", "setup.py")
"""The files by which Poetry recognizes a Python project. An export does not read them."""


def mirrored(entry: Path, scratch: Path) -> Path:
    """Return a copy of a Poetry project whose path below `scratch` is the project's own path on this machine.

    So relative paths in the project also lead to paths below `scratch`, which `unmirrored` replaces.

    Raises:
        EntryError: Its pyproject.toml cannot be read.
    """
    project = _place(entry, scratch)
    project.mkdir(parents=True)
    document = _document(entry / "pyproject.toml")
    (project / "pyproject.toml").write_text(toml_text(document), encoding="utf-8")
    (project / "poetry.lock").write_bytes((entry / "poetry.lock").read_bytes())
    for path in _paths(document):
        _mark(entry, path, scratch)
    return project


def unmirrored(text: str, scratch: Path) -> str:
    """Return text about the copy with the paths of the project itself."""
    return text.replace(scratch.as_uri(), "file://").replace(os.fspath(scratch), "")


def _place(path: Path, scratch: Path) -> Path:
    return scratch.joinpath(*path.parts[1:])


def _document(path: Path) -> dict[str, Any]:
    try:
        document = parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {str(error)[:200]}. Correct it."
        raise EntryError(message) from None
    tool = mapping(document, "tool")
    if not isinstance(tool.get("poetry"), dict):
        return document
    poetry = {key: value for key, value in tool["poetry"].items() if key not in _ABOUT_POETRY}
    return {**document, "tool": {**tool, "poetry": poetry}}


def _paths(value: Any) -> Iterator[str]:
    """Yield the paths of dependencies anywhere in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str):
            yield value["path"]
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)


def _mark(entry: Path, path: str, scratch: Path) -> None:
    """Let Poetry recognize a dependency on this machine, by empty files in the copy."""
    origin = (entry / path).resolve()
    place = _place(origin, scratch)
    with suppress(OSError):
        if origin.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(origin)
        elif origin.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            for name in _PROJECT_FILES:
                if (origin / name).is_file() and not (place / name).exists():
                    (place / "setup.py").touch()
