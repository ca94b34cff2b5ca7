"""The door to uv, which resolves, exports and installs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from uv import find_uv_bin

from cdk_layers import host
from cdk_layers.build.credentials import scrub, secrets_in
from cdk_layers.errors import BuildError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_layers.build.target import Target

_AMBIENT: Final = (
    "CONDA_PREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_COMPILE_BYTECODE",
    "UV_LINK_MODE",
    "UV_NO_BINARY",
    "UV_NO_BUILD",
    "UV_ONLY_BINARY",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "VIRTUAL_ENV",
)
"""What describes the environment that uv is started in; the target's is another."""

_SHAPING: Final = (
    "UV_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_NO_CONFIG",
    "UV_NO_INDEX",
    "UV_NO_SOURCES",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_REQUIRE_HASHES",
    "UV_RESOLUTION",
    "UV_TORCH_BACKEND",
)
"""The variables that decide which distributions uv finds."""

_READ_BY_UV: Final = ("UV_CONFIG_FILE", "UV_CONSTRAINT", "UV_EXCLUDE", "UV_OVERRIDE")
_SECRET_VARIABLE: Final = re.compile(
    r"UV_INDEX_\w+_PASSWORD|POETRY_HTTP_BASIC_\w+_PASSWORD|POETRY_PYPI_TOKEN_\w+|UV_\w*TOKEN"
)
_UNREACHABLE: Final = re.compile(
    r"error sending request|client error \(Connect\)|dns error|tcp connect error|operation timed out|Could not connect",
    re.IGNORECASE,
)


@cache
def uv_version() -> str:
    """Return the version of the uv that builds."""
    return version("uv")


@cache
def _program() -> str:
    return find_uv_bin()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return uv's environment: this process's, the given variables over it, pip's index settings translated."""
    variables = {**host.environ(), **extra}
    for name in _AMBIENT:
        variables.pop(name, None)
    pip = {name: variables.pop(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")}
    if pip["PIP_INDEX_URL"] and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & variables.keys():
        variables["UV_DEFAULT_INDEX"] = pip["PIP_INDEX_URL"]
    if pip["PIP_EXTRA_INDEX_URL"] and not {"UV_INDEX", "UV_EXTRA_INDEX_URL"} & variables.keys():
        variables["UV_INDEX"] = pip["PIP_EXTRA_INDEX_URL"]
    return {**variables, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}


def settings_digest(folder: Path, extra: Mapping[str, str]) -> str:
    """Return a digest of all settings that decide what uv finds for a folder, their credentials left out."""
    variables = environment(extra)
    shaping = {name: variables[name] for name in _SHAPING if variables.get(name)}
    files = [_text(Path(path)) for name in _READ_BY_UV for path in shaping.get(name, "").split()]
    configuration = [] if shaping.get("UV_NO_CONFIG") else [*_configuration(folder, variables)]
    facts = scrub(json.dumps([shaping, files, configuration], sort_keys=True, default=str))
    return hashlib.sha256(facts.encode()).hexdigest()


def _configuration(folder: Path, variables: Mapping[str, str]) -> Iterator[object]:
    for parent in (folder, *folder.parents):
        if (parent / "uv.toml").is_file():
            yield _text(parent / "uv.toml")
            break
        table = _uv_table(_text(parent / "pyproject.toml"))
        if table is not None:
            yield table
            break
    homes = (variables.get("XDG_CONFIG_HOME"), variables.get("APPDATA"), os.path.expanduser("~/.config"), "/etc")  # noqa: PTH111
    for home in filter(None, homes):
        yield _text(Path(home) / "uv" / "uv.toml")


@lru_cache(maxsize=16)
def _uv_table(project: str) -> Any:
    """Return what a pyproject.toml sets for uv. Layers of one project share those above them."""
    try:
        return tomllib.loads(project).get("tool", {}).get("uv")
    except tomllib.TOMLDecodeError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def platform_arguments(target: Target, platform: str) -> list[str]:
    """Return the arguments that make uv see a target instead of this machine."""
    return [
        "--python", sys.executable,
        "--python-version", target.newest_python,
        "--python-platform", f"{target.machine}-{platform}",
    ]  # fmt: skip


def run(
    arguments: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str], offline_first: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run uv once more offline if the network is what it fails for; its error output comes without credentials.

    Args:
        arguments: uv's arguments.
        cwd: The folder that it runs in.
        extra: Environment variables over this process's own.
        offline_first: Whether what uv's cache holds is as good as what an index says, so that none is asked unless
            something is missing.

    Raises:
        BuildError: uv cannot be started.
    """
    variables = environment(extra)
    if offline_first:
        done = _start(arguments, cwd, {**variables, "UV_OFFLINE": "1"})
        if not done.returncode:
            return done
    done = _start(arguments, cwd, variables)
    if done.returncode and _UNREACHABLE.search(done.stderr):
        again = _start(arguments, cwd, {**variables, "UV_OFFLINE": "1"})
        done = done if again.returncode else again
    done.stderr = scrub(done.stderr, _secrets(variables))
    return done


def is_unreachable(stderr: str) -> bool:
    """Tell whether uv failed because it could not reach an index."""
    return bool(_UNREACHABLE.search(stderr))


def _start(
    arguments: Sequence[str | Path], cwd: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return host.run([_program(), *arguments], cwd=cwd, environment=variables)
    except OSError as error:
        message = (
            f"uv, which builds layers, cannot be started: {error}. Reinstall it, for instance with 'pip install uv'."
        )
        raise BuildError(message) from error


def _secrets(variables: Mapping[str, str]) -> Iterator[str]:
    for name, value in variables.items():
        if _SECRET_VARIABLE.fullmatch(name):
            yield value
        else:
            yield from secrets_in(value)
