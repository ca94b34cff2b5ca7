"""Outcome of a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.findings import Finding, Unread


@dataclass(frozen=True, slots=True)
class Result:
    """A finding, acknowledged or not."""

    finding: Finding
    reason: str | None = None
    """The reason of its acknowledgement in the CDK; None if it is not acknowledged."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Findings in one assembly."""

    results: tuple[Result, ...] = ()
    """Errors first."""

    unread: tuple[Unread, ...] = ()
    """What could not be read or resolved."""

    functions: int = 0
    """The number of functions that the rules judged."""

    layers: int = 0
    """The number of layers that the rules judged."""

    grants: int = 0
    """The number of grants that the rules judged."""

    savings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Files and bytes that trimming left out of the judged layers and functions, by kind, the largest first."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that are not acknowledged."""
        return tuple(result.finding for result in self.results if result.reason is None)

    @property
    def acknowledged(self) -> tuple[tuple[Finding, str], ...]:
        """The acknowledged findings, with the reasons."""
        return tuple((result.finding, result.reason) for result in self.results if result.reason is not None)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """All findings, acknowledged or not, for the CDK, which applies the acknowledgements to its report."""
        return tuple(result.finding for result in self.results)
