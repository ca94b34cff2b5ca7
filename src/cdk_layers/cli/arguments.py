"""What the command line takes."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Final, Literal, get_args

from cdk_layers.cli import paths_command, run_command, serve_command, start_time_command

Format = Literal["table", "json", "sarif", "github"]
"""The forms of a report."""

FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_STATUS: Final = "Exit status: 0 without an error, 1 with one (with --strict: with any finding), 2 without a verdict."


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="cdk-layers",
        description="Find every way that Lambda layers break, before anything is deployed.",
        epilog="Settings of a project stand in [tool.cdk-layers] of its pyproject.toml.",
    )
    top.add_argument("--version", action=_Version)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands.add_parser("check", help="judge a cloud assembly or a template", epilog=_STATUS))
    sizes = commands.add_parser("sizes", help="show how much is in layers and functions, and how much may be")
    _add_path(sizes)
    run_command.add_parser(commands)
    serve_command.add_parser(commands)
    paths_command.add_parser(commands)
    start_time_command.add_parser(commands)
    commands.add_parser("rules", help="list the rules")
    rule = commands.add_parser("rule", help="explain one rule")
    rule.add_argument("name", metavar="NAME", help="its name, such as too-many-layers")
    return top


def _add_check(check: argparse.ArgumentParser) -> None:
    check.description = "Judge every function, layer and grant of a cloud assembly or a template, whoever made it."
    _add_path(check)
    check.add_argument("--format", choices=FORMATS, default="table", help="the form of the report (default: table)")
    check.add_argument("--select", metavar="RULE", action="append", type=_names, help="only these rules, with commas")
    check.add_argument("--ignore", metavar="RULE", action="append", type=_names, help="not these rules, with commas")
    check.add_argument(
        "--budget", metavar="SIZE", help="a limit of your own on every layer and function, such as 120MiB"
    )
    check.add_argument(
        "--strict-budget",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether going over the budget is an error (the default) or a warning",
    )
    check.add_argument(
        "--strict", action=argparse.BooleanOptionalAction, default=None, help="whether warnings fail the check too"
    )
    check.add_argument(
        "--deployed",
        metavar="PATH",
        type=Path,
        help="the assembly of the last deploy: judge the way from there too, where old code meets new layers",
    )
    check.add_argument("--today", metavar="DATE", type=_day, help="judge runtimes as of this day, such as 2027-03-03")


def _add_path(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        type=Path,
        help="cdk.out or another cloud assembly, .aws-sam/build, or one template in JSON or YAML; "
        "cdk.out by default, else .aws-sam/build",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date. Write one such as 2027-03-03."
        raise argparse.ArgumentTypeError(message) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and stop")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  # it takes as long as the rest of --help

        parser.exit(message=f"cdk-layers {version('cdk-layers')}\n")
