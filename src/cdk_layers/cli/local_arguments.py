"""The arguments and the set-up that all commands which run functions share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cdk_layers.app.model import App
    from cdk_layers.local.function import LocalFunction


def add_function(parser: ArgumentParser) -> None:
    """Add the name of a function."""
    parser.add_argument(
        "function", metavar="FUNCTION", help="construct path, name, logical id, or a unique end of the path"
    )


def add_arguments(parser: ArgumentParser) -> None:
    """Add what chooses an assembly, and what replaces what only a deploy knows."""
    parser.add_argument(
        "path", metavar="ASSEMBLY", nargs="?", type=Path,
        help="cdk.out or another cloud assembly, .aws-sam/build, or one template; cdk.out by default",
    )  # fmt: skip
    parser.add_argument(
        "--layer", metavar="ARN=PATH", action="append", default=[], type=_pair,
        help="a local archive or folder of a layer that the app does not contain",
    )  # fmt: skip
    parser.add_argument(
        "--env", metavar="NAME=VALUE", action="append", default=[], type=_pair, help="set an environment variable"
    )


def add_isolation(parser: ArgumentParser) -> None:
    """Add the switch for namespaces."""
    parser.add_argument("--no-isolation", action="store_true", help="do not isolate the function by Linux namespaces")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        message = f"{text!r} has no '='"
        raise ValueError(message)
    return name, value


def chosen_function(app: App, name: str, arguments: Namespace) -> LocalFunction:
    """Return the function that the user names; report variables that only a deploy knows.

    Raises:
        UsageError: There is no such function, it cannot run here, or a layer's archive does not exist.
    """
    from cdk_layers.local.selection import find_function, local_function  # noqa: PLC0415

    archives = {arn: Path(path) for arn, path in arguments.layer}
    for arn, path in archives.items():
        if not path.exists():
            message = f"--layer {arn}={path}: there is no archive or folder {str(path.absolute())!r}."
            raise UsageError(message)
    function, unknown = local_function(find_function(app, name), archives=archives, environment=dict(arguments.env))
    if unknown:
        names = ", ".join(unknown)
        sys.stderr.write(
            f"cdk-layers: {function.path}: only a deploy knows the value of {names}, so it is not set here. "
            f"Set it with --env {unknown[0]}=VALUE.\n"
        )
    return function
