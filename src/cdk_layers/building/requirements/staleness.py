"""Lock files that do not fit the project that they were made from, or not the target.

What is compared is what shapes the build: the dependencies of the project, and of the groups and extras that are asked
for. uv's and Pipenv's own checks ask an index or compare a hash of the whole project, so that another index in the
environment, or a changed development tool, would look like a stale lock file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from cdk_layers.building.requirements.workspace import PROJECT, read_toml, table
from cdk_layers.contents.names import canonical
from cdk_layers.contents.needs import meets
from cdk_layers.errors import DependencyError, StaleLockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.building.requirements.workspace import UvProject
    from cdk_layers.lambda_service.target import Target

_PLACES: Final = frozenset({"git", "url", "path", "directory", "editable", "virtual"})
"""The keys of a requirement in uv.lock that name a place instead of versions."""

_SOURCES: Final = frozenset({"git", "url", "path", "workspace"})
"""The keys of `tool.uv.sources` that do."""

_EXTRA: Final = re.compile(r"extra == ['\"]([^'\"]+)['\"]")
_PARTIAL_EXPORT: Final = re.compile(r"--only-(?:group|dev)\b|pip compile\b(?!.*\bpyproject\.toml)")
_NAMED: Final = 5

Needs = dict[tuple[str, str], set[str]]
"""What is required: (the extra or "", the name) to its version specifiers, or to "" for all versions, or to "@"."""


def stale(lock: str, reasons: Iterable[str], command: str, folder: str) -> StaleLockError:
    """Return the error of a lock file that does not fit its project."""
    told = list(reasons)
    more = f", and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    message = (
        f"{lock} does not fit its project in {folder!r}: {', '.join(told[:_NAMED])}{more}. What it installs is not "
        f"what the project asks for. Run {command!r} there (rule stale-lock)."
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
    from packaging.markers import Marker  # noqa: PLC0415 - most lock files are for all platforms

    supported = lock.get("supported-markers", [])
    if supported and not any(Marker(one).evaluate(target.marker_environment()) for one in supported):
        message = (
            f"{name} has nothing for {target}: the project's 'environments' are {', '.join(map(repr, supported))}. Add "
            "the target to them and lock again."
        )
        raise DependencyError(message)


def refuse_stale_uv_lock(
    project: UvProject, manifest: Mapping[str, Any], lock: Mapping[str, Any], options: BuildOptions
) -> None:
    """Refuse a uv.lock that was made from other dependencies than its project has now.

    Raises:
        StaleLockError: The two differ.
    """
    name = canonical(str(table(manifest, "project").get("name", "")))
    packages = [one for one in lock.get("package", []) if isinstance(one, dict)]
    here = [one for one in packages if one.get("name") == name and _PLACES & table(one, "source").keys()]
    if not name or "dependencies" in table(manifest, "project").get("dynamic", ()):
        return
    reasons = list(_differences(project, manifest, here[0], options)) if here else [f"it has no project {name!r}"]
    reasons += _changed_manifest(project, lock)
    if reasons:
        raise stale(str(project.lock), reasons, "uv lock", str(project.root))


def refuse_stale_source(project: UvProject, folder: Path, lock: Mapping[str, Any]) -> None:
    """Refuse a uv.lock that was made from other dependencies than a local source, which it installs, has now.

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
    reasons = list(_compared_project(manifest, here[0], sources, frozenset()))
    if reasons:
        raise stale(str(project.lock), (f"of {name!r}, {one}" for one in reasons), "uv lock", str(project.root))


def _differences(
    project: UvProject, manifest: Mapping[str, Any], package: Mapping[str, Any], options: BuildOptions
) -> Iterator[str]:
    wants, metadata = table(manifest, "project"), table(package, "metadata")
    sources = {**_sources(read_toml(project.root / PROJECT)), **_sources(manifest)}
    yield from _compared_project(manifest, package, sources, frozenset(map(canonical, options.extras)))
    own = canonical(str(wants["name"]))
    known = {canonical(name): lines for name, lines in table(metadata, "requires-dev").items()}
    groups = {canonical(name): lines for name, lines in table(manifest, "dependency-groups").items()}
    for name in sorted({canonical(one) for one in options.groups} & groups.keys()):
        lines = list(_lines(_group(groups, name, ()), ""))
        yield from _compared(_asked(lines, sources, own), _locked(known.get(name, ()), own))


def _compared_project(
    manifest: Mapping[str, Any], package: Mapping[str, Any], sources: Mapping[str, Any], extras: frozenset[str]
) -> Iterator[str]:
    wants, metadata = table(manifest, "project"), table(package, "metadata")
    asked = list(_lines(wants.get("dependencies"), ""))
    for name, lines in table(wants, "optional-dependencies").items():
        if canonical(name) in extras:
            asked += _lines(lines, canonical(name))
    locked = [one for one in metadata.get("requires-dist", ()) if _extra_of(one) in {"", *extras}]
    own = canonical(str(wants["name"]))
    yield from _compared(_asked(asked, sources, own), _locked(locked, own))


def _lines(lines: object, extra: str) -> Iterator[tuple[str, str]]:
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


def _asked(lines: Iterable[tuple[str, str]], sources: Mapping[str, Any], own: str = "") -> Needs:
    """Return what lines require, without the extras that the project `own` asks of itself."""
    needs: Needs = {}
    for extra, line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonical(requirement.name)
        if name == own:
            continue
        source = sources.get(name)
        # One of several sources, each for some platforms, says nothing of all.
        is_place = bool(requirement.url) or (isinstance(source, dict) and bool(_SOURCES & source.keys()))
        is_open = isinstance(source, list)
        specifier = "*" if is_open else "@" if is_place else normalized(str(requirement.specifier))
        needs.setdefault((extra, name), set()).add(specifier)
    return needs


def _locked(entries: Iterable[object], own: str = "") -> Needs:
    needs: Needs = {}
    for entry in entries:
        name = canonical(str(entry.get("name", ""))) if isinstance(entry, dict) else own
        if isinstance(entry, dict) and name != own:
            specifier = "@" if _PLACES & entry.keys() else normalized(str(entry.get("specifier", "")))
            needs.setdefault((_extra_of(entry), name), set()).add(specifier)
    return needs


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
        yield f"it has {key[1]!r}, which the project does not ask for"
    for key in sorted(asked.keys() & locked.keys()):
        if "*" not in asked[key] and not _same(asked[key], locked[key]):
            yield f"it has {_told(key[1], locked[key])} where the project asks for {_told(key[1], asked[key])}"


def _same(ones: Iterable[str], others: Iterable[str]) -> bool:
    return {SpecifierSet(one) if one != "@" else one for one in ones} == {
        SpecifierSet(one) if one != "@" else one for one in others
    }


def _told(name: str, specifiers: Iterable[str]) -> str:
    return " and ".join(
        f"{name} from a place of its own" if one == "@" else f"{name}{one or ' at any version'}"
        for one in sorted(specifiers)
    )


def _changed_manifest(project: UvProject, lock: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs of a project's constraints and overrides."""
    settings = table(read_toml(project.root / PROJECT), "tool", "uv")
    recorded = table(lock, "manifest")
    for key, kind in (("constraint-dependencies", "constraints"), ("override-dependencies", "overrides")):
        lines = [line for line in settings.get(key, ()) if isinstance(line, str)]
        asked = _asked((("", line) for line in lines), _sources(read_toml(project.root / PROJECT)))
        for reason in _compared(asked, _locked(recorded.get(kind, ()))):
            yield f"of its {kind}, {reason}"


def refuse_stale_pylock(path: Path, wanted: Iterable[Wanted], target: Target, options: BuildOptions) -> None:
    """Refuse a pylock.toml that lacks what the pyproject.toml with it asks for on a target.

    One that was made from a group alone, or from other files, as the tool wrote at its head, is not compared.

    Raises:
        StaleLockError: Something is missing, or there at a version that the project does not admit.
    """
    text = path.read_text(encoding="utf-8")
    head = " ".join(line for line in text.splitlines()[:5] if line.startswith("#"))
    manifest = read_toml(path.parent / PROJECT)
    project = table(manifest, "project")
    if _PARTIAL_EXPORT.search(head) or "dependencies" in project.get("dynamic", ()):
        return
    found = {one.name: one.version for one in wanted}
    reasons = list(_missing(project.get("dependencies"), found, target))
    for extra in options.extras:
        lines = {canonical(name): lines for name, lines in table(project, "optional-dependencies").items()}
        reasons += _missing(lines.get(canonical(extra)), found, target)
    if reasons:
        raise stale(path.name, reasons, _pylock_command(read_toml(path)), str(path.parent))


def _missing(lines: object, found: Mapping[str | None, str | None], target: Target) -> Iterator[str]:
    for _, line in _lines(lines, ""):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonical(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate(target.marker_environment()):
            continue
        version = found.get(name)
        if name not in found:
            yield f"it lacks {name!r}"
        elif version and not requirement.url and not meets(str(requirement.specifier), version):
            yield f"it has {name} {version} where the project asks for {name}{requirement.specifier}"


def _pylock_command(lock: Mapping[str, Any]) -> str:
    tool = str(lock.get("created-by", "")).lower()
    if tool.startswith("pdm"):
        return "pdm lock --format pylock"
    return "pip lock ." if tool.startswith("pip") else "uv lock && uv export --format pylock.toml -o pylock.toml"
