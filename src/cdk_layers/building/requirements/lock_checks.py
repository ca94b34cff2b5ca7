"""Checks of a poetry.lock or a Pipfile.lock against its project, the target, and the selected groups and extras."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.groups import category, refuse_unknown
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.staleness import normalized, other_python, stale
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets
from cdk_layers.errors import EntryError
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.job import Job

_EXTRA: Final = re.compile(r"[A-Za-z0-9._-]+")
_PIPFILE_SECTIONS: Final = {"default": "packages", "develop": "dev-packages"}
"""Sections of a Pipfile.lock that the Pipfile names otherwise."""


def check_lock(job: Job, lock: str) -> None:
    """Refuse a lock file that does not fit its project or the target.

    Raises:
        EntryError: It is damaged, or does not define a selected group or extra.
        DependencyError: It is for other Python versions only.
        StaleLockError: It does not fit its project.
    """
    if lock == "poetry.lock":
        _check_poetry(job)
    else:
        _check_pipfile(job)


def _check_poetry(job: Job) -> None:
    manifest = read_toml(job.entry / PROJECT)
    poetry, project = mapping(manifest, "tool", "poetry"), mapping(manifest, "project")
    groups = {*mapping(poetry, "group"), *mapping(manifest, "dependency-groups")}
    groups |= {"dev"} if "dev-dependencies" in poetry else set()
    extras = {*mapping(poetry, "extras"), *mapping(project, "optional-dependencies")}
    refuse_unknown(PROJECT, "group", job.options.groups, groups)
    refuse_unknown(PROJECT, "extra", job.options.extras, extras)
    lock = job.entry / "poetry.lock"
    python = str(mapping(read_toml(lock), "metadata").get("python-versions", "*"))
    if not poetry_admits(python, job.target.newest_python):
        raise other_python(lock.name, python, job.target)


def poetry_admits(constraint: str, version: str) -> bool:
    """Return whether a version constraint, in Poetry's notation, admits a version.

    Source: Poetry's documentation, "Dependency specification": caret, tilde, wildcard and "||".
    """
    alternatives = re.split(r"\s*\|\|?\s*", constraint.strip())
    return any(all(meets(specifier, version) for specifier in _specifiers(part)) for part in alternatives)


def _specifiers(constraints: str) -> Iterator[str]:
    joined = re.sub(r"([<>=!~^])\s+", r"\1", constraints.strip())
    for constraint in filter(None, re.split(r"[,\s]+", joined)):
        digits = re.findall(r"\d+", constraint)
        if constraint == "*" or not digits:
            continue
        if constraint.startswith("^"):
            yield f">={'.'.join(digits)}"
            first_number = next((position for position, part in enumerate(digits) if part != "0"), len(digits) - 1)
            yield f"<{_after(digits, first_number)}"
        elif constraint.startswith("~") and not constraint.startswith("~="):
            yield f">={'.'.join(digits)}"
            yield f"<{_after(digits, min(1, len(digits) - 1))}"
        elif constraint[0].isdigit():
            # An exact version of Python, which markers compare by major and minor version.
            is_exact = constraint.endswith("*") or len(digits) > 2  # noqa: PLR2004 - major and minor
            yield f"=={constraint}" if is_exact else f"=={constraint}.*"
        else:
            yield constraint


def _after(digits: list[str], position: int) -> str:
    """Return the first version after all those with the same numbers up to a position."""
    return ".".join([*digits[:position], str(int(digits[position]) + 1)])


def _check_pipfile(job: Job) -> None:
    path = job.entry / "Pipfile.lock"
    lock = _json(path)
    known = [_PIPFILE_SECTIONS.get(name, name) for name in lock if name not in {"_meta", "default"}]
    refuse_unknown("Pipfile.lock", "category", map(category, job.options.groups), known)
    if job.options.extras:
        message = (
            f"extras={list(job.options.extras)}: a Pipfile.lock has no extras. Use groups=[...] for its categories."
        )
        raise EntryError(message)
    requires = mapping(lock, "_meta", "requires")
    python = str(requires.get("python_full_version") or requires.get("python_version") or "")
    wanted = re.findall(r"\d+", python)[:2]
    if wanted and wanted != job.target.python.split(".")[: len(wanted)]:
        raise other_python(path.name, python, job.target)
    sections = {name: section for section, name in _PIPFILE_SECTIONS.items()}
    selected = [sections.get(category(name), name) for name in job.options.groups]
    _refuse_stale_pipfile_lock(job.entry, lock, ["default", *selected])


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path} cannot be read: {error}. Make it again with 'pipenv lock'."
        raise EntryError(message) from None
    if not isinstance(data, dict):
        message = f"{path} is not a Pipfile.lock: it contains no JSON object. Make it again with 'pipenv lock'."
        raise EntryError(message)
    return data


def _refuse_stale_pipfile_lock(folder: Path, lock: Mapping[str, Any], categories: Iterable[str]) -> None:
    """Refuse a Pipfile.lock that lacks what its Pipfile requires.

    Raises:
        StaleLockError: Something is missing, or locked at a version that the Pipfile does not admit.
    """
    path = folder / "Pipfile.lock"
    manifest = read_toml(folder / "Pipfile")
    reasons: list[str] = []
    for section in categories:
        packages = manifest.get(_PIPFILE_SECTIONS.get(section, section))
        found = {canonical(name): entry for name, entry in mapping(lock, section).items()}
        for name, requirement in packages.items() if isinstance(packages, dict) else ():
            reasons += _differences(name, requirement, found)
    if reasons:
        raise stale(path.name, reasons, "pipenv lock", str(folder))


def _differences(key: str, requirement: object, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the locked package differs from a requirement of a Pipfile. Its key may have extras: "name[extra]"."""
    written, _, in_key = key.partition("[")
    name = canonical(written.strip())
    required = str(requirement.get("version", "*") if isinstance(requirement, dict) else requirement)
    version = str(found[name].get("version", "")).removeprefix("==") if isinstance(found.get(name), dict) else ""
    if name not in found:
        yield f"it lacks {name!r}"
    elif missing := (_extras(requirement) | _extras({"extras": _EXTRA.findall(in_key)})) - _extras(found[name]):
        yield f"it lacks the extra {min(missing)!r} of {name!r}"
    elif version and required != "*" and not meets(normalized(required), version):
        yield f"it has {name} {version} where the project requires {name}{required}"


def _extras(package: object) -> set[str]:
    return set(map(canonical, texts(package.get("extras")))) if isinstance(package, dict) else set()
