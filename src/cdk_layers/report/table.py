"""A report for people."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cdk_layers.report.verdict import counted
from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.repeats import together
from cdk_layers.system.outgoing import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cdk_layers.findings import Where
    from cdk_layers.report.verdict import Verdict
    from cdk_layers.rules.registry import Rule
    from cdk_layers.rules.repeats import Repeated

_STYLES: Final = {"error": "bold red", "warning": "yellow"}
_WIDTH: Final = 120
"""Columns of a report: at most in a terminal, and always where there is none."""


def console() -> Console:
    """Return what reports are printed on."""
    plain = Console(soft_wrap=False)
    return Console(width=min(plain.width, _WIDTH) if sys.stdout.isatty() else _WIDTH)


def show_verdict(verdict: Verdict) -> None:
    """Print all findings, by their places, and a line that sums up."""
    places: dict[Where, list[Repeated]] = defaultdict(list)
    for repeated in together(verdict.findings):
        places[repeated.first.where].append(repeated)
    out = console()
    for where, found in places.items():
        out.print(Text.assemble((printable(where.path), "bold"), "  ", (_template(verdict, where), "dim")))
        for repeated in found:
            out.print(Padding(_finding(repeated), (0, 0, 0, 2)))
        out.print()
    for sentence in verdict.app.unread:
        out.print(Text.assemble(("not known  ", "cyan"), printable(sentence)))
    if verdict.app.unread:
        out.print()
    out.print(_summary(verdict))


def _template(verdict: Verdict, where: Where) -> str:
    return printable(verdict.template(where)) if where.template else ""


def _finding(repeated: Repeated) -> RenderableType:
    finding = repeated.first
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=max(map(len, _STYLES)))
    grid.add_column()
    lines = [Text.assemble(printable(finding.message), "  ", (f"[{finding.rule}]", "dim"))]
    if finding.service_words:
        lines.append(Text.assemble(("The service's words: ", "dim"), printable(finding.service_words)))
    lines.append(Text.assemble(("What to do: ", "green"), printable(finding.remedy)))
    if repeated.others:
        lines.append(Text(printable(repeated.elsewhere), "dim"))
    grid.add_row(Text(finding.severity, _STYLES[finding.severity]), Group(*lines))
    return grid


def _summary(verdict: Verdict) -> Text:
    app = verdict.app
    functions = len({function.where for function in app.functions})
    judged = (
        f"{counted(functions, 'function')}, {counted(len({one.where for one in app.layers}), 'layer')} and "
        f"{counted(len({one.where for one in app.grants}), 'grant')}"
    )
    acknowledged = f" Acknowledged: {len(verdict.acknowledged)}." if verdict.acknowledged else ""
    if not verdict.findings:
        return Text(f"Nothing is wrong with {judged}.{acknowledged}", "green")
    told = f"{counted(verdict.errors, 'error')} and {counted(verdict.warnings, 'warning')}"
    return Text.assemble((told, _STYLES["error" if verdict.errors else "warning"]), f" in {judged}.{acknowledged}")


def show_rules(rules: tuple[Rule, ...]) -> None:
    """Print every rule's name, severity and meaning."""
    table = Table("Rule", "Severity", "What it is about", box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.columns[0].no_wrap = True
    family = rules[0].family if rules else ""
    for rule in rules:
        if rule.family != family:
            table.add_row()
            family = rule.family
        table.add_row(rule.name, Text(rule.severity, _STYLES[rule.severity]), rule.meaning)
    console().print(table)


def show_rule(rule: Rule) -> None:
    """Print all that there is to know about one rule."""
    out = console()
    out.print(Text.assemble((rule.name, "bold"), "  ", (rule.severity, _STYLES[rule.severity])))
    facts = {
        "": rule.meaning,
        "The service's words": rule.service_words,
        "What to do": rule.remedy,
        "Source": rule.source,
        "Documentation": rule_page(rule.name),
        "Acknowledge it in CDK": f"Acknowledgment(id='cdk-layers::{rule.name}', reason=...)",
    }
    for name, fact in facts.items():
        if fact:
            out.print()
            out.print(Text(f"{name}: {fact}" if name else fact))
    for name, example in (("Fails", rule.failing), ("Passes", rule.passing)):
        if example:
            out.print()
            out.print(Text(f"{name}:", "bold"))
            out.print(Padding(Text(example.strip("\n")), (0, 0, 0, 2)))
