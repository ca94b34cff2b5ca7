"""Verdict of a check, as reports show it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.check.outcome import Outcome
    from cdk_layers.findings import Finding, Where


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check of one path."""

    path: Path
    """The assembly or template, as the user named it."""

    outcome: Outcome
    _lines: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

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

    def template(self, where: Where) -> str:
        """Return the template's path for a report: relative to the working folder if it is below that."""
        if not where.template:
            return ""
        path = Path(os.path.abspath(where.template))  # noqa: PTH100  # resolves no links: a report names what the user named
        here = Path.cwd()
        return (path.relative_to(here) if path.is_relative_to(here) else Path(where.template)).as_posix()

    def line(self, where: Where) -> int:
        """Return the line of the template, from 1 on, where a resource begins; 1 if it is not found."""
        if where.template not in self._lines:
            self._lines[where.template] = _lines(where.template)
        starts = (f"{json.dumps(where.logical_id)}:", f"{where.logical_id}:")
        lines = enumerate(self._lines[where.template], start=1)
        return next((number for number, text in lines if where.logical_id and text.strip().startswith(starts)), 1)


def _lines(template: str) -> tuple[str, ...]:
    try:
        return tuple(Path(template).read_text(encoding="utf-8", errors="replace").splitlines()) if template else ()
    except OSError:
        return ()
