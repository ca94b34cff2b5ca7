"""List of the rules, and explanation of one rule, for people."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from cdk_layers.report.console import STYLES, console
from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.examples import shortened

if TYPE_CHECKING:
    from cdk_layers.rules.registry import Rule


def show_rules(rules: tuple[Rule, ...]) -> None:
    """Print the name, severity and meaning of every rule."""
    table = Table("Rule", "Severity", "What it is about", box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.columns[0].no_wrap = True
    table.columns[2].overflow = "fold"
    family = rules[0].family if rules else ""
    for rule in rules:
        if rule.family != family:
            table.add_row()
            family = rule.family
        table.add_row(rule.name, Text(rule.severity, STYLES[rule.severity]), rule.meaning)
    console().print(table)


def show_rule(rule: Rule) -> None:
    """Print the explanation of one rule."""
    out = console()
    out.print(Text.assemble((rule.name, "bold"), "  ", (rule.severity, STYLES[rule.severity])))
    acknowledgement = f"Acknowledgment(id='cdk-layers::{rule.name}', reason=...)"
    facts = {
        "": rule.meaning,
        "AWS error": rule.aws_error,
        "What to do": rule.remedy,
        "Source": rule.source,
        "Documentation": rule_page(rule.name),
        "Acknowledge it in CDK": None if rule.ends_build else acknowledgement,
    }
    for name, fact in facts.items():
        if fact:
            out.print()
            # Code is not wrapped, so that it can be copied.
            out.print(Text(f"{name}: {fact}" if name else fact), soft_wrap=fact == acknowledgement)
    for name, example in (("Fails", rule.failing), ("Passes", rule.passing)):
        if example:
            out.print()
            out.print(Text(f"{name}:", "bold"))
            out.print(Text(indent(shortened(example).strip("\n"), "  ")), soft_wrap=True)
