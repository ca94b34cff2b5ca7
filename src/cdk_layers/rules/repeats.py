"""Findings that say the same of several places: of each stage, of each Region, of each function with one layer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.system.wording import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.findings import Finding

_QUOTED: Final = re.compile(r"'[^'\n]*'")
_LAYER_ARN: Final = re.compile(r"arn:[^:'\s]*:lambda:[^:'\s]*:[^:'\s]*:layer:([^:'\s]*)(?::\d+)?")
_MOST_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Repeated:
    """One finding, with those that say the same of other places."""

    first: Finding
    others: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return (self.first, *self.others)

    @property
    def elsewhere(self) -> str:
        """A sentence that counts and names the other places; "" where there are none."""
        places = list(dict.fromkeys(one.where.path for one in self.others))
        if not places:
            return ""
        return f"The same in {count(len(places), 'other place')}: {listed(places, _MOST_LISTED)}."


def together(findings: Iterable[Finding]) -> list[Repeated]:
    """Return findings in their order, with each that only says of another place what was said before put to that."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        found.setdefault(_gist(finding), []).append(finding)
    return [Repeated(first, tuple(others)) for first, *others in found.values()]


def _gist(finding: Finding) -> tuple[str, ...]:
    """Return what a finding says, whichever stage, stack and Region it says it of."""
    if finding.topic:
        return (finding.rule, finding.severity, _placeless(finding.topic))
    place = finding.where.path
    message = finding.message.replace(place, place.rpartition("/")[2]) if place else finding.message
    return (finding.rule, finding.severity, _placeless(message), _placeless(finding.remedy))


def _placeless(text: str) -> str:
    """Return a text with the last parts of construct paths alone, and layers without their Region and version."""
    return _QUOTED.sub(lambda found: found.group().rpartition("/")[2], _LAYER_ARN.sub(r"\1", text))
