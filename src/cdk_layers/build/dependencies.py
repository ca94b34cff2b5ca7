"""Which manifest of an entry folder rules, and what it asks for."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_layers.build import exports, sources
from cdk_layers.build.credentials import scrub
from cdk_layers.build.notes import Note
from cdk_layers.build.requirements_file import RequirementsFile, read_requirements_file, read_requirements_text
from cdk_layers.errors import EntryError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.build.job import Job
    from cdk_layers.build.options import BuildOptions
    from cdk_layers.build.requirements_file import Option, Wanted
    from cdk_layers.build.target import Target

PRECEDENCE: Final = ("Pipfile.lock", "poetry.lock", "requirements.txt", "uv.lock", "pylock.toml")
"""The manifests that install something, by the precedence of PythonLayerVersion, and then pylock.toml."""

_SOURCES: Final = {
    "Pipfile.lock": "Pipfile",
    "poetry.lock": "pyproject.toml",
    "uv.lock": "pyproject.toml",
    "pylock.toml": "pyproject.toml",
}
_BARE: Final = {
    "Pipfile": "pipenv lock",
    "pyproject.toml": "uv lock",
}
"""What installs nothing without its lock file, and the command that makes one."""

NEVER_ARCHIVED: Final = (*PRECEDENCE, *_BARE, "uv.toml", "poetry.toml", "pip.conf", "pip.ini")
"""Files of an entry's root that tell tools what to install and from where; they stay out of the archive."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an entry folder asks for."""

    origin: str | None
    """The manifest that rules, such as "uv.lock"; None when the entry is only code."""

    wanted: tuple[Wanted, ...] = ()
    options: tuple[Option, ...] = ()
    locked: bool = False
    """Whether a lock file pins all of it, so that nothing is left to resolve."""

    is_partial: bool = False
    """Whether credentials are missing: enough to know what it is, too little to install it."""

    paths: tuple[Path, ...] = ()
    """Files of the entry that were read, and what they install from the entry; all of it stays out of the archive."""

    notes: tuple[Note, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to resolve."""
        return self.origin is None or self.locked

    @property
    def pinned_names(self) -> frozenset[str]:
        """The names whose version the manifest itself fixes."""
        return frozenset(one.name for one in self.wanted if one.name and one.is_pinned)

    @property
    def unpinned_names(self) -> tuple[str, ...]:
        """The names that are asked for without one exact version, sorted."""
        asked = {one.name for one in self.wanted if one.name and not one.is_constraint}
        return tuple(sorted(asked - self.pinned_names))


def read_requirements(job: Job, *, may_export: bool = True) -> Requirements | None:
    """Read the manifest that rules.

    Args:
        job: What is built; its cache remembers what the tools exported.
        may_export: Whether a lock file's tool may be run. Without, what its export said the last time is returned, its
            credentials removed; None when there was none.

    Raises:
        EntryError: A manifest cannot be read or understood.
        DependencyError: The tool that exports a lock file could not do it, or a lock file has nothing for the target.
        BuildError: The tool that exports a lock file could not be had.
    """
    present = [name for name in PRECEDENCE if (job.entry / name).is_file()]
    ruling = present[0] if present else None
    notes = tuple(_ignored(job.entry, ruling, present[1:]))
    if ruling is None:
        return Requirements(None, notes=notes)
    read, is_partial = _read(job, ruling, may_export=may_export)
    if read is None:
        return None
    wanted = tuple(sources.named(one) for one in read.wanted)
    sources.refuse_unasked(wanted, job.options.allow_source_builds)
    local = [one.local for one in wanted if one.local is not None and one.local != job.entry]
    local += [option.folder for option in read.options if option.folder is not None]
    return Requirements(
        origin=ruling,
        wanted=wanted if ruling == "requirements.txt" else tuple(_for_target(wanted, job.target)),
        options=read.options,
        locked=ruling != "requirements.txt",
        is_partial=is_partial,
        paths=(*read.paths, *local),
        notes=notes,
    )


def _read(job: Job, ruling: str, *, may_export: bool) -> tuple[RequirementsFile | None, bool]:
    if ruling == "requirements.txt":
        return _checked(read_requirements_file(job.entry / ruling, job.entry), job.options), False
    if ruling == "pylock.toml":
        # It takes longer to load than all else that a recalled build needs.
        from cdk_layers.build.pylock import read_pylock  # noqa: PLC0415

        return read_pylock(job.entry / ruling, job.target), False
    exported = exports.export(job, ruling, may_export=may_export)
    if exported is None:
        return None, True
    return read_requirements_text(exported.text, ruling, job.entry), exported.is_partial


def _checked(read: RequirementsFile, options: BuildOptions) -> RequirementsFile:
    """Refuse a file that asks for source builds that the user of the library did not."""
    for option in read.options:
        asked = {name.strip().lower() for name in option.value.split(",")} - {":none:"}
        if option.name == "--no-binary" and not asked <= {name.lower() for name in options.allow_source_builds}:
            message = (
                f"{option.where}: --no-binary {option.value} asks for a build from source, which runs foreign code "
                "here. Name the distributions in allow_source_builds=[...], build with docker=True, or drop the line."
            )
            raise EntryError(message)
    return read


def _for_target(wanted: tuple[Wanted, ...], target: Target) -> Iterator[Wanted]:
    for one in wanted:
        if one.applies_to(target):
            yield replace(one, text=one.text.partition(";")[0].strip() if one.marker else one.text)


def _ignored(entry: Path, ruling: str | None, others: list[str]) -> Iterator[Note]:
    used = f"{ruling} was used" if ruling else "nothing was installed"
    for name in others:
        yield Note(
            "ignored-manifest",
            f"{name} was ignored: {used}, which comes before it.",
            f"Keep one of the two in {scrub(entry.name)}/.",
        )
    for name, command in _BARE.items():
        if name != _SOURCES.get(ruling or "") and _asks_for_something(entry / name):
            yield Note(
                "ignored-manifest",
                f"{name} was ignored: {used}, and a {name} without its lock file installs nothing.",
                f"Lock it ('{command}') and remove the other manifests, or remove its dependencies."
                if ruling
                else f"Lock it with '{command}', or write a requirements.txt.",
            )


def _asks_for_something(manifest: Path) -> bool:
    """Tell whether a manifest names dependencies; a pyproject.toml may as well configure tools only."""
    try:
        data = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    project, poetry = data.get("project", {}), data.get("tool", {}).get("poetry", {})
    places = (project.get("dependencies"), poetry.get("dependencies"), data.get("packages"))
    return any(places) or "dependencies" in project.get("dynamic", ())
