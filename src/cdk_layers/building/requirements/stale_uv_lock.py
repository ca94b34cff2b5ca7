"""Comparison of a uv.lock with its project and with the target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.staleness import lines_of, normalized, other_python, other_pythons, stale
from cdk_layers.building.requirements.workspace import LOCK
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets
from cdk_layers.errors import DependencyError
from cdk_layers.system.document_values import mapping, texts
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.workspace import UvProject
    from cdk_layers.lambda_service.target import Target

_PLACES: Final = frozenset({"git", "url", "path", "directory", "editable", "virtual"})
"""The keys of a requirement in uv.lock that name a location instead of versions."""

_SOURCES: Final = frozenset({"git", "url", "path", "workspace"})
"""The keys in `tool.uv.sources` that name a location instead of versions."""

_PARTIAL: Final = frozenset({"marker", "extra", "group"})
"""The keys of a source that limit where it applies."""

_EXTRA: Final = re.compile(r"extra == ['\"]([^'\"]+)['\"]")

Needs = dict[tuple[str, str], set[str]]
"""Requirements by (extra or "", name): version specifiers, "" for all versions, "*" for unknown, "@" for a location."""


def refuse_other_targets(lock: Mapping[str, Any], target: Target) -> None:
    """Refuse a uv.lock that is for other Python versions or platforms only.

    Raises:
        DependencyError: It has nothing for the target.
    """
    python = str(lock.get("requires-python", ""))
    if python and not meets(python, target.newest_python):
        raise other_python(LOCK, python, target)
    supported = lock.get("supported-markers", [])
    if supported and not any(Marker(marker).evaluate(target.marker_environment()) for marker in supported):
        message = (
            f"{LOCK} has nothing for {target}: the project's 'environments' are {', '.join(map(repr, supported))}. "
            "Add the target to them and lock again."
        )
        raise DependencyError(message)


def refuse_stale_uv_lock(
    project: UvProject, manifest: Mapping[str, Any], lock: Mapping[str, Any], target: Target, options: BuildOptions
) -> None:
    """Refuse a uv.lock that was made from dependencies other than those of its project now, on a target.

    Raises:
        StaleLockError: The two differ.
    """
    name = canonical(str(mapping(manifest, "project").get("name", "")))
    package = _local_package(lock, name)
    if not name or "dependencies" in mapping(manifest, "project").get("dynamic", ()):
        return
    differences = (
        _differences(project, manifest, package, target, options) if package else [f"it has no project {name!r}"]
    )
    reasons = [*differences, *_changed_manifest(project, lock, target)]
    if reasons:
        raise stale(str(project.lock), reasons, "uv lock", str(project.root))


def refuse_stale_source(project: UvProject, folder: Path, lock: Mapping[str, Any], target: Target) -> None:
    """Refuse a uv.lock that was made from dependencies other than those of a local source now, which it installs.

    Raises:
        StaleLockError: The two differ.
    """
    manifest = read_toml(folder / PROJECT)
    name = canonical(str(mapping(manifest, "project").get("name", "")))
    package = _local_package(lock, name)
    if not package or "dependencies" in mapping(manifest, "project").get("dynamic", ()):
        return
    # The sources of a workspace do not apply to each folder that it names.
    above: dict[str, Any] = {name: [] for name in _sources(read_toml(project.root / PROJECT))}
    sources = {**above, **_sources(manifest)}
    reasons = list(_compared_project(manifest, package, sources, target, frozenset()))
    if reasons:
        raise stale(str(project.lock), (f"of {name!r}, {reason}" for reason in reasons), "uv lock", str(project.root))


def _local_package(lock: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the package of a uv.lock that is the project of this name; None if there is none."""
    packages = (package for package in lock.get("package", []) if isinstance(package, dict))
    local = (package for package in packages if _PLACES & mapping(package, "source").keys())
    return next((package for package in local if package.get("name") == name), None)


def _differences(
    project: UvProject,
    manifest: Mapping[str, Any],
    package: Mapping[str, Any],
    target: Target,
    options: BuildOptions,
) -> Iterator[str]:
    wants, metadata = mapping(manifest, "project"), mapping(package, "metadata")
    sources = {**_sources(read_toml(project.root / PROJECT)), **_sources(manifest)}
    yield from _compared_project(manifest, package, sources, target, frozenset(map(canonical, options.extras)))
    own = canonical(str(wants["name"]))
    known = {canonical(name): lines for name, lines in mapping(metadata, "requires-dev").items()}
    groups = {canonical(name): lines for name, lines in mapping(manifest, "dependency-groups").items()}
    for name in sorted({canonical(group) for group in options.groups} & groups.keys()):
        lines = list(lines_of(_group(groups, name, ()), ""))
        yield from _compared(_required(lines, sources, target, own), _locked(known.get(name, ()), target, own))


def _compared_project(
    manifest: Mapping[str, Any],
    package: Mapping[str, Any],
    sources: Mapping[str, Any],
    target: Target,
    extras: frozenset[str],
) -> Iterator[str]:
    wants, metadata = mapping(manifest, "project"), mapping(package, "metadata")
    yield from other_pythons(wants, target)
    required = list(lines_of(wants.get("dependencies"), ""))
    for name, lines in mapping(wants, "optional-dependencies").items():
        if canonical(name) in extras:
            required += lines_of(lines, canonical(name))
    locked = [entry for entry in metadata.get("requires-dist", ()) if _extra_of(entry) in {"", *extras}]
    own = canonical(str(wants["name"]))
    yield from _compared(_required(required, sources, target, own), _locked(locked, target, own))


def _group(groups: Mapping[str, Any], name: str, above: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for line in groups.get(name, ()):
        included = canonical(str(line["include-group"])) if isinstance(line, dict) and "include-group" in line else None
        if isinstance(line, str):
            lines.append(line)
        elif included is not None and included not in above:
            lines += _group(groups, included, (*above, name))
    return lines


def _sources(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {canonical(name): source for name, source in mapping(manifest, "tool", "uv", "sources").items()}


def _required(lines: Iterable[tuple[str, str]], sources: Mapping[str, Any], target: Target, own: str = "") -> Needs:
    """Return the requirements of lines on a target, without those of the project `own` on itself."""
    needs: Needs = {}
    for extra, line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonical(requirement.name)
        if name == own or (requirement.marker and not requirement.marker.evaluate(target.marker_environment())):
            continue
        source = sources.get(name)
        # A source for some platforms, or one of several, does not decide the location for all.
        is_place = bool(requirement.url) or (isinstance(source, dict) and bool(_SOURCES & source.keys()))
        is_open = isinstance(source, list) or (isinstance(source, dict) and bool(_PARTIAL & source.keys()))
        specifier = "*" if is_open else "@" if is_place else normalized(str(requirement.specifier))
        needs.setdefault((extra, name), set()).add(specifier)
        needs.update({(extra, f"{name}[{canonical(part)}]"): {""} for part in requirement.extras})
    return needs


def _locked(entries: Iterable[object], target: Target, own: str = "") -> Needs:
    needs: Needs = {}
    for entry in entries:
        name = canonical(str(entry.get("name", ""))) if isinstance(entry, dict) else own
        if isinstance(entry, dict) and name != own and _applies(entry, target):
            extra = _extra_of(entry)
            specifier = "@" if _PLACES & entry.keys() else normalized(str(entry.get("specifier", "")))
            needs.setdefault((extra, name), set()).add(specifier)
            needs.update({(extra, f"{name}[{canonical(part)}]"): {""} for part in texts(entry.get("extras"))})
    return needs


def _applies(entry: Mapping[str, Any], target: Target) -> bool:
    marker = entry.get("marker")
    environment = {**target.marker_environment(), "extra": _extra_of(entry)}
    return not isinstance(marker, str) or Marker(marker).evaluate(environment)


def _extra_of(entry: object) -> str:
    found = _EXTRA.search(str(entry.get("marker", ""))) if isinstance(entry, dict) else None
    return canonical(found[1]) if found else ""


def _compared(required: Needs, locked: Needs) -> Iterator[str]:
    for key in sorted(required.keys() - locked.keys()):
        yield f"it lacks {key[1]!r}"
    for key in sorted(locked.keys() - required.keys()):
        yield f"it has {key[1]!r}, which the project does not require"
    for key in sorted(required.keys() & locked.keys()):
        if "*" not in required[key] and _parsed(required[key]) != _parsed(locked[key]):
            found, wanted = _described(key[1], locked[key]), _described(key[1], required[key])
            yield f"it has {found} where the project requires {wanted}"


def _parsed(specifiers: Iterable[str]) -> set[object]:
    return {specifier if specifier == "@" else SpecifierSet(specifier) for specifier in specifiers}


def _described(name: str, specifiers: Iterable[str]) -> str:
    return " and ".join(
        f"{name} from its own location" if specifier == "@" else f"{name}{specifier or ' at any version'}"
        for specifier in sorted(specifiers)
    )


def _changed_manifest(project: UvProject, lock: Mapping[str, Any], target: Target) -> Iterator[str]:
    """Yield the differences between a project's constraints and overrides and those in the lock file."""
    settings = mapping(read_toml(project.root / PROJECT), "tool", "uv")
    recorded = mapping(lock, "manifest")
    for key, kind in (("constraint-dependencies", "constraints"), ("override-dependencies", "overrides")):
        lines = [line for line in settings.get(key, ()) if isinstance(line, str)]
        required = _required((("", line) for line in lines), _sources(read_toml(project.root / PROJECT)), target)
        for reason in _compared(required, _locked(recorded.get(kind, ()), target)):
            yield f"of its {kind}, {reason}"
    excluded = {canonical(name) for name in texts(settings.get("exclude-dependencies"))}
    left_out = {canonical(name) for name in texts(recorded.get("excludes"))}
    yield from (f"it does not exclude {name!r}, as the project does" for name in sorted(excluded - left_out))
    yield from (f"it excludes {name!r}, which the project does not" for name in sorted(left_out - excluded))
