"""Comparison of lock files with their project and with the target.

Only what shapes the build is compared: the dependencies of the project, and of selected groups and extras. The checks
of uv and Pipenv query an index or compare a hash of the whole project, so that another index in the environment, or a
changed development tool, would make a lock file stale.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from cdk_layers.building.requirements.workspace import PROJECT, read_toml, table, texts
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets
from cdk_layers.errors import DependencyError, StaleLockError
from cdk_layers.system.wording import listed

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
_NAMED: Final = 5

Needs = dict[tuple[str, str], set[str]]
"""Requirements by (extra or "", name): version specifiers, "" for all versions, "*" for unknown, "@" for a location."""


def stale(lock: str, reasons: Iterable[str], command: str, folder: str) -> StaleLockError:
    """Return the error of a lock file that does not fit its project."""
    message = (
        f"{lock} does not fit its project in {folder!r}: {listed(reasons, _NAMED)}. It installs "
        f"something other than the project requires. Run {command!r} there (rule stale-lock)."
    )
    return StaleLockError(message)


def other_python(lock: str, python: str, target: Target) -> DependencyError:
    """Return the error of a lock file whose Python versions leave out a target's newest patch release."""
    message = (
        f"{lock} has nothing for {target}: it is locked for Python {python}, and Lambda runs the newest patch release "
        f"of {target.python}. Change the project's Python versions and lock it again, or build for another runtime."
    )
    return DependencyError(message)


def refuse_other_targets(lock: Mapping[str, Any], target: Target, name: str) -> None:
    """Refuse a uv.lock that is for other Python versions or platforms only.

    Raises:
        DependencyError: It has nothing for the target.
    """
    python = str(lock.get("requires-python", ""))
    if python and not meets(python, target.newest_python):
        raise other_python(name, python, target)
    supported = lock.get("supported-markers", [])
    if supported and not any(Marker(one).evaluate(target.marker_environment()) for one in supported):
        message = (
            f"{name} has nothing for {target}: the project's 'environments' are {', '.join(map(repr, supported))}. Add "
            "the target to them and lock again."
        )
        raise DependencyError(message)


def refuse_stale_uv_lock(
    project: UvProject, manifest: Mapping[str, Any], lock: Mapping[str, Any], target: Target, options: BuildOptions
) -> None:
    """Refuse a uv.lock that was made from dependencies other than those of its project now, on a target.

    Raises:
        StaleLockError: The two differ.
    """
    name = canonical(str(table(manifest, "project").get("name", "")))
    packages = [one for one in lock.get("package", []) if isinstance(one, dict)]
    here = [one for one in packages if one.get("name") == name and _PLACES & table(one, "source").keys()]
    if not name or "dependencies" in table(manifest, "project").get("dynamic", ()):
        return
    differences = _differences(project, manifest, here[0], target, options) if here else [f"it has no project {name!r}"]
    reasons = [*differences, *_changed_manifest(project, lock, target)]
    if reasons:
        raise stale(str(project.lock), reasons, "uv lock", str(project.root))


def refuse_stale_source(project: UvProject, folder: Path, lock: Mapping[str, Any], target: Target) -> None:
    """Refuse a uv.lock that was made from dependencies other than those of a local source now, which it installs.

    Raises:
        StaleLockError: The two differ.
    """
    manifest = read_toml(folder / PROJECT)
    name = canonical(str(table(manifest, "project").get("name", "")))
    packages = [one for one in lock.get("package", []) if isinstance(one, dict)]
    here = [one for one in packages if one.get("name") == name and _PLACES & table(one, "source").keys()]
    if not here or "dependencies" in table(manifest, "project").get("dynamic", ()):
        return
    # The sources of a workspace are not those of each folder that it names.
    above: dict[str, Any] = {name: [] for name in _sources(read_toml(project.root / PROJECT))}
    sources = {**above, **_sources(manifest)}
    reasons = list(_compared_project(manifest, here[0], sources, target, frozenset()))
    if reasons:
        raise stale(str(project.lock), (f"of {name!r}, {one}" for one in reasons), "uv lock", str(project.root))


def _differences(
    project: UvProject,
    manifest: Mapping[str, Any],
    package: Mapping[str, Any],
    target: Target,
    options: BuildOptions,
) -> Iterator[str]:
    wants, metadata = table(manifest, "project"), table(package, "metadata")
    sources = {**_sources(read_toml(project.root / PROJECT)), **_sources(manifest)}
    yield from _compared_project(manifest, package, sources, target, frozenset(map(canonical, options.extras)))
    own = canonical(str(wants["name"]))
    known = {canonical(name): lines for name, lines in table(metadata, "requires-dev").items()}
    groups = {canonical(name): lines for name, lines in table(manifest, "dependency-groups").items()}
    for name in sorted({canonical(one) for one in options.groups} & groups.keys()):
        lines = list(lines_of(_group(groups, name, ()), ""))
        yield from _compared(_asked(lines, sources, target, own), _locked(known.get(name, ()), target, own))


def _compared_project(
    manifest: Mapping[str, Any],
    package: Mapping[str, Any],
    sources: Mapping[str, Any],
    target: Target,
    extras: frozenset[str],
) -> Iterator[str]:
    wants, metadata = table(manifest, "project"), table(package, "metadata")
    yield from other_pythons(wants, target)
    asked = list(lines_of(wants.get("dependencies"), ""))
    for name, lines in table(wants, "optional-dependencies").items():
        if canonical(name) in extras:
            asked += lines_of(lines, canonical(name))
    locked = [one for one in metadata.get("requires-dist", ()) if _extra_of(one) in {"", *extras}]
    own = canonical(str(wants["name"]))
    yield from _compared(_asked(asked, sources, target, own), _locked(locked, target, own))


def other_pythons(wants: Mapping[str, Any], target: Target) -> Iterator[str]:
    """Yield a reason if a project excludes a target's Python, which its lock file supports."""
    python = wants.get("requires-python")
    if isinstance(python, str) and not meets(python, target.newest_python):
        yield f"it is for Python {target.python} too, and the project requires Python {python}"


def lines_of(lines: object, extra: str) -> Iterator[tuple[str, str]]:
    """Yield the requirements of a list in a pyproject.toml, each with its extra."""
    yield from ((extra, line) for line in (lines if isinstance(lines, list) else ()) if isinstance(line, str))


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
    return {canonical(name): source for name, source in table(manifest, "tool", "uv", "sources").items()}


def _asked(lines: Iterable[tuple[str, str]], sources: Mapping[str, Any], target: Target, own: str = "") -> Needs:
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
        needs.update({(extra, f"{name}[{canonical(one)}]"): {""} for one in requirement.extras})
    return needs


def _locked(entries: Iterable[object], target: Target, own: str = "") -> Needs:
    needs: Needs = {}
    for entry in entries:
        name = canonical(str(entry.get("name", ""))) if isinstance(entry, dict) else own
        if isinstance(entry, dict) and name != own and _applies(entry, target):
            extra = _extra_of(entry)
            specifier = "@" if _PLACES & entry.keys() else normalized(str(entry.get("specifier", "")))
            needs.setdefault((extra, name), set()).add(specifier)
            needs.update({(extra, f"{name}[{canonical(one)}]"): {""} for one in texts(entry.get("extras"))})
    return needs


def _applies(entry: Mapping[str, Any], target: Target) -> bool:
    marker = entry.get("marker")
    environment = {**target.marker_environment(), "extra": _extra_of(entry)}
    return not isinstance(marker, str) or Marker(marker).evaluate(environment)


def _extra_of(entry: object) -> str:
    found = _EXTRA.search(str(entry.get("marker", ""))) if isinstance(entry, dict) else None
    return canonical(found[1]) if found else ""


def normalized(specifier: str) -> str:
    """Return a version specifier in one spelling."""
    try:
        return ",".join(sorted(str(one) for one in SpecifierSet(specifier)))
    except InvalidSpecifier:
        return specifier


def _compared(asked: Needs, locked: Needs) -> Iterator[str]:
    for key in sorted(asked.keys() - locked.keys()):
        yield f"it lacks {key[1]!r}"
    for key in sorted(locked.keys() - asked.keys()):
        yield f"it has {key[1]!r}, which the project does not require"
    for key in sorted(asked.keys() & locked.keys()):
        if "*" not in asked[key] and not _same(asked[key], locked[key]):
            found, required = _described(key[1], locked[key]), _described(key[1], asked[key])
            yield f"it has {found} where the project requires {required}"


def _same(ones: Iterable[str], others: Iterable[str]) -> bool:
    return {SpecifierSet(one) if one != "@" else one for one in ones} == {
        SpecifierSet(one) if one != "@" else one for one in others
    }


def _described(name: str, specifiers: Iterable[str]) -> str:
    return " and ".join(
        f"{name} from a place of its own" if one == "@" else f"{name}{one or ' at any version'}"
        for one in sorted(specifiers)
    )


def _changed_manifest(project: UvProject, lock: Mapping[str, Any], target: Target) -> Iterator[str]:
    """Yield the differences between a project's constraints and overrides and those in the lock file."""
    settings = table(read_toml(project.root / PROJECT), "tool", "uv")
    recorded = table(lock, "manifest")
    for key, kind in (("constraint-dependencies", "constraints"), ("override-dependencies", "overrides")):
        lines = [line for line in settings.get(key, ()) if isinstance(line, str)]
        asked = _asked((("", line) for line in lines), _sources(read_toml(project.root / PROJECT)), target)
        for reason in _compared(asked, _locked(recorded.get(kind, ()), target)):
            yield f"of its {kind}, {reason}"
