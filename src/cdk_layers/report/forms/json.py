"""Reports as JSON, in a form of this project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.trim.savings import savings_json
from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.repeats import problem_id
from cdk_layers.system.outgoing import json_in_logs

if TYPE_CHECKING:
    from cdk_layers.findings import Finding
    from cdk_layers.report.verdict import Verdict

JSON_VERSION: Final = 1
"""The version of this form. Raise it when a key changes its name or its meaning."""


def show(verdict: Verdict) -> None:
    """Print a verdict."""
    print(as_json(verdict))  # noqa: T201


def as_json(verdict: Verdict) -> str:
    """Return a verdict as JSON: its counts, its findings, and what is not known."""
    report = {
        "version": JSON_VERSION,
        "path": verdict.path.as_posix(),
        "errors": verdict.errors,
        "warnings": verdict.warnings,
        "findings": [_record(verdict, finding) for finding in verdict.findings],
        "acknowledged": [{**_record(verdict, finding), "reason": reason} for finding, reason in verdict.acknowledged],
        "trimmed": savings_json(verdict.outcome.savings),
        "not_known": [str(each) for each in verdict.outcome.unread],
    }
    return json_in_logs(json.dumps(report, indent=2))


def _record(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    source, template = verdict.places.in_project(finding), verdict.places.in_template(finding.where)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "construct": finding.where.path,
        "template": template.file if template else "",
        "line": template.line if template else 1,
        "logical_id": finding.where.logical_id,
        "source": source and {"file": source.file, "line": source.line},
        "problem": problem_id(finding),
        "message": finding.message,
        "aws_error": finding.aws_error,
        "remedy": finding.remedy,
        "documentation": rule_page(finding.rule),
    }
