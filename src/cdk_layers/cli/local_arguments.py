"""Arguments of all commands that run functions, and the function that they choose."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.cli.assembly_path import add_path, default_path
from cdk_layers.cli.error_output import remark
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from cdk_layers.app.model import Function
    from cdk_layers.assembly.assets import Records
    from cdk_layers.local.function import LocalFunction

_LAST_PORT: Final = 65535


def add_function(parser: ArgumentParser) -> None:
    """Add the argument for the name of a function."""
    parser.add_argument(
        "function", metavar="FUNCTION", help="construct path, name, logical id, or a unique end of the path"
    )


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments for an assembly, and for values that are known only at deploy."""
    add_path(parser)
    parser.add_argument(
        "--layer", metavar="ARN=PATH", action="append", default=[], type=_pair("ARN=PATH"),
        help="a local archive or folder of a layer that the app does not contain",
    )  # fmt: skip
    parser.add_argument(
        "--env", metavar="NAME=VALUE", action="append", default=[], type=_pair("NAME=VALUE"),
        help="set an environment variable",
    )  # fmt: skip


def add_isolation(parser: ArgumentParser) -> None:
    """Add the option that turns isolation off."""
    parser.add_argument("--no-isolation", action="store_true", help="do not isolate the function by Linux namespaces")


def _pair(form: str) -> Callable[[str], tuple[str, str]]:
    """Return what reads a pair that is written in this form."""

    def parse(text: str) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if not equals or not name:
            message = f"{text!r} is not of the form {form}."
            raise ArgumentTypeError(message)
        return name, value

    return parse


def port(least: int) -> Callable[[str], int]:
    """Return what reads the number of a port that is at least this."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= _LAST_PORT:
            message = f"{text!r} is not a port. Write a number from {least} to {_LAST_PORT}."
            raise ArgumentTypeError(message)
        return int(text)

    return parse


def chosen_function(arguments: Namespace, store: Records) -> LocalFunction:
    """Return the function that the user names. Report its variables whose values are known only at deploy.

    Raises:
        AssemblyError: The assembly cannot be read.
        UsageError: There is no such function, it cannot run here, or a layer's archive does not exist.
    """
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.local.selection import find_function  # noqa: PLC0415

    app = read(arguments.path or default_path(), store=store)
    return as_local_function(find_function(app, arguments.function), arguments)


def as_local_function(chosen: Function, arguments: Namespace) -> LocalFunction:
    """Return what running a function takes. Report its variables whose values are known only at deploy.

    Raises:
        UsageError: The function cannot run here, or a layer's archive does not exist.
    """
    from cdk_layers.local.selection import local_function, unset_variables_text  # noqa: PLC0415

    archives = {arn: Path(path) for arn, path in arguments.layer}
    for arn, path in archives.items():
        if not path.exists():
            message = f"--layer {arn}={path}: there is no archive or folder {str(path.absolute())!r}."
            raise UsageError(message)
    function, unknown = local_function(chosen, archives=archives, environment=dict(arguments.env))
    if unknown:
        remark(unset_variables_text(function, unknown, f"--env {unknown[0]}=VALUE"))
    return function
