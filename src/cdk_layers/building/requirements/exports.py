"""Exports of lock files to requirements, by the tools that made them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.groups import category
from cdk_layers.building.requirements.lock_indexes import indexes, with_indexes
from cdk_layers.building.requirements.locked import Locked
from cdk_layers.building.requirements.manifest_names import SOURCES
from cdk_layers.building.requirements.poetry_project import mirrored, unmirrored
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.building.uv import process
from cdk_layers.building.uv.index_errors import certificate_remedy
from cdk_layers.errors import BuildError, EntryChangedError, EntryError, StaleLockError
from cdk_layers.system.outgoing import scrub, secrets_in
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.requirements_text import Variables

# From a lock file of Poetry 1, later versions (poetry-core 2.5.0) leave out what an extra requires with "!=".
POETRY: Final = ("poetry==2.4.3", "poetry-plugin-export==1.10.1")
PIPENV: Final = ("pipenv==2026.10.3",)
"""The tools that export their own lock files, in the tested versions."""

_REMEDIES: Final = {
    "poetry.lock": "Correct pyproject.toml if 'poetry check' complains, or lock again with 'poetry lock'. If Poetry 1 "
    "accepts it, export it there with 'poetry export --output requirements.txt' and remove poetry.lock.",
    "Pipfile.lock": "Correct the Pipfile if 'pipenv verify' complains, or lock again with 'pipenv lock'.",
}
_OPEN_REMEDIES: Final = {
    "poetry.lock": "Make it again with 'poetry lock'.",
    "Pipfile.lock": "Pipenv locks no version of what does not apply to the machine that locks. If it is for other "
    "platforms or Pythons, write that as markers=\"...\" in the Pipfile. Make the lock file again with 'pipenv lock', "
    "on Linux with the function's Python if it is for Lambda.",
}
_OPEN_VERSION: Final = re.compile(r"(?m)(?<=[\w\]])==(?=[<>~!])")
_SCHEMA: Final = 4


@dataclass(frozen=True, slots=True)
class _Exported:
    """A lock file's requirements as text."""

    text: str
    lacks_credentials: bool = False
    """Whether credentials were removed from it."""

    indexes: Mapping[str, str] = field(default_factory=dict)
    """The index of each distribution by its name, if there are several indexes."""


def read_exported(job: Job, lock: str, variables: Variables) -> Locked:
    """Return the requirements of a lock of Poetry or Pipenv, from the cache if they contain no credentials.

    Raises:
        EntryError: The lock, or the file that it belongs to, is missing or damaged, leaves a version open, or does
            not define a selected group or extra.
        DependencyError: The lock is for other Python versions only.
        StaleLockError: It does not fit its project.
        BuildError: The exporting tool cannot be installed.
        EntryChangedError: The lock changed while it was exported.
    """
    key = _key(job, lock)
    if not job.store.recall(_checked(job, key)):
        # This loads more than a build from the store needs.
        from cdk_layers.building.requirements.lock_checks import check_lock  # noqa: PLC0415

        check_lock(job, lock)
        job.store.remember(_checked(job, key), value=True)
    known = _known(job, key)
    if known and not known.lacks_credentials:
        return _locked(job, lock, known, variables)
    text = _run(job.entry, lock, job.options)
    if _key(job, lock) != key:
        message = f"{job.entry / lock} changed while it was exported. Build again when nothing writes to it."
        raise EntryChangedError(message)
    named = {} if job.options.poetry_without_urls else indexes(job.entry / lock)
    job.store.remember(key, {"text": scrub(text), "lacks_credentials": any(secrets_in(text)), "indexes": named})
    return _locked(job, lock, _Exported(text, indexes=named), variables)


def stored_export(job: Job, lock: str, variables: Variables) -> Locked | None:
    """Return the requirements of a lock that `read_exported` found to fit, from the cache, without credentials.

    Raises:
        EntryError: The file that it belongs to is missing, or it leaves a version open.
    """
    key = _key(job, lock)
    known = _known(job, key) if job.store.recall(_checked(job, key)) else None
    return _locked(job, lock, known, variables) if known else None


def _locked(job: Job, lock: str, exported: _Exported, variables: Variables) -> Locked:
    read = read_requirements_text(exported.text, lock, job.entry, variables)
    installed = [line for line in read.lines if line.applies_to(job.target)]
    _refuse_open(installed, lock)
    names = {line.name for line in installed}
    left_out = frozenset(line.name for line in read.lines if line.name and line.name not in names)
    lines = with_indexes(read.lines, read.options, exported.indexes)
    return Locked(lines, read.options, read.paths, left_out, exported.lacks_credentials)


def _refuse_open(lines: Iterable[RequirementLine], lock: str) -> None:
    """Refuse a lock file that leaves a version open, such as one that was edited by hand."""
    for line in lines:
        if line.version is None and line.local is None and not line.remote and not line.is_constraint:
            message = (
                f"{lock} does not lock {line.name!r} at one exact version: it has {scrub(line.text)!r}. "
                f"{_OPEN_REMEDIES[lock]}"
            )
            raise EntryError(message)


def _known(job: Job, key: str) -> _Exported | None:
    known = job.store.recall(key)
    return _Exported(**known) if isinstance(known, dict) else None


def _checked(job: Job, key: str) -> str:
    """Return the key that a lock file is remembered under if it fits its project and the target."""
    return f"{key}-{job.target}"


def _sources(entry: Path, lock: str) -> tuple[str, ...]:
    """Return the file that a lock file is made from; none for a Pipfile.lock without it, which is enough."""
    name = SOURCES[lock]
    if (entry / name).is_file():
        return (name,)
    if lock != "Pipfile.lock":
        message = f"{entry / lock} needs the {name} that it was made from in the same folder. Add it."
        raise EntryError(message)
    return ()


def _key(job: Job, lock: str) -> str:
    options = job.options
    seen = hashlib.sha256()
    for name in (lock, *_sources(job.entry, lock)):
        content = (job.entry / name).read_bytes()
        seen.update(f"{name}:{len(content)}:".encode())
        seen.update(content)
    tools = [
        _SCHEMA, POETRY, PIPENV, process.uv_version(), options.poetry_include_hashes, options.poetry_without_urls,
        sorted(options.groups), sorted(options.extras),
    ]  # fmt: skip
    seen.update(json.dumps(tools).encode())
    return f"export-{seen.hexdigest()}"


def _run(entry: Path, lock: str, options: BuildOptions) -> str:
    with temporary_folder("export") as scratch:
        if lock == "poetry.lock":
            return _poetry_export(entry, scratch, options)
        return _pipenv_export(entry, scratch, options)


def _poetry_export(entry: Path, scratch: Path, options: BuildOptions) -> str:
    output = scratch / "requirements.txt"
    arguments = [
        "poetry", "export", "--no-interaction", "--with-credentials", "--format", "requirements.txt",
        "--output", str(output),
        *(part for name in options.groups for part in ("--with", name)),
        *(part for name in options.extras for part in ("--extras", name)),
        *([] if options.poetry_include_hashes else ["--without-hashes"]),
        *(["--without-urls"] if options.poetry_without_urls else []),
    ]  # fmt: skip
    # The copy keeps the project's path, so that relative paths in it also work.
    root = (scratch / "project").resolve()
    project = mirrored(entry, root)
    extra = {**options.environment, "POETRY_VIRTUALENVS_CREATE": "false"}
    _tool("poetry.lock", POETRY, arguments, project, extra, copied_to=root)
    return unmirrored(output.read_text(encoding="utf-8"), root)


def _pipenv_export(entry: Path, scratch: Path, options: BuildOptions) -> str:
    for name in ("Pipfile", "Pipfile.lock"):
        if (entry / name).is_file():
            shutil.copyfile(entry / name, scratch / name)
    if not (scratch / "Pipfile").exists():
        (scratch / "Pipfile").touch()
    quiet = {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_VENV_IN_PROJECT": "1", "PIPENV_PYTHON": sys.executable}
    extra = {**options.environment, **quiet, "PIPENV_PIPFILE": str(scratch / "Pipfile")}
    categories = ["--categories", " ".join(["packages", *map(category, options.groups)])] if options.groups else []
    text = _tool("Pipfile.lock", PIPENV, ["pipenv", "requirements", "--hash", *categories], scratch, extra)
    # Pipenv locks no version of what does not apply to the machine that locks, and exports its ">=2" as "==>=2".
    return _OPEN_VERSION.sub("", text)


def _tool(
    lock: str,
    tool: tuple[str, ...],
    arguments: list[str],
    cwd: Path,
    extra: Mapping[str, str],
    *,
    copied_to: Path | None = None,
) -> str:
    """Return the output of a tool that runs in a folder. Errors contain the project's path instead of `copied_to`."""
    extras = [part for package in tool[1:] for part in ("--with", package)]
    command = [
        "tool", "run", "--quiet", "--no-config", "--no-build", "--python", sys.executable, "--from", tool[0],
        *extras, *arguments,
    ]  # fmt: skip
    done = process.run(command, cwd=cwd, extra=extra)
    if not done.returncode:
        return done.stdout
    if process.is_unreachable(done.stderr) or "resolving tool dependencies" in done.stderr:
        remedy = certificate_remedy(done.stderr) or "Connect to the index once"
        message = (
            f"{lock} is exported by {tool[0]}, which could not be installed: {process.reason_in(done.stderr)} "
            f"{remedy}, or export the lock file to requirements.txt yourself and remove {lock}."
        )
        raise BuildError(message)
    reason = process.reason_in(done.stderr or done.stdout)
    message = f"{lock} cannot be exported by {tool[0]}: {reason} {_REMEDIES[lock]}"
    project = unmirrored(str(cwd), copied_to) if copied_to else str(cwd)
    if "changed significantly" in reason:
        # Poetry compares a hash of its whole project, which only Poetry can make.
        message += f" The project is {project!r} (rule stale-lock)."
        raise StaleLockError(message)
    raise EntryError(unmirrored(message, copied_to) if copied_to else message)
