"""Reader of uv.lock: exactly its files, from their indexes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.groups import refuse_unknown
from cdk_layers.building.requirements.locked import Locked
from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.requirement_line import RequirementLine, local_requirement
from cdk_layers.building.requirements.workspace import LOCK
from cdk_layers.building.uv import process
from cdk_layers.building.uv.index_errors import index_error
from cdk_layers.building.uv.indexes import PYPI, indexes_in
from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.errors import EntryChangedError, EntryError
from cdk_layers.system.document_values import mapping
from cdk_layers.system.outgoing import scrub, secrets_in
from cdk_layers.system.temporary_folders import temporary_folder
from cdk_layers.system.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.pylock import Package, Pylock

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.pylock import Selection, Source
    from cdk_layers.building.requirements.workspace import UvProject

_SCHEMA: Final = 3
_LOCAL_SOURCE: Final = re.compile(rb'source = \{ (?:editable|directory) = "(?P<path>[^"\n]+)"')


def read_uv_lock(job: Job, project: UvProject) -> Locked:
    """Return the requirements of a project's uv.lock on a target, from the cache if they contain no credentials.

    Raises:
        EntryError: The lock file or its project is missing or damaged, or does not define a selected group or extra.
        DependencyError: It was not made for the target, or lists no file for it, or an index rejects the credentials.
        StaleLockError: It does not fit its project.
        EntryChangedError: It changed while it was exported.
    """
    key = _key(job, project)
    known = _known(job, key)
    if known and not known.lacks_credentials:
        return known
    locked = _read(job, project)
    if _key(job, project) != key:
        message = f"{project.lock} changed while it was exported. Build again when nothing writes to it."
        raise EntryChangedError(message)
    job.store.remember(key, _to_json(locked, job.entry))
    return locked


def stored_uv_lock(job: Job, project: UvProject) -> Locked | None:
    """Return what `read_uv_lock` found before, from the cache, without credentials.

    Raises:
        EntryError: The lock file or its project is missing.
    """
    return _known(job, _key(job, project))


def _known(job: Job, key: str) -> Locked | None:
    known = job.store.recall(key)
    return _from_json(known, job.entry) if isinstance(known, dict) else None


def _key(job: Job, project: UvProject) -> str:
    seen = hashlib.sha256()
    for path in (*project.manifests, *_sources_of(project), project.lock):
        content = _bytes(path, project)
        seen.update(f"{path.name}:{len(content)}:".encode())
        seen.update(content)
    options = job.options
    facts = [
        _SCHEMA,
        process.uv_version(),
        str(job.target),
        os.path.relpath(project.root, project.entry),
        sorted(options.groups),
        sorted(options.extras),
        _has_more_indexes(job),
    ]
    seen.update(json.dumps(facts).encode())
    return f"uv-lock-{seen.hexdigest()}"


def _sources_of(project: UvProject) -> Iterator[Path]:
    """Yield the manifests of the local sources that a lock file names."""
    if project.lock.is_file():
        found = {match["path"] for match in _LOCAL_SOURCE.finditer(_bytes(project.lock, project))}
        manifests = (project.root / path.decode("utf-8", "replace") / PROJECT for path in sorted(found))
        yield from (path for path in manifests if path.is_file())


def _bytes(path: Path, project: UvProject) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        if path.name == PROJECT and not path.exists():
            message = f"{project.lock} needs the {PROJECT} that it was made from, in the same folder. Add it."
        raise EntryError(message) from None


def _has_more_indexes(job: Job) -> bool:
    """Return whether settings name an index in addition to the default one, which may provide the same version."""
    settings = read_uv_settings(job.entry, job.options.environment)
    return bool(settings.pip_lines) or any(index.kind in ("additional", "links") for index in indexes_in(settings))


def _read(job: Job, project: UvProject) -> Locked:
    # They take longer to load than everything else that a build from the cache needs.
    from packaging.pylock import PackageDirectory  # noqa: PLC0415

    from cdk_layers.building.requirements.pylock import select  # noqa: PLC0415
    from cdk_layers.building.requirements.stale_uv_lock import (  # noqa: PLC0415
        refuse_other_targets,
        refuse_stale_source,
        refuse_stale_uv_lock,
    )

    lock, manifest = _toml(project.lock), _toml(project.entry / PROJECT)
    _refuse_unknown(job, project, manifest)
    refuse_other_targets(lock, job.target)
    refuse_stale_uv_lock(project, manifest, lock, job.target, job.options)
    selection = select(_parsed(_export(job, project), project), job.target, LOCK)
    for _, source in selection.chosen:
        if isinstance(source, PackageDirectory):
            refuse_stale_source(project, _base_of(source, project) / source.path, lock, job.target)
    overrides = mapping(lock, "manifest").get("overrides", ())
    overridden = {str(override.get("name")) for override in overrides if isinstance(override, dict)}
    return Locked(_pinned_lines(job, project, selection), left_out=selection.left_out - overridden)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}. Correct it, or make uv.lock again with 'uv lock'."
        raise EntryError(message) from None


def _refuse_unknown(job: Job, project: UvProject, manifest: dict[str, Any]) -> None:
    legacy = ("dev",) if mapping(manifest, "tool", "uv").get("dev-dependencies") else ()
    where = str(project.entry / PROJECT)
    refuse_unknown(where, "group", job.options.groups, (*mapping(manifest, "dependency-groups"), *legacy))
    refuse_unknown(where, "extra", job.options.extras, mapping(manifest, "project", "optional-dependencies"))


def _export(job: Job, project: UvProject) -> str:
    selected = [part for name in job.options.groups for part in ("--group", name)]
    selected += [part for name in job.options.extras for part in ("--extra", name)]
    with _folder(project) as folder:
        done = process.run(
            ["export", "--quiet", "--frozen", "--format", "pylock.toml", "--no-default-groups", "--no-editable",
             "--no-emit-project", "--no-header", *selected, "--python", sys.executable],
            cwd=folder,
            extra=job.options.environment,
        )  # fmt: skip
    if not done.returncode:
        return done.stdout
    if error := index_error(done.stderr, str(project.lock)):
        raise error
    reason = process.reason_in(done.stderr)
    remedy = (
        "Install a suitable uv, or change required-version."
        if "Required uv version" in reason
        else "If the lock file is damaged, make it again with 'uv lock'."
    )
    message = f"{project.lock} cannot be exported by uv {process.uv_version()}: {reason} {remedy}"
    raise EntryError(message)


def _parsed(exported: str, project: UvProject) -> Pylock:
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415 - as above

    try:
        # uv 0.11.15 leaves out the table if nothing has to be installed.
        return Pylock.from_dict({"packages": [], **parse_toml(exported)})
    except (ValueError, PylockValidationError) as error:
        # uv 0.11.15 leaves out hashes that the lock does not have, 0.13.8 computes them (verified with both).
        message = (
            f"uv {process.uv_version()} exports {project.lock} in a form that is not valid: {error}. Newer versions of "
            "uv compute the hashes that an index does not provide: install the newest, with 'pip install -U uv'."
        )
        raise EntryError(message) from None


@contextmanager
def _folder(project: UvProject) -> Iterator[Path]:
    """Yield the folder in which uv finds the lock file: a copy where it would look for that of the workspace."""
    if not project.is_detached:
        yield project.entry
        return
    with temporary_folder("export") as scratch:
        for path in (project.entry / PROJECT, project.lock):
            shutil.copyfile(path, scratch / path.name)
        yield scratch


def _pinned_lines(job: Job, project: UvProject, selection: Selection) -> tuple[RequirementLine, ...]:
    """Return the requirements, by version if PyPI is the only index: then mirrors and uv's cache provide them too."""
    from cdk_layers.building.requirements.pylock import pylock_line  # noqa: PLC0415 - as above

    indexes = {(package.index or PYPI).rstrip("/") for package, _ in selection.chosen}
    by_version = indexes == {PYPI} and not _has_more_indexes(job)
    return tuple(
        _by_version(package)
        if by_version and _is_indexed(package)
        else pylock_line(package, source, _base_of(source, project), LOCK)
        for package, source in selection.chosen
    )


def _base_of(source: Source, project: UvProject) -> Path:
    """Return the folder that a path of the export is relative to: the entry, or the workspace's root.

    uv 0.11.15 writes the latter, newer versions the former (verified with both).
    """
    path = getattr(source, "path", None)
    if path is None or (project.entry / path).exists():
        return project.entry
    # If it is missing, ".." shows that a newer version wrote its path: members of a workspace are inside of its root.
    is_newer = path.startswith("..") and not (project.root / path).exists()
    return project.entry if is_newer else project.root


def _is_indexed(package: Package) -> bool:
    return bool(package.index and package.version and (package.wheels or package.sdist))


def _by_version(package: Package) -> RequirementLine:
    files = [*(package.wheels or ()), *((package.sdist,) if package.sdist else ())]
    hashes = tuple(dict.fromkeys(f"{kind}:{value}" for file in files for kind, value in file.hashes.items()))
    where, version = f"{LOCK}, package {package.name!r}", str(package.version)
    return RequirementLine(f"{package.name}=={version}", where, package.name, version, hashes=hashes)


def _to_json(locked: Locked, entry: Path) -> dict[str, Any]:
    lacks_credentials = any(any(secrets_in(line.text)) for line in locked.lines)
    lines = [
        [
            "" if line.local else scrub(line.text), line.where, line.name, line.version, line.hashes,
            os.path.relpath(line.local, entry) if line.local else None,
        ]
        for line in locked.lines
    ]  # fmt: skip
    return {"lines": lines, "left_out": sorted(locked.left_out), "lacks_credentials": lacks_credentials}


def _from_json(known: dict[str, Any], entry: Path) -> Locked:
    lines = []
    for text, where, name, version, hashes, path in known["lines"]:
        plain = RequirementLine(text, where, name, version, remote=" @ " in text)
        local = Path(os.path.normpath(entry / path)) if path else None
        line = local_requirement(name, "", local, where, None) if local else plain
        lines.append(replace(line, version=version, hashes=tuple(hashes)))
    return Locked(tuple(lines), left_out=frozenset(known["left_out"]), lacks_credentials=known["lacks_credentials"])
