"""Verdict of a check, as reports show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.report.places import Places

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.check.outcome import Outcome
    from cdk_layers.findings import Finding


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check of one path."""

    path: Path
    """The assembly or template, as the user named it."""

    outcome: Outcome
    places: Places = field(default_factory=Places)
    """Finds the places of findings."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that are not acknowledged, errors first."""
        return self.outcome.findings

    @property
    def acknowledged(self) -> tuple[tuple[Finding, str], ...]:
        """The findings that are acknowledged in the CDK, with the reasons. They do not count."""
        return self.outcome.acknowledged

    @property
    def errors(self) -> int:
        """The number of errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """The number of warnings."""
        return len(self.findings) - self.errors
