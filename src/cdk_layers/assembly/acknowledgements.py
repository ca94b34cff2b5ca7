"""Which findings the user has acknowledged in the CDK, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.constructs import DEFAULT_CHILDREN, own_rules
from cdk_layers.assembly.stacks import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_layers.app.model import App
    from cdk_layers.findings import Finding

REPORT: Final = "validation-report.json"
"""The CDK's report beside the manifest. It alone tells what was acknowledged for a whole app or stage."""


def from_report(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the construct paths of acknowledgements in the CDK's report, with rule names and reasons."""
    plugins = report.get("pluginReports")
    for plugin in plugins if isinstance(plugins, list) else ():
        violations = mapping(plugin).get("suppressedViolations")
        for violation in violations if isinstance(violations, list) else ():
            told = mapping(violation)
            rules = own_rules({str(told.get("acknowledgedId")): told.get("reason", "")})
            if rules:
                yield str(told.get("acknowledgedAt", "")), rules


def reason(finding: Finding, app: App) -> str | None:
    """Return why a finding is acknowledged, by the nearest scope that does so; None when it is not."""
    path = finding.where.path
    for scope in (*(f"{path}/{child}" for child in DEFAULT_CHILDREN), *_upward(path)):
        found = app.acknowledged.get(scope, {}).get(finding.rule)
        if found is not None:
            return found
    return None


def _upward(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
