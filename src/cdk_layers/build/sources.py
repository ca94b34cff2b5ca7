"""Requirements that name something on this machine: wheels are fine, sources have to be asked for."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_layers.build.members import collect
from cdk_layers.build.names import canonical
from cdk_layers.errors import EntryError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_layers.build.requirements_file import Wanted

_GENERATED = ("build/", "dist/", ".venv/", ".git/", "__pycache__/")


def named(wanted: Wanted) -> Wanted:
    """Return a requirement with its name, where it is a folder whose project tells it."""
    if wanted.name or wanted.local is None:
        return wanted
    return replace(wanted, name=_project_name(wanted.local))


def _project_name(path: Path) -> str:
    try:
        project = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        return canonical(str(project.get("name", path.name)))
    except (OSError, ValueError):
        return canonical(path.name.partition("-")[0] if path.is_file() else path.name)


def is_source(wanted: Wanted) -> bool:
    """Tell whether a requirement names a folder or a source archive on this machine."""
    return wanted.local is not None and wanted.local.suffix != ".whl"


def refuse_unasked(wanted: Iterable[Wanted], allowed: Iterable[str]) -> None:
    """Refuse sources on this machine that nobody asked to build.

    Raises:
        EntryError: A requirement names sources, and its distribution is not among the allowed ones.
    """
    names = {canonical(name) for name in allowed}
    for one in wanted:
        if is_source(one) and one.name not in names:
            message = (
                f"{one.where} installs {one.name!r} from its sources at {one.local}. That runs its build backend here, "
                f"so it has to be asked for: allow_source_builds=[{one.name!r}]. Or put its wheel into the "
                "entry folder and name that, copy its packages into the entry folder, or build with docker=True."
            )
            raise EntryError(message)


def digest(path: Path) -> str:
    """Return a digest of a file's bytes, or of a folder's names, modes and bytes."""
    seen = hashlib.sha256()
    if path.is_file():
        seen.update(path.read_bytes())
        return seen.hexdigest()
    for member in collect(path, excluded=lambda name: name.endswith(_GENERATED)):
        seen.update(f"{len(member.name)}:{member.name}:{member.executable}:".encode())
        seen.update(hashlib.sha256(member.source.read_bytes()).digest())
    return seen.hexdigest()
