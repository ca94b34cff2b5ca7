"""Requirements on this machine: wheels are always accepted, sources only if the user allows their build."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cdk_layers.building.archives.members import Member, collect
from cdk_layers.building.remedies import IN_CONTAINER
from cdk_layers.building.requirements import project
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.workspace import uv_project
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system.document_values import mapping
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.lambda_service.target import Target

_CACHES: Final = frozenset({
    ".git", ".hg", ".svn", ".tox", ".nox", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
    "__pycache__", "cdk.out", ".DS_Store",
})  # fmt: skip
"""Names of files and folders that no build backend reads, at any depth."""

_OF_NODE: Final = ("node_modules/", ".nx/", ".turbo/")
"""Folders at the top of a project with modules, caches and logs of Node's tools.

Their links would be followed through a whole repository, and their logs change with each run.
"""

_SETUPTOOLS_OUTPUT: Final = re.compile(r"lib|bdist\..+|(?:lib|temp|scripts)[.-].+")
_DISTRIBUTION: Final = re.compile(r".+\.(?:whl|tar\.gz|zip)|\.gitignore")
_PROJECT_FILES: Final = (PROJECT, "setup.py")
"""One of these makes a folder a project. Source: pip and uv, which refuse other folders."""

_MARKERS: Final = ("CACHEDIR.TAG", "pyvenv.cfg", "cdk.out")
"""Files that identify the folder around them: a cache, a virtual environment, a cloud assembly."""

_NOT_FILES: Final = ("leads to nothing", "leads back into itself", "is not a regular file")
"""Symlinks and special files that no build needs."""

_FROM_GIT: Final = re.compile(r"scm|vcs|pbr|versioneer|versioningit|dunamai|dynamic-version", re.IGNORECASE)
_GIT_STATE: Final = re.compile(r"\.git/(?:HEAD|packed-refs|refs/.+)")
_REPOSITORY: Final = re.compile(r"(?:^|@ )(?:git|hg|bzr|svn)\+", re.IGNORECASE)
_GIT_UNUSED: Final = (".git/hooks/", ".git/logs/")


def is_source(line: RequirementLine) -> bool:
    """Return whether a requirement names a folder or a source archive on this machine."""
    return line.local is not None and line.local.suffix != ".whl"


def is_built(line: RequirementLine) -> bool:
    """Return whether a requirement names sources on this machine, or a repository, which have to be built."""
    return is_source(line) or (line.remote and _REPOSITORY.search(line.text) is not None)


def refuse_not_allowed(
    lines: Iterable[RequirementLine],
    allowed: Iterable[str],
    target: Target,
    of_layers: Mapping[Path, str | None] | None = None,
) -> None:
    """Refuse sources that cannot be built, and those that the user did not allow to be built.

    Args:
        lines: The requirements.
        allowed: The distributions that may be built.
        target: The target of the build.
        of_layers: Projects of the function's layers, with the reason why the layer is not enough; None if it is, so
            that nothing is built. Defaults to none.

    Raises:
        EntryError: A requirement names sources, and its distribution is not among the allowed ones, or a folder that
            is not a project.
    """
    known, reasons = {canonical(name) for name in allowed}, of_layers or {}
    refused: dict[str, RequirementLine] = {}
    for line in lines:
        if not line.applies_to(target):
            continue
        _refuse_other_folder(line)
        is_enough = line.local is not None and reasons.get(line.local, "") is None
        if line.name and line.name not in known and is_built(line) and not is_enough:
            refused.setdefault(line.name, line)
    if refused:
        raise EntryError(_not_allowed(refused, reasons))


def _not_allowed(refused: Mapping[str, RequirementLine], reasons: Mapping[Path, str | None]) -> str:
    """Return the error for sources that may not be built, by the names of their distributions."""
    first, *others = refused.values()
    reason = reasons.get(first.local) if first.local else None
    place = first.local or scrub((first.masked or first.unmarked).partition(" @ ")[2])
    in_layer = f" (a layer contains its code, but {reason}; without that, its copy is used)" if reason else ""
    also = f" (and {', '.join(f'{line.name!r} in {line.where}' for line in others)})" if others else ""
    return (
        f"{first.where} installs {first.name!r} from its sources at {place}{in_layer}{also}. That runs its build "
        f"backend at synth, so it has to be allowed: allow_source_builds={list(refused)!r}. Or put its wheel "
        f"into the entry folder and require that, copy its packages into the entry folder, or {IN_CONTAINER}."
    )


def _refuse_other_folder(line: RequirementLine) -> None:
    folder = line.local
    if folder is not None and folder.is_dir() and not any((folder / name).is_file() for name in _PROJECT_FILES):
        message = (
            f"{line.where} installs the folder {folder}, which is not a project: it has no "
            f"{' and no '.join(_PROJECT_FILES)}. Correct the path, which is relative to the file that names it. If 'uv "
            "export' wrote the line for the project of this code, remove it or export with --no-emit-project: files of "
            "the entry are packed anyway."
        )
        raise EntryError(message)


def reachable(lines: Iterable[RequirementLine]) -> Mapping[Path, str]:
    """Return all files and folders on this machine that requirements refer to, with their normalized names."""
    stated = {line.local: line.name for line in lines if line.local is not None}
    return {path: stated.get(path) or name for path, name in project.reachable(stated).items()}


def digest(path: Path) -> str:
    """Return a digest of everything that a build from a file or folder may read, independent of its location."""
    seen = hashlib.sha256()
    for step in project.reachable([path]):
        seen.update(f"{step.name if step != path else ''}:{_digest(step)}:".encode())
        root = uv_project(step).root if step.is_dir() else step
        if root != step:
            seen.update((root / PROJECT).read_bytes())
    return seen.hexdigest()


def _digest(path: Path) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    seen = hashlib.sha256()
    for member in source_members(path):
        if not member.name.startswith(".git/") or _GIT_STATE.fullmatch(member.name):
            seen.update(f"{len(member.name)}:{member.name}:{member.executable}:".encode())
            seen.update(hashlib.sha256(member.source.read_bytes()).digest())
    return seen.hexdigest()


def source_members(folder: Path) -> list[Member]:
    """Return the files of a project that its build may read: all except caches and results of earlier builds.

    Symlinks are followed wherever they lead, as a build does.

    Raises:
        EntryError: A file cannot be read.
    """
    return collect(folder, excluded=_exclusion(folder), follow=True, skipped=_NOT_FILES)


def _exclusion(folder: Path) -> Callable[[str], bool]:
    outputs = frozenset(_outputs(folder))
    reads_git = (folder / ".git").is_dir() and any(_FROM_GIT.search(text) for text in _build_files(folder))

    def is_excluded(name: str) -> bool:
        if reads_git and name.startswith(".git/"):
            return name in _GIT_UNUSED
        last = name.rstrip("/").rpartition("/")[2]
        if last in _CACHES or name in outputs or name in _OF_NODE:
            return True
        if not name.endswith("/"):
            return False
        is_metadata = last.endswith(".egg-info") and (folder / name / "PKG-INFO").is_file()
        return is_metadata or any((folder / name / marker).is_file() for marker in _MARKERS)

    return is_excluded


def _outputs(folder: Path) -> Iterator[str]:
    """Yield the folders of a project that contain results of earlier builds."""
    backend = mapping(read_toml(folder / PROJECT), "build-system").get("build-backend")
    uses_setuptools = not isinstance(backend, str) or backend.startswith("setuptools")
    if uses_setuptools and _consists_of(folder / "build", _SETUPTOOLS_OUTPUT):
        yield "build/"
    if _consists_of(folder / "dist", _DISTRIBUTION):
        yield "dist/"


def _consists_of(folder: Path, names: re.Pattern[str]) -> bool:
    try:
        found = [path.name for path in folder.iterdir()]
    except OSError:
        return False
    return bool(found) and all(map(names.fullmatch, found))


def _build_files(folder: Path) -> Iterator[str]:
    for name in (PROJECT, "setup.py", "setup.cfg"):
        with suppress(OSError):
            yield (folder / name).read_text(encoding="utf-8", errors="replace")
