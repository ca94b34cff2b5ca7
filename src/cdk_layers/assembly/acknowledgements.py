"""Acknowledgements of findings in the CDK, with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.constructs import DEFAULT_CHILDREN, own_rules
from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_layers.app.model import App
    from cdk_layers.findings import Finding

REPORT: Final = "validation-report.json"
"""The CDK's report next to the manifest. Acknowledgements for a whole app or stage are only there."""


def from_report(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the construct paths of acknowledgements in the CDK's report, with rule names and reasons."""
    for plugin in items(report.get("pluginReports")):
        for violation in items(mapping(plugin).get("suppressedViolations")):
            fields = mapping(violation)
            rules = own_rules({str(fields.get("acknowledgedId")): fields.get("reason", "")})
            if rules:
                yield str(fields.get("acknowledgedAt", "")), rules


def reason(finding: Finding, app: App) -> str | None:
    """Return the reason of a finding's acknowledgement, from the nearest scope; None if it is not acknowledged."""
    path = finding.where.path
    for scope in (*(f"{path}/{child}" for child in DEFAULT_CHILDREN), *_upward(path)):
        text = app.acknowledged.get(scope, {}).get(finding.rule)
        if text is not None:
            return text
    return None


def _upward(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
