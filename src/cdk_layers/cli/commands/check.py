"""`cdk-layers check`: apply the rules to a cloud assembly or a template."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.cli.assembly_path import add_path, default_path
from cdk_layers.errors import UsageError
from cdk_layers.report import forms
from cdk_layers.system.discovery import load_module, module_names
from cdk_layers.system.project_paths import real_path

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cdk_layers.app.model import Settings

_STATUS: Final = (
    "Exit status: 0 without an error, 1 with one (with --strict: with any finding), 2 if the check could not run."
)


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("check", help="check a cloud assembly or a template", epilog=_STATUS)
    parser.description = "Check every function, layer and grant of a cloud assembly or a template of any origin."
    add_path(parser)
    parser.add_argument(
        "--format", choices=module_names(forms), default="table", help="the form of the report (default: table)"
    )
    _add_settings(parser)
    parser.add_argument(
        "--deployed", metavar="PATH", type=Path,
        help="the assembly of the last deploy, to also check the update from it, when old code runs with new layers",
    )  # fmt: skip
    parser.set_defaults(execute=execute)


def _add_settings(parser: ArgumentParser) -> None:
    parser.add_argument("--select", metavar="RULE", action="append", type=_names, help="only these rules (A,B)")
    parser.add_argument("--ignore", metavar="RULE", action="append", type=_names, help="not these rules (A,B)")
    parser.add_argument("--budget", metavar="SIZE", help="your own limit on every layer and function, such as 120MiB")
    parser.add_argument(
        "--strict-budget", action=argparse.BooleanOptionalAction, default=None,
        help="whether exceeding the budget is an error (the default) or a warning",
    )  # fmt: skip
    parser.add_argument(
        "--strict", action=argparse.BooleanOptionalAction, default=None, help="whether warnings fail the check too"
    )
    parser.add_argument("--today", metavar="DATE", type=_day, help="check runtimes as of this day, such as 2027-03-03")


def execute(arguments: Namespace) -> int:
    """Report the findings and return the exit status."""
    from cdk_layers.check import pipeline  # noqa: PLC0415
    from cdk_layers.project.user_store import user_store  # noqa: PLC0415
    from cdk_layers.report.verdict import Verdict  # noqa: PLC0415

    settings = _settings(arguments)
    path = arguments.path or default_path()
    outcome = pipeline.check(path, settings, store=user_store(), deployed=arguments.deployed)
    verdict = Verdict(path, outcome)
    load_module(forms, arguments.format).show(verdict)
    return int(bool(verdict.findings if settings.strict else verdict.errors))


def _settings(arguments: Namespace) -> Settings:
    """Return the settings of the command line, then of the app's project, then of the project in the working folder."""
    from cdk_layers.cli.rule_names import rules_by_name  # noqa: PLC0415
    from cdk_layers.project.settings import parse_size, read_settings, settings_file  # noqa: PLC0415

    folders = (*([real_path(arguments.path)] if arguments.path else []), Path.cwd())
    project = read_settings(*folders)
    settings = project.settings(
        today=arguments.today,
        budget_bytes=None if arguments.budget is None else parse_size(arguments.budget, "--budget"),
        strict_budget=arguments.strict_budget,
        strict=arguments.strict,
        select=_joined(arguments.select),
        ignore=_joined(arguments.ignore),
    )
    try:
        rules_by_name((*project.select, *project.ignore))
    except UsageError as error:
        message = f"{settings_file(*folders)}: [tool.cdk-layers]: {error}"
        raise UsageError(message) from None
    rules_by_name((*settings.select, *settings.ignore))
    return settings


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date. Write one such as 2027-03-03."
        raise argparse.ArgumentTypeError(message) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _joined(given: list[tuple[str, ...]] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(name for names in given for name in names)
