"""The door to uv, which resolves, exports and installs."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uv import find_uv_bin

from cdk_layers.building.uv.settings import read_uv_settings, tool_variables
from cdk_layers.errors import BuildError, EntryError
from cdk_layers.system import host
from cdk_layers.system.credentials import VARIABLE, scrub, secrets_in
from cdk_layers.system.toml_text import toml_text

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.uv.settings import UvSettings
    from cdk_layers.lambda_service.target import Target

_SECRET_VARIABLE: Final = re.compile(r"PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY", re.IGNORECASE)
_SHORTEST_SECRET: Final = 6
"""Characters of a value that is a credential by its variable's name alone, so that no "true" is one."""

_SAFE: Final = (0, 11, 15)
"""The first version that was seen to keep both a RECORD with "../" and the name of a console script in their folder.

0.11.5 deletes what the RECORD of a replaced distribution names, and 0.11.13 writes scripts outside.
"""

_UNREACHABLE: Final = re.compile(
    r"error sending request|client error \(Connect\)|dns error|tcp connect error|operation timed out|Could not connect",
    re.IGNORECASE,
)


_MISREAD: Final = re.compile(r"Failed to parse: `?(?:/dev/fd/\d+|\S*settings\.toml)`?(?P<reason>.*)", re.DOTALL)
_LONGEST: Final = 300


@cache
def uv_version() -> str:
    """Return the version of the uv that builds."""
    return version("uv")


@cache
def _program() -> str:
    refuse_unsafe(uv_version())
    return find_uv_bin()


def refuse_unsafe(installed: str) -> None:
    """Refuse a version of uv that lets wheels out of the folder that they are installed in.

    Raises:
        BuildError: It is too old.
    """
    numbers = tuple(int(number) for number in re.findall(r"\d+", installed)[:3])
    if numbers < _SAFE:
        oldest = ".".join(map(str, _SAFE))
        message = (
            f"uv {installed} is installed, and {oldest} is the oldest that builds layers: before it, a wheel could "
            "write and delete files outside of the folder that it is installed in. Upgrade it: "
            f"pip install 'uv>={oldest}'."
        )
        raise BuildError(message)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of uv where it exports locks and installs tools.

    It is this process's with the given variables over it, without settings of uv that describe something else.
    """
    return tool_variables(extra)


def settings_digest(folder: Path, extra: Mapping[str, str]) -> str:
    """Return a digest of all settings that decide what uv finds for a folder, without their credentials."""
    return read_uv_settings(folder, extra).digest()


def platform_arguments(target: Target, platform: str) -> list[str]:
    """Return the arguments that make uv see a target instead of this machine."""
    return [
        "--python", sys.executable,
        "--python-version", target.newest_python,
        "--python-platform", f"{target.machine}-{platform}",
    ]  # fmt: skip


def run(arguments: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of uv that exports a lock or a tool; once more offline if the network is what it fails for.

    Args:
        arguments: uv's arguments.
        cwd: The folder that it runs in.
        extra: Environment variables over this process's own.

    Returns:
        The finished process; its error output is without credentials.

    Raises:
        BuildError: uv cannot be started.
    """
    return _tried(_Call(arguments, cwd, environment(extra)))


def pip(
    arguments: Sequence[str | Path],
    *,
    cwd: Path,
    settings: UvSettings,
    configuration: Mapping[str, Any],
    secrets: Mapping[str, str] | None = None,
    offline_first: bool = False,
    may_be_offline: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command of `uv pip` with these settings and no others.

    Args:
        arguments: uv's arguments after "pip".
        cwd: The folder that it runs in.
        settings: uv's settings.
        configuration: The effective uv.toml.
        secrets: Environment variables with what the requirements name by `${...}` only.
        offline_first: Whether what uv's cache has is as good as what an index has, so that no index is asked unless
            something is missing.
        may_be_offline: Whether uv's cache may answer at all when an index cannot be reached. With several indexes it
            would pass over those that it has no page of, and take from another one what they may have as well.

    Returns:
        The finished process; its error output is without credentials.

    Raises:
        BuildError: uv cannot be started.
        EntryError: It does not understand its settings.
    """
    call = _Call(["pip", *arguments], cwd, {**settings.variables, **(secrets or {})}, toml_text(configuration))
    done = _tried(call, offline_first=offline_first) if may_be_offline else _finished(call, call.start())
    if done.returncode and (misread := _MISREAD.search(done.stderr)):
        reason = " ".join(misread["reason"].split())[-_LONGEST:]
        message = f"uv does not understand its settings, from {', '.join(settings.files)}: {reason}. Correct them."
        raise EntryError(message)
    return done


@dataclass(frozen=True, slots=True)
class _Call:
    """One command line of uv."""

    arguments: Sequence[str | Path]
    cwd: Path
    variables: Mapping[str, str]
    configuration: str | None = None
    """The only configuration, if there is one; it may contain credentials."""

    def start(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end.

        Raises:
            BuildError: uv cannot be started.
        """
        command, variables = [_program(), *self.arguments], {**self.variables, **more}
        try:
            if self.configuration is None:
                return host.run(command, cwd=self.cwd, environment=variables)
            with host.nameless_file(self.configuration) as file:
                command += ["--config-file", file.path]
                return host.run(command, cwd=self.cwd, environment=variables, inherited=file.descriptors)
        except OSError as error:
            message = (
                f"uv, which builds layers, cannot be started: {error}. Reinstall it, for instance with "
                "'pip install uv'."
            )
            raise BuildError(message) from error


def _tried(call: _Call, *, offline_first: bool = False) -> subprocess.CompletedProcess[str]:
    done = call.start(UV_OFFLINE="1") if offline_first else None
    if done is None or done.returncode:
        done = call.start()
        if done.returncode and _UNREACHABLE.search(done.stderr):
            again = call.start(UV_OFFLINE="1")
            done = done if again.returncode else again
    return _finished(call, done)


def _finished(call: _Call, done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return a finished process with its error output free of credentials."""
    done.stderr = scrub(done.stderr, _secrets(call))
    return done


def is_unreachable(stderr: str) -> bool:
    """Tell whether uv failed because it could not reach an index."""
    return bool(_UNREACHABLE.search(stderr))


def _secrets(call: _Call) -> Iterator[str]:
    for name, value in call.variables.items():
        if name.startswith(VARIABLE):
            yield from (part for text in (value, unquote(value)) for part in (text, text.partition(":")[2]))
        elif name.startswith("GIT_CONFIG_VALUE_"):
            yield value.rpartition(" ")[2]
        elif _SECRET_VARIABLE.search(name) and len(value) >= _SHORTEST_SECRET:
            yield value
        else:
            yield from secrets_in(value)
    yield from secrets_in(call.configuration or "")
