"""Lock files as requirements, by the tools that made them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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

from cdk_layers.build import uv
from cdk_layers.build.credentials import scrub, secrets_in
from cdk_layers.build.requirements_file import RequirementsFile, Wanted
from cdk_layers.build.wheels import supported_tags
from cdk_layers.errors import BuildError, DependencyError, EntryError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.pylock import Package

    from cdk_layers.build.job import Job
    from cdk_layers.build.options import BuildOptions
    from cdk_layers.build.target import Target

POETRY: Final = ("poetry==2.5.1", "poetry-plugin-export==1.10.1")
PIPENV: Final = ("pipenv==2026.10.3",)
"""The tools that read their own lock files, at the versions that are tested."""

_FOLDERS: Final = {"uv.lock": ("pyproject.toml",), "poetry.lock": ("pyproject.toml",), "Pipfile.lock": ("Pipfile",)}


@dataclass(frozen=True, slots=True)
class Exported:
    """A lock file's requirements as text."""

    text: str
    is_partial: bool = False
    """Whether credentials were taken out of it."""


def export(job: Job, lock: str, *, may_export: bool = True) -> Exported | None:
    """Return a lock file's requirements, from memory if they hold no credentials.

    Without `may_export` no tool is run: what is remembered comes without its credentials, and None when nothing is.

    Raises:
        EntryError: The lock file, or the file that it belongs to, is missing or damaged.
        BuildError: The exporting tool cannot be had.
    """
    key = _key(job.entry, [lock, *_beside(job.entry, lock)], job.options)
    known = job.cache.recall(key)
    if isinstance(known, dict) and not (known["is_partial"] and may_export):
        return Exported(known["text"], known["is_partial"])
    if not may_export:
        return None
    text = _run(job.entry, lock, job.options)
    job.cache.remember(key, {"text": scrub(text), "is_partial": any(secrets_in(text))})
    return Exported(text)


def _beside(entry: Path, lock: str) -> tuple[str, ...]:
    for name in _FOLDERS[lock]:
        if not (entry / name).is_file() and lock != "Pipfile.lock":
            message = f"{entry / lock} needs the {name} that it was made from beside it, and there is none. Add it."
            raise EntryError(message)
    return tuple(name for name in _FOLDERS[lock] if (entry / name).is_file())


def _key(entry: Path, names: list[str], options: BuildOptions) -> str:
    seen = hashlib.sha256()
    for name in names:
        content = (entry / name).read_bytes()
        seen.update(f"{name}:{len(content)}:".encode())
        seen.update(content)
    tools = [POETRY, PIPENV, uv.uv_version(), options.poetry_include_hashes, options.poetry_without_urls]
    seen.update(json.dumps(tools).encode())
    return f"export-{seen.hexdigest()}"


def _run(entry: Path, lock: str, options: BuildOptions) -> str:
    if lock == "uv.lock":
        return _uv_export(entry, options)
    with tempfile.TemporaryDirectory(prefix="cdk-layers-export-") as scratch:
        if lock == "poetry.lock":
            return _poetry_export(entry, Path(scratch), options)
        return _pipenv_export(entry, Path(scratch), options)


def _uv_export(entry: Path, options: BuildOptions) -> str:
    done = uv.run(
        ["export", "--quiet", "--frozen", "--no-dev", "--no-editable", "--no-emit-project", "--no-header",
         "--no-annotate", "--python", sys.executable],
        cwd=entry,
        extra=options.environment,
    )  # fmt: skip
    if done.returncode:
        message = f"{entry / 'uv.lock'} cannot be read: {_short(done.stderr)} Make it anew with 'uv lock'."
        raise EntryError(message)
    return done.stdout


def _poetry_export(entry: Path, scratch: Path, options: BuildOptions) -> str:
    output = scratch / "requirements.txt"
    arguments = [
        "poetry", "export", "--no-interaction", "--with-credentials", "--format", "requirements.txt",
        "--output", str(output),
        *([] if options.poetry_include_hashes else ["--without-hashes"]),
        *(["--without-urls"] if options.poetry_without_urls else []),
    ]  # fmt: skip
    _tool("poetry.lock", POETRY, arguments, entry, {**options.environment, "POETRY_VIRTUALENVS_CREATE": "false"})
    return output.read_text(encoding="utf-8")


def _pipenv_export(entry: Path, scratch: Path, options: BuildOptions) -> str:
    for name in ("Pipfile", "Pipfile.lock"):
        if (entry / name).is_file():
            shutil.copyfile(entry / name, scratch / name)
    if not (scratch / "Pipfile").exists():
        (scratch / "Pipfile").touch()
    quiet = {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_VENV_IN_PROJECT": "1", "PIPENV_PYTHON": sys.executable}
    extra = {**options.environment, **quiet, "PIPENV_PIPFILE": str(scratch / "Pipfile")}
    return _tool("Pipfile.lock", PIPENV, ["pipenv", "requirements"], scratch, extra)


def _tool(lock: str, tool: tuple[str, ...], arguments: list[str], cwd: Path, extra: Mapping[str, str]) -> str:
    extras = [part for package in tool[1:] for part in ("--with", package)]
    command = [
        "tool",
        "run",
        "--quiet",
        "--no-config",
        "--python",
        sys.executable,
        "--from",
        tool[0],
        *extras,
        *arguments,
    ]
    done = uv.run(command, cwd=cwd, extra=extra)
    if not done.returncode:
        return done.stdout
    if uv.is_unreachable(done.stderr) or "resolving tool dependencies" in done.stderr:
        message = (
            f"{lock} is exported by {tool[0]}, which could not be installed: {_short(done.stderr)} "
            f"Connect to the index once, or export the lock file to requirements.txt yourself and remove {lock}."
        )
        raise BuildError(message)
    message = f"{lock} cannot be exported by {tool[0]}: {_short(done.stderr or done.stdout)}"
    raise EntryError(message)


def _short(text: str) -> str:
    lines = [line.strip() for line in scrub(text).splitlines() if line.strip() and not line.startswith("warning:")]
    return " ".join(lines)[:400].rstrip(". ") + "."


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
        raise DependencyError(message) from error
    wanted = [_locked(package, source, path) for package, source in selected]
    return RequirementsFile(tuple(wanted), (), ())


def _pylock(path: Path) -> Pylock:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Pylock.from_dict(data)
    except (tomllib.TOMLDecodeError, PylockValidationError, UnicodeDecodeError) as error:
        message = f"{path.name} is not a valid lock file: {error}. Make it anew."
        raise EntryError(message) from error
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}."
        raise EntryError(message) from error


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
