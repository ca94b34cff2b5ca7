"""Parser of the command line."""

from __future__ import annotations

import argparse

from cdk_layers.cli import commands
from cdk_layers.system.discovery import load_modules


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with all commands."""
    top = argparse.ArgumentParser(
        prog="cdk-layers",
        description="Find every way that Lambda layers break, before anything is deployed.",
        epilog="Settings of a project are in [tool.cdk-layers] of its pyproject.toml.",
    )
    top.add_argument("--version", action=_Version)
    parsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in load_modules(commands):
        module.add_parser(parsers)
    return top


class _Version(argparse.Action):
    """Print the version, which is looked up only on request."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  # importing it takes as long as the rest of --help

        parser.exit(message=f"cdk-layers {version('cdk-layers')}\n")
