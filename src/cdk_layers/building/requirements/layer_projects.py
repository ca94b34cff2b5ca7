"""Projects in the entries of a function's layers, which the function's lock file requires.

A layer contains the code of the project in its entry, but not the metadata that its wheel has. So the function's code
leaves the project out only if that makes no difference, as far as the files show.
"""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile, ZipFile

from cdk_layers.building.backends import UncertainError, find_all_packages
from cdk_layers.building.excludes import matches_code
from cdk_layers.building.layout import Layout, layout_of
from cdk_layers.building.requirements import project
from cdk_layers.building.requirements.local_sources import source_members
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.workspace import uv_project
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.search_path import layer_folders
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.job import Job
    from cdk_layers.building.options import KnownLayer
    from cdk_layers.building.requirements.requirement_line import RequirementLine

_METADATA: Final = re.compile(
    rb"importlib[._]metadata|\bimport\b(?:[^\n#]*|[ \t]*[(\\][^)]{0,500})\bmetadata\b|pkg_resources"
)
"""Code that reads metadata of distributions, which the layer does not have for its project."""

_IS_LOCAL: Final = re.compile(r"^source = \{ (?:editable|directory|virtual) ", re.MULTILINE)
_BYTECODE: Final = re.compile(r"\.py[co]$")


def reasons_to_pack(lines: Sequence[RequirementLine], manifest: str, job: Job) -> dict[Path, str | None]:
    """Return the layers' projects among requirements that apply, each with the reason to pack it.

    Args:
        lines: The requirements of the function.
        manifest: The file name of its manifest.
        job: The build.

    Returns:
        None instead of a reason if a layer contains exactly the code that the wheel of the project would contain, and
        nothing reads the wheel's metadata.
    """
    searched = layer_folders(job.target.python)
    entries = {layer.entry: layer for layer in job.options.layers if layer.entry and layer.prefix in searched}
    sources = {line.local: line for line in lines if line.local is not None and line.applies_to(job.target)}
    found = {
        folder: next(_reasons(folder, line.name or "", entries[folder], manifest, job), None)
        for folder, line in sources.items()
        if folder in entries
    }
    while kept := _needed_beside_packed(found, sources):
        folder, reason = kept
        found[folder] = reason
    return found


def _needed_beside_packed(
    found: dict[Path, str | None], sources: dict[Path, RequirementLine]
) -> tuple[Path, str] | None:
    """Return a project that would be left out, and why one that is packed needs it in the code; None if none does."""
    left_out = {folder for folder, reason in found.items() if reason is None}
    for path, line in sources.items():
        if path in left_out:
            continue
        if required := left_out & project.reachable([path]).keys():
            return min(required), f"{line.name!r}, which is built from its sources, requires it"
        for folder in sorted(left_out):
            if package := _common_package(path, folder):
                return folder, f"{line.name!r} has a package {package!r} too, and Python looks into one of them only"
    return None


def _common_package(packed: Path, left_out: Path) -> str | None:
    """Return a package with an `__init__.py` of which both projects have modules; None if there is none."""
    layout = _layout(left_out)
    return _regular_in_both(_likely_files(packed), [layout.place(each.name) for each in _packaged(left_out, layout)])


def _likely_files(path: Path) -> list[str]:
    """Return the files of a wheel, or those that the wheel of a project has as far as its configuration shows."""
    if not path.is_dir():
        # What is missing or damaged is reported where it is installed.
        with suppress(OSError, BadZipFile), ZipFile(path) as wheel:
            return wheel.namelist()
        return []
    try:
        layout = layout_of(path)
    except EntryError:
        layout = Layout()
    # Packages of src/ are at the top of a wheel, unless src/ is a package, which no project calls its own.
    return [layout.place(member.name).removeprefix("src/") for member in source_members(path)]


def _regular_in_both(some: Iterable[str], others: Iterable[str]) -> str | None:
    """Return a package or module that occurs in two lists of files and is a namespace in one at most; None if none."""
    own, other = _folders(some), _folders(others)
    return min((folder for folder in own.keys() & other.keys() if own[folder] or other[folder]), default=None)


def _folders(names: Iterable[str]) -> dict[str, bool]:
    """Return the folders of Python files, and the modules in none, as dotted names: whether each is no namespace."""
    found: dict[str, bool] = {}
    for name in names:
        parents = name.split("/")[:-1] if name.endswith(".py") else []
        if name.endswith(".py") and not parents:
            found[name.removesuffix(".py")] = True
        for depth in range(1, len(parents) + 1):
            found.setdefault(".".join(parents[:depth]), False)
        if parents and name.endswith("/__init__.py"):
            found[".".join(parents)] = True
    return found


def _reasons(folder: Path, name: str, layer: KnownLayer, manifest: str, job: Job) -> Iterator[str]:
    """Yield the reasons to pack the project of this name in a layer's entry, the quickest to find first."""
    if manifest != "uv.lock":
        yield f"only a uv.lock shows which other distributions need it, and {manifest} is used"
    if name in {*job.options.provided, *layer.contents.versions}:
        yield f"a layer contains a distribution {name!r} too"
    if requirer := _locked_requirer(name, job):
        yield f"the distribution {requirer!r} requires it and would not find its metadata"
    try:
        layout = _layout(folder)
    except UncertainError as error:
        yield str(error)
        return
    tops = sorted({move.destination.partition("/")[0].removesuffix(".py") for move in layout.moves})
    yield from (f"the function has its own {top!r}" for top in tops if _has_own(job.entry, top))
    if matches_code(job.entry, _METADATA):
        yield "the function's code reads metadata of distributions, and a layer has none of its own project"
    packaged = _packaged(folder, layout)
    yield from _differences(layer, packaged, layout)
    yield from _hiding(layer, [layout.place(member.name) for member in packaged], job)


def _layout(folder: Path) -> Layout:
    """Return the layout of a project with all of its packages.

    Raises:
        UncertainError: As `find_all_packages`.
    """
    moves = find_all_packages(folder, read_toml(folder / PROJECT))
    return Layout(tuple(sorted(moves, key=lambda move: -len(move.source))))


def _differences(layer: KnownLayer, packaged: Sequence[Member], layout: Layout) -> Iterator[str]:
    """Yield what of the packages the layer does not contain, and code that reads their metadata."""
    if not packaged:
        yield "its packages have no files"
    for member in packaged:
        file = layer.contents.files.get(f"{layer.prefix}/{layout.place(member.name)}")
        content = member.source.read_bytes()
        if file is None or (file.size, file.crc32) != (len(content), zlib.crc32(content)):
            yield f"the layer does not contain {member.name} as it is in the project"
        if member.name.endswith(".py") and _METADATA.search(content):
            yield f"{member.name} reads metadata of distributions, and a layer has none of its own project"


def _hiding(layer: KnownLayer, names: Sequence[str], job: Job) -> Iterator[str]:
    """Yield what Python finds in other layers, or in another folder of layers, instead of files of a project."""
    files, later = layer.contents.files, False
    for other in job.options.layers:
        label, found = f"layer {other.label!r}", other.contents.files
        paths = [f"{layer.prefix}/{name}" for name in names] if later else []
        if path := next((path for path in paths if found.get(path, files[path])[:2] != files[path][:2]), None):
            yield f"{label} comes later and has another {path}"
        preferred = _preferred(found) if other is not layer else {}
        if path := next((path for name in names if (path := f"{layer.prefix}/{name}") in preferred), None):
            yield f"{label} has {preferred[path]}, which Python prefers to {path}"
        for folder in layer_folders(job.target.python):
            below = [path.removeprefix(f"{folder}/") for path in found if path.startswith(f"{folder}/")]
            if folder != layer.prefix and (package := _regular_in_both(below, names)):
                yield f"{label} has {package!r} in {folder} too, and Python looks into one of them only"
        later = later or other is layer


def _preferred(files: Iterable[str]) -> dict[str, str]:
    """Return the packages and extension modules among files, by the paths of the sources that they hide."""
    packages = {f"{path.removesuffix('/__init__.py')}.py": path for path in files if path.endswith("/__init__.py")}
    split = ((*path.rpartition("/"), path) for path in files if path.endswith(".so"))
    return packages | {f"{folder}{slash}{name.partition('.')[0]}.py": path for folder, slash, name, path in split}


def _packaged(folder: Path, layout: Layout) -> list[Member]:
    """Return the files of a project that are in its wheel, without the bytecode of a source next to it."""
    inside = [member for member in source_members(folder) if _is_packaged(member.name, layout)]
    sources = {member.name for member in inside if member.name.endswith(".py")}
    return [member for member in inside if member.name in sources or _BYTECODE.sub(".py", member.name) not in sources]


def _is_packaged(name: str, layout: Layout) -> bool:
    return any(name == move.source or name.startswith(f"{move.source}/") for move in layout.moves)


def _has_own(folder: Path, top: str) -> bool:
    return any((folder / place / name).exists() for place in ("", "src") for name in (top, f"{top}.py"))


def _locked_requirer(name: str, job: Job) -> str | None:
    """Return a distribution of an index that requires a project, as the lock file has it; None if there is none.

    The projects of the lock file are not meant: their own requirements are followed.
    """
    try:
        text = uv_project(job.entry).lock.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return name
    for package in text.split("[[package]]")[1:]:
        if f'{{ name = "{name}"' in package and not _IS_LOCAL.search(package):
            return package.partition('name = "')[2].partition('"')[0]
    return None
