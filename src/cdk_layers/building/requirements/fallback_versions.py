"""Versions of local projects that come from no repository, since a build has only the copy of their folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.requirements.build_environment import settings_of
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.system.document_values import mapping
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.store.artifact import Artifact

_FALLBACKS: Final = (
    (("tool", "setuptools_scm"), "fallback_version"),
    (("tool", "hatch", "version"), "fallback-version"),
    (("tool", "hatch", "version", "raw-options"), "fallback_version"),
    (("tool", "versioningit"), "default-version"),
    (("tool", "uv-dynamic-versioning"), "fallback-version"),
    (("tool", "pdm", "version"), "fallback_version"),
)
"""Keys of a pyproject.toml, by their table, with the version to use without a repository.

Source: the documentation of setuptools-scm, hatch-vcs, versioningit, uv-dynamic-versioning and pdm-backend. A build by
each of them was tried; poetry-dynamic-versioning fails instead.
"""

_CHOSEN: Final = re.compile(r"PRETEND_VERSION|SCM_VERSION|VERSIONING_BYPASS")
"""Environment variables that set a version."""


def fallback_notes(pins: Iterable[RequirementLine], record: Artifact, job: Job) -> Iterator[Note]:
    """Yield a note for each local project that has its fallback instead of the version of its git repository.

    Args:
        pins: The installed distributions.
        record: The record of the build in the store, which is read only if there are such projects.
        job: The build.
    """
    fallbacks = {pin.name: (pin.local, text) for pin in pins if pin.local and (text := _fallback(pin.local))}
    if not fallbacks or any(map(_CHOSEN.search, settings_of(job).variables)):
        return
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - few builds need it

    for distribution in record.contents.distributions:
        folder, text = fallbacks.get(distribution.name, (None, ""))
        try:
            is_fallback = folder is not None and Version(text) == Version(distribution.version)
        except InvalidVersion:
            continue
        if folder is not None and is_fallback:
            yield Note(
                "fallback-version",
                f"{distribution.name} has the version {distribution.version}, the fallback in its {PROJECT}: it is "
                f"built from a copy of {folder.name}/, and the git repository that its version comes from is above.",
                "Write the version into the project, or set it by the variable of its build backend, such as "
                "SETUPTOOLS_SCM_PRETEND_VERSION. If the version does not matter here, acknowledge this.",
            )


def _fallback(folder: Path) -> str | None:
    """Return the fallback of a project in a git repository whose files are not in the project's folder; else None."""
    if not folder.is_dir() or (folder / ".git").is_dir() or (folder / "PKG-INFO").is_file():
        return None
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return None
    document = read_toml(folder / PROJECT)
    if mapping(document, "project").get("version"):
        return None
    found = (mapping(document, *place).get(key) for place, key in _FALLBACKS)
    return next((text for text in found if isinstance(text, str)), None)
