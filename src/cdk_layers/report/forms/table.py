"""Reports as a table, for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cdk_layers.building.trim.savings import savings_text
from cdk_layers.report.console import STYLES, console
from cdk_layers.rules.repeats import group_repeats, group_unread
from cdk_layers.system.outgoing import printable
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cdk_layers.findings import Where
    from cdk_layers.report.places import Place
    from cdk_layers.report.verdict import Verdict
    from cdk_layers.rules.repeats import Repeated


def show(verdict: Verdict) -> None:
    """Print all findings by place, and a summary."""
    places: dict[Where, list[Repeated]] = defaultdict(list)
    for repeated in group_repeats(verdict.findings):
        places[repeated.first.where].append(repeated)
    out = console()
    for where, findings in places.items():
        place = verdict.places.of_construct(where)
        out.print(Text.assemble((printable(where.path), "bold"), "  ", (str(place or ""), "dim")))
        for repeated in findings:
            own = verdict.places.best(repeated.first)
            out.print(Padding(_finding(repeated, own if own != place else None), (0, 0, 0, 2)))
        out.print()
    for sentence in group_unread(verdict.outcome.unread):
        out.print(Text.assemble(("unknown  ", "cyan"), printable(sentence)))
    if verdict.outcome.unread:
        out.print()
    out.print(_summary(verdict))
    if verdict.outcome.savings:
        out.print(f"Trimmed: {savings_text(verdict.outcome.savings)}.", highlight=False)


def _finding(repeated: Repeated, place: Place | None) -> RenderableType:
    finding = repeated.first
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=max(map(len, STYLES)))
    grid.add_column(overflow="fold")
    lines = [Text.assemble(printable(finding.message), "  ", (f"[{finding.rule}]", "dim"))]
    if finding.aws_error:
        lines.append(Text.assemble(("AWS error: ", "dim"), printable(finding.aws_error)))
    if place:
        lines.append(Text.assemble(("Where: ", "dim"), str(place)))
    lines.append(Text.assemble(("What to do: ", "green"), printable(finding.remedy)))
    if repeated.others:
        lines.append(Text(printable(repeated.elsewhere), "dim"))
    grid.add_row(Text(finding.severity, STYLES[finding.severity]), Group(*lines))
    return grid


def _summary(verdict: Verdict) -> Text:
    outcome = verdict.outcome
    judged = (
        f"{count(outcome.functions, 'function')}, {count(outcome.layers, 'layer')} and {count(outcome.grants, 'grant')}"
    )
    acknowledged = f" Acknowledged: {len(verdict.acknowledged)}." if verdict.acknowledged else ""
    if not verdict.findings:
        return Text(f"No problems found in {judged}.{acknowledged}", "green")
    problems = group_repeats(verdict.findings)
    errors = sum(problem.first.severity == "error" for problem in problems)
    counts = f"{count(errors, 'error')} and {count(len(problems) - errors, 'warning')}"
    repeated = f", {len(verdict.findings)} times" if len(problems) < len(verdict.findings) else ""
    style = STYLES["error" if errors else "warning"]
    return Text.assemble((counts, style), f"{repeated} in {judged}.{acknowledged}")
