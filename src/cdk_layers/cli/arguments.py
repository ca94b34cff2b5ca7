"""Parser of the command line."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from cdk_layers.cli import commands
from cdk_layers.system.discovery import load_modules
from cdk_layers.system.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE: Final = 2
"""The exit status for wrong arguments, as of argparse."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors suggest the nearest choice."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and an error, and exit."""
        name, _, choices = message.partition("invalid choice: '")[2].partition("' (choose from ")
        hint = nearest(name, choices.rstrip(")").replace("'", "").split(", ")) if name else ""
        super().error(f"{message} {hint}".strip())


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with all commands."""
    top = _Parser(
        prog="cdk-layers",
        description="Find every way that Lambda layers break, before anything is deployed.",
        epilog="`cdk-layers COMMAND --help` describes a command. Settings of a project are in [tool.cdk-layers] of its "
        "pyproject.toml.",
    )
    top.add_argument("-V", "--version", action=_Version)
    top.set_defaults(parser=top)
    parsers = top.add_subparsers(metavar="COMMAND", title="commands")
    for module in load_modules(commands):
        module.add_parser(parsers)
    for command in parsers.choices.values():
        command.set_defaults(parser=command)
    return top


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed arguments. Without a command, list the commands and exit, as after an error.

    Args:
        argv: The arguments. Defaults to those of this process.
    """
    arguments, unknown = parser().parse_known_args(argv)
    if unknown:
        # With the usage of the command and not of the whole program, which does not have its options.
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if "execute" not in arguments:
        arguments.parser.print_help(sys.stderr)
        arguments.parser.exit(_USAGE)
    return arguments


class _Version(argparse.Action):
    """Print the version, which is looked up only on request."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  # importing it takes as long as the rest of --help

        print(f"cdk-layers {version('cdk-layers')}")  # noqa: T201
        parser.exit()
