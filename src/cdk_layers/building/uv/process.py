"""Runs of uv, which resolves, exports and installs."""

from __future__ import annotations

import errno
import re
import signal
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uv import find_uv_bin

from cdk_layers.building.uv.settings import read_uv_settings, tool_variables
from cdk_layers.errors import BuildError, EntryError
from cdk_layers.store.write_errors import FULL
from cdk_layers.system import host
from cdk_layers.system.credentials import VARIABLE_PREFIX
from cdk_layers.system.outgoing import scrub, secrets_in
from cdk_layers.system.toml_text import toml_text
from cdk_layers.system.uv_writes import write_failure

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.uv.settings import UvSettings

_SECRET_VARIABLE: Final = re.compile(r"PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY", re.IGNORECASE)
_SHORTEST_SECRET: Final = 6
"""Shortest value that counts as a credential because of its variable's name. "true" must not."""

_SAFE: Final = (0, 11, 15)
"""The first version that confines both a RECORD with "../" and the name of a console script to the folder (verified).

0.11.5 deletes the files in the RECORD of a replaced distribution, and 0.11.13 writes scripts outside.
"""

_UNREACHABLE: Final = re.compile(
    r"error sending request|client error \(Connect\)|dns error|tcp connect error|operation timed out|Could not connect"
    # The connection ended in the middle of an answer, or the index or a proxy is out of service.
    r"|error reading a body from connection|error decoding response body|HTTP status server error \(5\d\d",
    re.IGNORECASE,
)

_EXHAUSTED: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM))
"""Errors for too many open files or processes, and too little memory."""

_MISREAD: Final = re.compile(r"Failed to parse: `?(?:/dev/fd/\d+|\S*settings\.toml)`?(?P<reason>.*)", re.DOTALL)
_LONGEST: Final = 300
_LONGEST_REASON: Final = 400


@cache
def uv_version() -> str:
    """Return the version of the installed uv."""
    return version("uv")


@cache
def _program() -> str:
    refuse_unsafe(uv_version())
    return find_uv_bin()


def refuse_unsafe(installed: str) -> None:
    """Refuse a version of uv that lets wheels write outside of the folder that they are installed in.

    Raises:
        BuildError: It is too old.
    """
    numbers = tuple(int(number) for number in re.findall(r"\d+", installed)[:3])
    if numbers < _SAFE:
        oldest = ".".join(map(str, _SAFE))
        message = (
            f"uv {installed} is installed, and layers need {oldest} or newer: with older versions, a wheel can write "
            "and delete files outside of the folder that it is installed in. Upgrade it: "
            f"pip install 'uv>={oldest}'."
        )
        raise BuildError(message)


def settings_digest(folder: Path, extra: Mapping[str, str]) -> str:
    """Return a digest of all settings that decide what uv finds for a folder, without credentials."""
    return read_uv_settings(folder, extra).digest()


def run(arguments: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of uv that exports a lock file or runs a tool; retry it offline if the network is unreachable.

    Args:
        arguments: uv's arguments.
        cwd: The folder that it runs in.
        extra: Environment variables that override those of this process.

    Returns:
        The finished process, without credentials in its error output.

    Raises:
        BuildError: uv cannot be started, or cannot write its files.
    """
    done = _run_with_retry(_Call(arguments, cwd, tool_variables(extra)))
    if done.returncode and (message := write_failure(done.stderr)):
        raise BuildError(message)
    return done


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
    """Run a command of `uv pip` with the given settings only.

    Args:
        arguments: uv's arguments after "pip".
        cwd: The folder that it runs in.
        settings: uv's settings.
        configuration: The effective uv.toml.
        secrets: Environment variables with the credentials that the requirements contain as `${...}`.
        offline_first: Whether to try uv's cache without a query to an index first. The index is queried if something
            is missing there.
        may_be_offline: Whether uv's cache may be used if an index cannot be reached. With several indexes, uv would
            skip those without a page in its cache, and take versions from another index that they may have too.

    Returns:
        The finished process, without credentials in its error output.

    Raises:
        BuildError: uv cannot be started.
        EntryError: uv does not accept its settings.
    """
    call = _Call(["pip", *arguments], cwd, {**settings.variables, **(secrets or {})}, toml_text(configuration))
    done = (
        _run_with_retry(call, offline_first=offline_first) if may_be_offline else _without_secrets(call, call.start())
    )
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
    """The only configuration file, if any; it may contain credentials."""

    def start(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it and wait for its end.

        Raises:
            BuildError: uv cannot be started, a signal ended it, or its failure would count as a success.
            OSError: The disk is full.
        """
        if host.ignores_children():
            message = (
                "uv, which builds layers, cannot be run: this process ignores the signal SIGCHLD, or was started by a "
                "program that does, so nothing shows whether uv fails. Call signal.signal(signal.SIGCHLD, "
                "signal.SIG_DFL) first."
            )
            raise BuildError(message)
        try:
            done = self._run({**self.variables, **more})
        except OSError as error:
            if error.errno in FULL:
                raise
            raise BuildError(_not_started(error)) from error
        if done.returncode < 0:
            raise BuildError(_ended_by(-done.returncode))
        return done

    def _run(self, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        command = [_program(), *self.arguments]
        if self.configuration is None:
            return host.run(command, cwd=self.cwd, environment=variables)
        with host.nameless_file(self.configuration) as file:
            command += ["--config-file", file.path]
            return host.run(command, cwd=self.cwd, environment=variables, inherited=file.descriptors)


def _ended_by(number: int) -> str:
    remedy = (
        "Linux sends it when memory runs out: give this machine or container more."
        if number == signal.SIGKILL
        else "This process or user may have reached a limit of the system: see `ulimit -a`."
    )
    return f"uv, which builds layers, was ended by signal {number} ({signal.strsignal(number)}). {remedy}"


def _not_started(error: OSError) -> str:
    reason = " ".join(str(error).split())
    remedy = "Reinstall it, for example with 'pip install uv'."
    if error.errno in _EXHAUSTED:
        remedy = "This process or user has reached a limit of the system. Raise it, for example with `ulimit`."
    return f"uv, which builds layers, cannot be started: {reason}. {remedy}"


def _run_with_retry(call: _Call, *, offline_first: bool = False) -> subprocess.CompletedProcess[str]:
    done = call.start(UV_OFFLINE="1") if offline_first else None
    if done is None or done.returncode:
        done = call.start()
        if done.returncode and _UNREACHABLE.search(done.stderr):
            again = call.start(UV_OFFLINE="1")
            done = done if again.returncode else again
    return _without_secrets(call, done)


def _without_secrets(call: _Call, done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return a finished process without credentials in its error output."""
    done.stderr = scrub(done.stderr, _secrets(call))
    return done


def is_unreachable(stderr: str) -> bool:
    """Return whether uv failed because it could not reach an index."""
    return bool(_UNREACHABLE.search(stderr))


def reason_in(output: str) -> str:
    """Return the output of a failed tool as one sentence of limited length, without warnings and credentials."""
    lines = (line.strip() for line in scrub(output).splitlines())
    text = " ".join(line for line in lines if line and not line.startswith("warning:"))
    return f"{text[:_LONGEST_REASON].rstrip('. ')}."


def _secrets(call: _Call) -> Iterator[str]:
    for name, value in call.variables.items():
        if name.startswith(VARIABLE_PREFIX):
            yield from (part for text in (value, unquote(value)) for part in (text, text.partition(":")[2]))
        elif name.startswith("GIT_CONFIG_VALUE_"):
            yield value.rpartition(" ")[2]
        elif _SECRET_VARIABLE.search(name) and len(value) >= _SHORTEST_SECRET:
            yield value
        else:
            yield from secrets_in(value)
    yield from secrets_in(call.configuration or "")
