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
from cdk_layers.building.requirements.lock_indexes import indexes
from cdk_layers.building.requirements.manifest_names import SOURCES
from cdk_layers.building.requirements.poetry_project import mirrored, unmirrored
from cdk_layers.building.uv import process
from cdk_layers.errors import BuildError, EntryChangedError, EntryError, StaleLockError
from cdk_layers.system.outgoing import scrub, secrets_in
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions

# From a lock file of Poetry 1, later versions (poetry-core 2.5.0) leave out what an extra requires with "!=".
POETRY: Final = ("poetry==2.4.3", "poetry-plugin-export==1.10.1")
PIPENV: Final = ("pipenv==2026.10.3",)
"""The tools that export their own lock files, in the tested versions."""

_REMEDIES: Final = {
    "poetry.lock": "Correct pyproject.toml if 'poetry check' complains, or lock again with 'poetry lock'. If Poetry 1 "
    "accepts it, export it there with 'poetry export --output requirements.txt' and remove poetry.lock.",
    "Pipfile.lock": "Correct the Pipfile if 'pipenv verify' complains, or lock again with 'pipenv lock'.",
}
_OPEN_VERSION: Final = re.compile(r"(?m)(?<=[\w\]])==(?=[<>~!])")
_SCHEMA: Final = 4


@dataclass(frozen=True, slots=True)
class Exported:
    """A lock file's requirements as text."""

    text: str
    lacks_credentials: bool = False
    """Whether credentials were removed from it."""

    indexes: Mapping[str, str] = field(default_factory=dict)
    """The index of each distribution by its name, if there are several indexes."""


def export(job: Job, lock: str, *, may_export: bool = True) -> Exported | None:
    """Return a lock file's requirements, from the cache if they contain no credentials.

    Without `may_export`, no tool is run: the result is from the cache, without credentials, or None.

    Raises:
        EntryError: The lock file, or the file that it belongs to, is missing or damaged, or does not define a
            selected group or extra.
        DependencyError: The lock file is for other Python versions only.
        StaleLockError: It does not fit its project.
        BuildError: The exporting tool cannot be installed.
        EntryChangedError: The lock file changed while it was exported.
    """
    key = _key(job.entry, [lock, *_sources(job.entry, lock)], job.options)
    if not _is_checked(job, lock, key, may_check=may_export):
        return None
    known = job.store.recall(key)
    if isinstance(known, dict) and not (known["lacks_credentials"] and may_export):
        return Exported(known["text"], known["lacks_credentials"], known["indexes"])
    if not may_export:
        return None
    text = _run(job.entry, lock, job.options)
    if _key(job.entry, [lock, *_sources(job.entry, lock)], job.options) != key:
        message = f"{job.entry / lock} changed while it was exported. Build again when nothing writes to it."
        raise EntryChangedError(message)
    named = {} if job.options.poetry_without_urls else indexes(job.entry / lock)
    job.store.remember(key, {"text": scrub(text), "lacks_credentials": any(secrets_in(text)), "indexes": named})
    return Exported(text, indexes=named)


def _is_checked(job: Job, lock: str, key: str, *, may_check: bool) -> bool:
    """Return whether a lock file is known to fit its project and the target; check it if `may_check`."""
    checked = f"{key}-{job.target}"
    if job.store.recall(checked):
        return True
    if may_check:
        # This loads more than a build from the store needs.
        from cdk_layers.building.requirements.lock_checks import check_lock  # noqa: PLC0415

        check_lock(job, lock)
        job.store.remember(checked, value=True)
    return may_check


def _sources(entry: Path, lock: str) -> tuple[str, ...]:
    """Return the file that a lock file is made from; none for a Pipfile.lock without it, which is enough."""
    name = SOURCES[lock]
    if (entry / name).is_file():
        return (name,)
    if lock != "Pipfile.lock":
        message = f"{entry / lock} needs the {name} that it was made from in the same folder. Add it."
        raise EntryError(message)
    return ()


def _key(entry: Path, names: list[str], options: BuildOptions) -> str:
    seen = hashlib.sha256()
    for name in names:
        content = (entry / name).read_bytes()
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
        message = (
            f"{lock} is exported by {tool[0]}, which could not be installed: {process.reason_in(done.stderr)} "
            f"Connect to the index once, or export the lock file to requirements.txt yourself and remove {lock}."
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
