"""Requirements of projects without a lock file, compared with what the manifest in use installs."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.requirements_file import read_requirements_file
from cdk_layers.building.requirements.setuptools_files import setup_cfg, setup_py_arguments
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.lambda_service.target import Target

_CONDITIONS: Final = frozenset({"markers", "python", "platform", "optional"})
"""The keys of a dependency in Poetry's notation that limit where it applies."""

_CONDA: Final = re.compile(r"^dependencies:", re.MULTILINE)
_OTHER_NAMES: Final = (
    "requirements*.lock",
    "requirements[-_]*.txt",
    "requirements.[!t]*.txt",
    "*[-_.]requirements.txt",
    "requirements/*.txt",
)
_FOR_DEVELOPERS: Final = re.compile(r"(?<![a-z])(?:dev|test|lint|typing|doc|ci|cdk|build|deploy|local|debug|bench)")
_REQUIREMENT: Final = re.compile(r"^\s*[^\s#]", re.MULTILINE)


def has_dependencies(manifest: Path) -> bool:
    """Return whether a Pipfile or pyproject.toml has dependencies; a pyproject.toml may also configure tools only."""
    data = _parsed(manifest)
    if data is None:
        return manifest.exists()
    dynamic = "dependencies" in texts(mapping(data, "project").get("dynamic"))
    return dynamic or any((data.get("packages"), _lines(data), _poetry(data)))


def installs_all(entry: Path, used: str, lines: Iterable[RequirementLine], target: Target) -> bool:
    """Return whether requirements install all that a pyproject.toml requires on a target. False if that is unknown.

    So it is if a tool made them from it, if it reads them itself, or if they include the project.

    Args:
        entry: The folder of the pyproject.toml.
        used: The manifest with the requirements.
        lines: The requirements.
        target: Where they are installed.
    """
    required = [line for line in lines if not line.is_constraint]
    if any(line.local == entry for line in required):
        return True
    data = _parsed(entry / PROJECT)
    if data is None:
        return False
    # It loads more than a build from the store needs, if there is no such project.
    from cdk_layers.building.requirements.staleness import changed_names, missing  # noqa: PLC0415

    found = {line.name: line.version for line in required if line.applies_to(target)}
    named = {
        name for name, value in _poetry(data).items() if not (isinstance(value, dict) and _CONDITIONS & set(value))
    }
    if (
        any(missing(_lines(data), found, target, changed_names(data)))
        or not {canonical(name) for name in named} <= found.keys()
    ):
        return False
    if "dependencies" not in texts(mapping(data, "project").get("dynamic")) or _poetry(data):
        return True
    return _read_from_files(data, entry, used, found.keys())


def sources_without_lock(entry: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of an entry that list requirements and that nothing installs, each with the remedy."""
    if (entry / "requirements.in").is_file():
        yield "requirements.in", "Compile it: 'uv pip compile --universal requirements.in -o requirements.txt'."
    write = "Write its requirements into a requirements.txt."
    if mapping(setup_cfg(entry), "options").get("install_requires", "").strip():
        yield "setup.cfg", write
    if _setup_py_requires(entry):
        yield "setup.py", write
    for name in ("environment.yml", "environment.yaml"):
        with suppress(OSError, UnicodeDecodeError):
            if _CONDA.search((entry / name).read_text(encoding="utf-8")):
                yield name, "Conda does not build for Lambda. " + write
    for name in _requirements_of_other_names(entry):
        yield name, f"Rename it to requirements.txt, or write a requirements.txt with '-r {name}'."


def _requirements_of_other_names(entry: Path) -> Iterator[str]:
    """Yield files of requirements, except those whose names say that functions do not need them."""
    for path in sorted({path for pattern in _OTHER_NAMES for path in entry.glob(pattern)}):
        name = path.relative_to(entry).as_posix()
        with suppress(OSError, UnicodeDecodeError):
            if not _FOR_DEVELOPERS.search(name) and _REQUIREMENT.search(path.read_text(encoding="utf-8")):
                yield name


def _parsed(manifest: Path) -> dict[str, Any] | None:
    try:
        return parse_toml(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None


def _lines(data: Mapping[str, Any]) -> list[str]:
    flit = mapping(data, "tool", "flit", "metadata").get("requires")
    return [*texts(mapping(data, "project").get("dependencies")), *texts(flit)]


def _poetry(data: Mapping[str, Any]) -> dict[str, Any]:
    dependencies = mapping(data, "tool", "poetry", "dependencies")
    return {name: value for name, value in dependencies.items() if name != "python"}


def _read_from_files(data: Mapping[str, Any], entry: Path, used: str, found: Iterable[str | None]) -> bool:
    """Return whether the dependencies come from files whose requirements are all installed.

    Source: setuptools, "Dynamic Metadata"; the README of hatch-requirements-txt.
    """
    hook = mapping(data, "tool", "hatch", "metadata", "hooks", "requirements_txt")
    dynamic = mapping(data, "tool", "setuptools", "dynamic", "dependencies")
    files = [*texts(dynamic.get("file")), *texts(hook.get("files"))]
    try:
        read = [read_requirements_file(entry / name, entry).lines for name in files if Path(name) != Path(used)]
    except EntryError:
        return False
    return bool(files) and {line.name for lines in read for line in lines} <= set(found)


def _setup_py_requires(entry: Path) -> bool:
    """Return whether a setup.py passes install_requires to setup(), or to a function that prepares its arguments."""
    return any(
        argument.name == "install_requires" and not (isinstance(argument.value, ast.List) and not argument.value.elts)
        for argument in setup_py_arguments(entry)
    )
