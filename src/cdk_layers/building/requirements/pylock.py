"""Reader of pylock.toml, the standard lock file (PEP 751)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.markers import Environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)

from cdk_layers.building.requirements.groups import refuse_unknown
from cdk_layers.building.requirements.requirement_line import RequirementLine, local_requirement
from cdk_layers.building.requirements.staleness import other_python
from cdk_layers.contents.names import canonical
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.wheel_tags import supported_tags
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.lambda_service.target import Target

Source = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


@dataclass(frozen=True, slots=True)
class Selection:
    """The packages of a lock file that a target needs."""

    chosen: tuple[tuple[Package, Source], ...]
    left_out: frozenset[str]
    """The names of the packages that the lock file contains for other targets only."""


def read_pylock(
    path: Path, target: Target, options: BuildOptions
) -> tuple[tuple[RequirementLine, ...], frozenset[str]]:
    """Return the requirements of a pylock.toml on a target, and the names that it contains for other targets only.

    Raises:
        EntryError: The file is not a valid lock file, or does not define a selected group or extra.
        DependencyError: It was not made for the target, or lists no wheel for it.
    """
    try:
        lock = Pylock.from_dict(parse_toml(path.read_text(encoding="utf-8")))
    except (ValueError, PylockValidationError) as error:
        message = f"{path.name} is not a valid lock file: {error}. Make it again."
        raise EntryError(message) from None
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}."
        raise EntryError(message) from None
    refuse_unknown(path.name, "group", options.groups, lock.dependency_groups or ())
    refuse_unknown(path.name, "extra", options.extras, lock.extras or ())
    selection = select(
        lock,
        target,
        path.name,
        extras=_as_in_lock(options.extras, lock.extras or ()),
        groups=_as_in_lock(options.groups, lock.dependency_groups or ()),
    )
    return tuple(
        pylock_line(package, source, path.parent, path.name) for package, source in selection.chosen
    ), selection.left_out


def _as_in_lock(selected: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return selected names in the spelling of the lock file's markers."""
    names = {canonical(name) for name in selected}
    return [name for name in known if canonical(name) in names]


def select(
    lock: Pylock, target: Target, name: str, *, extras: Iterable[str] = (), groups: Iterable[str] = ()
) -> Selection:
    """Return the packages of a lock file that a target needs, with the file of each.

    Raises:
        DependencyError: The lock file was not made for the target, or has no file for it.
    """
    if lock.requires_python and not lock.requires_python.contains(target.newest_python, prereleases=True):
        raise other_python(name, str(lock.requires_python), target)
    environment = Environment(**target.marker_environment())  # type: ignore[typeddict-item]
    selected = [*(lock.default_groups or ()), *groups]
    try:
        chosen = tuple(
            lock.select(
                environment=environment, tags=supported_tags(target), extras=list(extras), dependency_groups=selected
            )
        )
    except PylockSelectError as error:
        message = f"{name} has nothing for {target}: {error}. Lock it for this target as well."
        raise DependencyError(message) from None
    names = {package.name for package, _ in chosen}
    return Selection(chosen, frozenset(package.name for package in lock.packages) - names)


def pylock_line(package: Package, source: Source, folder: Path, name: str) -> RequirementLine:
    """Return the requirement that installs exactly the file of a package.

    Raises:
        EntryError: The file or folder is on this machine, and missing.
    """
    where = f"{name}, package {package.name!r}"
    path = getattr(source, "path", None)
    version = str(package.version) if package.version else None
    hashes = tuple(f"{kind}:{value}" for kind, value in (getattr(source, "hashes", None) or {}).items())
    inner = getattr(source, "subdirectory", None)
    if path is not None and not isinstance(source, PackageVcs):
        local = (folder / path / (inner or "")).resolve()
        if not local.exists():
            message = (
                f"{where} names {path!r}, and there is no such file or folder ({local}). Add it if this checkout or "
                "container has only a part of the repository, or lock again without it."
            )
            raise EntryError(message)
        return replace(local_requirement(package.name, "", local, where, None), version=version, hashes=hashes)
    fragment = f"#subdirectory={inner}" if inner else ""
    if isinstance(source, PackageVcs):
        repository = source.url or (folder / str(path)).resolve().as_uri()
        address = f"{source.type}+{repository}@{source.commit_id}{fragment}"
        return RequirementLine(f"{package.name} @ {address}", where, package.name, version, remote=True)
    url = getattr(source, "url", None)
    text = f"{package.name} @ {url}{fragment}" if url else f"{package.name}=={version}"
    return RequirementLine(text, where, package.name, version, hashes=hashes, remote=bool(url))
