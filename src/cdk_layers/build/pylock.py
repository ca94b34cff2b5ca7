"""pylock.toml, the lock file that every tool can write (PEP 751)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from packaging.markers import Environment
from packaging.pylock import (
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)

from cdk_layers.build.requirements_file import RequirementsFile, Wanted
from cdk_layers.build.wheels import supported_tags
from cdk_layers.errors import DependencyError, EntryError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.pylock import Package

    from cdk_layers.build.target import Target


def read_pylock(path: Path, target: Target) -> RequirementsFile:
    """Read what a pylock.toml installs on a target.

    Raises:
        EntryError: The file is not a valid lock file.
        DependencyError: It was not made for the target, or has no wheel for it.
    """
    lock = _pylock(path)
    environment = Environment(**target.marker_environment())  # type: ignore[typeddict-item]
    try:
        selected = list(lock.select(environment=environment, tags=supported_tags(target)))
    except PylockSelectError as error:
        message = f"pylock.toml has nothing for {target}: {error}. Lock it for this target as well."
        raise DependencyError(message) from None
    wanted = [_locked(package, source, path) for package, source in selected]
    return RequirementsFile(tuple(wanted), (), ())


def _pylock(path: Path) -> Pylock:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Pylock.from_dict(data)
    except (tomllib.TOMLDecodeError, PylockValidationError, UnicodeDecodeError) as error:
        message = f"{path.name} is not a valid lock file: {error}. Make it anew."
        raise EntryError(message) from None
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}."
        raise EntryError(message) from None


def _locked(
    package: Package,
    source: PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist,
    lock: Path,
) -> Wanted:
    where = f"{lock.name}, package {package.name!r}"
    path = getattr(source, "path", None)
    version = str(package.version) if package.version else None
    hashes = tuple(f"{name}:{value}" for name, value in (getattr(source, "hashes", None) or {}).items())
    if path is not None:
        local = (lock.parent / path).resolve()
        if not local.exists():
            message = f"{where} names {path!r}, and there is no such file or folder ({local})."
            raise EntryError(message)
        return Wanted(str(local), where, package.name, version, hashes=hashes, local=local)
    if isinstance(source, PackageVcs):
        return Wanted(
            f"{package.name} @ {source.type}+{source.url}@{source.commit_id}", where, package.name, version, remote=True
        )
    url = getattr(source, "url", None)
    text = f"{package.name} @ {url}" if url else f"{package.name}=={version}"
    return Wanted(text, where, package.name, version, hashes=hashes, remote=bool(url))
