"""`cdk-layers rules`: a list of all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace


def add_parser(commands: Any) -> None:
    """Declare the command."""
    commands.add_parser("rules", help="list the rules").set_defaults(execute=execute)


def execute(arguments: Namespace) -> int:  # noqa: ARG001  # it has no arguments
    """Print the rules."""
    from cdk_layers.report.rule_texts import show_rules  # noqa: PLC0415
    from cdk_layers.rules.registry import all_rules  # noqa: PLC0415

    show_rules(all_rules())
    return 0
