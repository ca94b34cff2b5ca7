"""The environment variables of a function, as Lambda sets them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.local.function import LocalFunction

RESERVED: Final = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
})  # fmt: skip
"""Names that a function cannot set. Source: the developer guide, defined runtime environment variables."""

_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_REGIONS: Final = ("AWS_DEFAULT_REGION", "AWS_REGION")
_ENDPOINTS: Final = "AWS_ENDPOINT_URL"
_XRAY_HOST: Final = "127.0.0.1"
_XRAY_PORT: Final = "2000"
"""The default address of the X-Ray daemon: Lambda's own is reachable only there."""

_HOME: Final = "/home/sbx_user1051"
"""The home folder of Lambda's user, which does not exist. HOME itself is not set there; here, it keeps a function from
reading the settings, caches and credentials of this machine's user. Source: functions that printed `Path.home()`."""

_METADATA: Final = "AWS_EC2_METADATA_DISABLED"
"""Keeps SDKs from the metadata service of the machine. On EC2 it would give the function the role of the machine, which
is not the user's choice; elsewhere SDKs would wait for an answer. Lambda has no such service. Source: the AWS SDKs and
Tools reference guide, "IMDS credential provider"."""

_LOG_LEVELS: Final = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders of an execution environment, as the function sees them."""

    task: str = "/var/task"
    opt: str = "/opt"
    runtime: str = "/var/runtime"
    language: str = "/var/lang"
    temporary: str = "/tmp"  # noqa: S108 - of the function's own


def variables_of(function: LocalFunction, roots: Roots, api: str, host: Mapping[str, str]) -> dict[str, str]:
    """Return all environment variables of a function's process.

    Args:
        function: The function.
        roots: The folders as its process sees them.
        api: The address of the Runtime API, "host:port".
        host: This machine's variables: AWS credentials, and the endpoints of a local AWS, are passed on.

    Raises:
        UsageError: The function sets a reserved variable, which AWS rejects at deploy.
    """
    _refuse_reserved(function)
    passed_on = {name: host[name] for name in _CREDENTIALS if host.get(name)}
    endpoints = {name: value for name, value in host.items() if name.startswith(_ENDPOINTS)}
    own, fixed = _defaults(roots), _reserved_values(function, roots, api)
    return {**own, **_logging(function), **endpoints, **function.environment, **fixed, **passed_on}


def _defaults(roots: Roots) -> dict[str, str]:
    """Return the variables that a function may override.

    PYTHONPATH is set when the runtime has started (see process/start.py): wrapper scripts do not see it.
    """
    return {
        "LANG": "en_US.UTF-8",
        "PATH": f"{roots.language}/bin:/usr/local/bin:/usr/bin/:/bin:{roots.opt}/bin",
        "LD_LIBRARY_PATH": ":".join(
            (
                f"{roots.language}/lib",
                "/lib64",
                "/usr/lib64",
                roots.runtime,
                f"{roots.runtime}/lib",
                roots.task,
                f"{roots.task}/lib",
                f"{roots.opt}/lib",
            )
        ),
        "HOME": _HOME,
        _METADATA: "true",
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": f"{_XRAY_HOST}:{_XRAY_PORT}",
        "_AWS_XRAY_DAEMON_ADDRESS": _XRAY_HOST,
        "_AWS_XRAY_DAEMON_PORT": _XRAY_PORT,
    }


def names_of(function: LocalFunction) -> dict[str, str]:
    """Return the variables that say which function runs."""
    return {
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
    }


def _reserved_values(function: LocalFunction, roots: Roots, api: str) -> dict[str, str]:
    """Return the variables that Lambda sets itself."""
    stream = f"{datetime.now(tz=timezone.utc):%Y/%m/%d}/[$LATEST]{uuid4().hex}"
    return {
        **names_of(function),
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": function.region,
        "LAMBDA_RUNTIME_DIR": roots.runtime,
        "LAMBDA_TASK_ROOT": roots.task,
    }


def _refuse_reserved(function: LocalFunction) -> None:
    reserved = sorted(RESERVED & function.environment.keys())
    if reserved:
        message = (
            f"Function {function.path!r} sets {', '.join(reserved)}, which Lambda reserves. AWS error at deploy: "
            f"'Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided contains reserved keys'. Rename them."
        )
        if not set(reserved).isdisjoint(_CREDENTIALS):
            message += " To run it with other credentials, set them in your own environment: they are passed on."
        if not set(reserved).isdisjoint(_REGIONS):
            message += (
                " The Region is that of its stack. If the stack has none, set AWS_REGION in your own environment."
            )
        raise UsageError(message)


def _logging(function: LocalFunction) -> dict[str, str]:
    level = function.logs.effective_application_level or ""
    said = {"AWS_LAMBDA_LOG_FORMAT": function.logs.format, "AWS_LAMBDA_LOG_LEVEL": _LOG_LEVELS.get(level, level)}
    return {name: value for name, value in said.items() if value}
