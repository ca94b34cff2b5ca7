"""Reports as workflow commands that annotate a run of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.rules.repeats import group_repeats, group_unread
from cdk_layers.system.outgoing import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.report.verdict import Verdict


def show(verdict: Verdict) -> None:
    """Print a verdict."""
    text = as_github(verdict)
    if text:
        print(text)  # noqa: T201


def as_github(verdict: Verdict) -> str:
    """Return a verdict as workflow commands that annotate a GitHub run, one a line."""
    return "\n".join(_annotations(verdict))


def _annotations(verdict: Verdict) -> Iterator[str]:
    for repeated in group_repeats(verdict.findings):
        finding = repeated.first
        properties = {"title": f"{finding.rule}: {printable(finding.where.path)}"}
        if place := verdict.places.best(finding):
            properties |= {"file": printable(place.in_repository), "line": str(place.line)}
        others = f"\n{printable(repeated.elsewhere)}" if repeated.others else ""
        error = f"\nAWS error: {printable(finding.aws_error)}" if finding.aws_error else ""
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{finding.severity} {listed}::{_data(f'{finding.message}{error}{chr(10)}{finding.remedy}{others}')}"
    for sentence in group_unread(verdict.outcome.unread):
        yield f"::notice title=not known::{_data(printable(sentence))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
