"""Repeated findings: the same problem in each stage, in each Region, or in each function with one layer.

What is not known of several functions or layers is grouped too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.system.project_paths import project_path
from cdk_layers.system.wording import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.findings import Finding, Unread

_QUOTED_PATH: Final = re.compile(r"'[^'\n]*/([^'/\n]*)'")
_LAYER_ARN: Final = re.compile(r"arn:[^:'\s]*:lambda:[^:'\s]*:[^:'\s]*:layer:([^:'\s]*)(?::\d+)?")
_MOST_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Repeated:
    """A finding, with those of the same problem in other places."""

    first: Finding
    others: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The first finding and the others."""
        return (self.first, *self.others)

    @property
    def elsewhere(self) -> str:
        """A sentence that counts and lists the other places; "" if there are none."""
        places = list(dict.fromkeys(finding.where.path for finding in self.others))
        if not places:
            return ""
        return f"The same in {count(len(places), 'other place')}: {listed(places, _MOST_LISTED)}."


def group_repeats(findings: Iterable[Finding]) -> list[Repeated]:
    """Group findings of the same problem, in the order of the first of each group."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(problem_of(finding), []).append(finding)
    return [Repeated(first, tuple(others)) for first, *others in groups.values()]


def group_unread(unread: Iterable[Unread]) -> list[str]:
    """Return a sentence for all that is unread, one for functions or layers of which the same is true.

    The sentences are in the order of the first of each group.
    """
    groups: dict[str, list[Unread]] = {}
    for each in unread:
        groups.setdefault(each.text, []).append(each)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Unread]) -> str:
    others = [each.subject.path for each in group[1:] if each.subject]
    if not others:
        return str(group[0])
    return f"{group[0]} The same applies to {count(len(others), 'other')}: {listed(others, _MOST_LISTED)}."


def problem_of(finding: Finding) -> tuple[str, ...]:
    """Return an identity of the problem: without the stage, stack and Region of the finding, but with the user's files.

    Layers or functions of the same name in two files of the user need two remedies.
    """
    if finding.topic:
        return (finding.rule, finding.severity, _placeless(finding.topic))
    place = finding.where.path
    message = finding.message.replace(place, place.rpartition("/")[2]) if place else finding.message
    return (finding.rule, finding.severity, _placeless(message), _placeless(finding.remedy), *_sources(finding))


def _sources(finding: Finding) -> tuple[str, ...]:
    """Return the files of the user in which a finding is to be mended, as far as they are known.

    A finding of a function that does not name it may be one about its layers, so where the function is says nothing.
    """
    if finding.pin:
        return (finding.pin.manifest,)
    origin = finding.where.origin
    is_own = origin and finding.where.path in finding.message
    return (project_path(origin.file) if origin.file else "", origin.manifest) if origin and is_own else ()


def problem_id(finding: Finding) -> str:
    """Return a short text that findings of the same problem have in common, for readers of JSON."""
    return hashlib.sha256("\n".join(problem_of(finding)).encode()).hexdigest()[:16]


def _placeless(text: str) -> str:
    """Return a text with only the last parts of construct paths, and with layers without their Region and version."""
    return _QUOTED_PATH.sub(r"'\1'", _LAYER_ARN.sub(r"\1", text))
