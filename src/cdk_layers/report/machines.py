"""Reports for machines: JSON of this project's own, and annotations of GitHub's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.repeats import together
from cdk_layers.system.outgoing import json_in_logs, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.findings import Finding
    from cdk_layers.report.verdict import Verdict

JSON_VERSION: Final = 1
"""The version of the JSON report's form."""


def as_json(verdict: Verdict) -> str:
    """Return a verdict as JSON: its counts, its findings, and what could not be known."""
    report = {
        "version": JSON_VERSION,
        "path": verdict.path.as_posix(),
        "errors": verdict.errors,
        "warnings": verdict.warnings,
        "findings": [_told(verdict, finding) for finding in verdict.findings],
        "acknowledged": [{**_told(verdict, finding), "reason": reason} for finding, reason in verdict.acknowledged],
        "not_known": list(verdict.app.unread),
    }
    return json_in_logs(json.dumps(report, indent=2))


def _told(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "construct": finding.where.path,
        "template": verdict.template(finding.where),
        "line": verdict.line(finding.where),
        "logical_id": finding.where.logical_id,
        "message": finding.message,
        "service_words": finding.service_words,
        "remedy": finding.remedy,
        "documentation": rule_page(finding.rule),
    }


def as_github(verdict: Verdict) -> str:
    """Return a verdict as workflow commands that annotate a GitHub run, one a line."""
    return "\n".join(_annotations(verdict))


def _annotations(verdict: Verdict) -> Iterator[str]:
    for repeated in together(verdict.findings):
        finding = repeated.first
        properties = {"title": f"{finding.rule}: {printable(finding.where.path)}"}
        if finding.where.template:
            properties |= {"file": printable(verdict.template(finding.where)), "line": str(verdict.line(finding.where))}
        more = f"\n{printable(repeated.elsewhere)}" if repeated.others else ""
        words = f"\nThe service's words: {printable(finding.service_words)}" if finding.service_words else ""
        written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{finding.severity} {written}::{_data(f'{finding.message}{words}{chr(10)}{finding.remedy}{more}')}"
    for sentence in verdict.app.unread:
        yield f"::notice title=not known::{_data(printable(sentence))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
