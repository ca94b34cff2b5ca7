"""What only a build can notice, and what it does not stop for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know about a build, told as a finding of the rule it names."""

    rule: str
    """The rule's name, such as "unpinned-requirement"."""

    message: str
    remedy: str
