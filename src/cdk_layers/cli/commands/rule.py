"""`cdk-layers rule`: an explanation of one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("rule", help="explain one rule")
    parser.add_argument("name", metavar="NAME", help="its name, such as too-many-layers")
    parser.set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:
    """Print the explanation."""
    from cdk_layers.cli.rule_names import rules_by_name  # noqa: PLC0415
    from cdk_layers.report.rule_texts import show_rule  # noqa: PLC0415

    (rule,) = rules_by_name([arguments.name])
    show_rule(rule)
    return 0
