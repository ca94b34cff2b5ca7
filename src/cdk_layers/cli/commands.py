"""What the commands do."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.cli.assembly_path import default_path
from cdk_layers.errors import UsageError
from cdk_layers.project.settings import parse_size, read_settings
from cdk_layers.rules.engine import judge
from cdk_layers.rules.registry import all_rules

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from cdk_layers.app.model import Settings
    from cdk_layers.report.verdict import Verdict
    from cdk_layers.rules.registry import Rule


def run(arguments: Namespace) -> int:
    """Run the command that was asked for and return its exit status.

    Raises:
        AssemblyError: There is nothing to judge, or it cannot be read.
        UsageError: An argument, or a setting of the project, makes no sense.
    """
    if arguments.command == "check":
        return _check(arguments)
    if arguments.command == "sizes":
        return _sizes(arguments)
    from cdk_layers.report import table  # noqa: PLC0415  # reports for machines do without rich

    if arguments.command == "rule":
        table.show_rule(_rules([arguments.name])[0])
    else:
        table.show_rules(all_rules())
    return 0


def _check(arguments: Namespace) -> int:
    from cdk_layers.assembly.acknowledgements import reason  # noqa: PLC0415
    from cdk_layers.assembly.reader import read  # noqa: PLC0415  # listing rules measures no archives
    from cdk_layers.report.verdict import Verdict  # noqa: PLC0415

    settings = _settings(arguments)
    path = arguments.path or default_path()
    app = read(path)
    if arguments.deployed is not None:
        from cdk_layers.assembly.deployed import with_deployed  # noqa: PLC0415

        app = with_deployed(app, read(arguments.deployed))
    found = [(one, reason(one, app)) for one in judge(app, settings)]
    verdict = Verdict(
        path,
        app,
        tuple(one for one, why in found if why is None),
        tuple((one, why) for one, why in found if why is not None),
    )
    _tell(verdict, arguments.format)
    return int(bool(verdict.findings if settings.strict else verdict.errors))


def _settings(arguments: Namespace) -> Settings:
    """Return what the command line says, then the project of the app, then the project that the user stands in."""
    settings = read_settings(*([arguments.path.resolve()] if arguments.path else []), Path.cwd()).settings(
        today=arguments.today,
        budget_bytes=None if arguments.budget is None else parse_size(arguments.budget, "--budget"),
        strict_budget=arguments.strict_budget,
        strict=arguments.strict,
        select=_joined(arguments.select),
        ignore=_joined(arguments.ignore),
    )
    _rules((*settings.select, *settings.ignore))
    return settings


def _sizes(arguments: Namespace) -> int:
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.report.sizes import show_sizes  # noqa: PLC0415

    show_sizes(read(arguments.path or default_path()))
    return 0


def _joined(given: list[tuple[str, ...]] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(name for names in given for name in names)


def _rules(names: Iterable[str]) -> tuple[Rule, ...]:
    """Return rules by their names.

    Raises:
        UsageError: There is no rule by one of them.
    """
    known = {rule.name: rule for rule in all_rules()}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else "`cdk-layers rules` lists all."
            message = f"There is no rule {name!r}. {hint}"
            raise UsageError(message)
    return tuple(known[name] for name in names)


def _tell(verdict: Verdict, form: str) -> None:
    if form == "table":
        from cdk_layers.report.table import show_verdict  # noqa: PLC0415

        show_verdict(verdict)
        return
    from cdk_layers.report.machines import as_github, as_json  # noqa: PLC0415
    from cdk_layers.report.sarif import as_sarif  # noqa: PLC0415

    text = {"json": as_json, "github": as_github, "sarif": as_sarif}[form](verdict)
    if text:
        print(text)  # noqa: T201
