"""What only a build can notice, and what it does not stop for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.system.outgoing import outgoing
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know about a build, told as a finding of the rule it names."""

    rule: str
    """The rule's name, such as "unpinned-requirement"."""

    message: str
    remedy: str

    def __post_init__(self) -> None:
        """Keep what may leave this process."""
        object.__setattr__(self, "message", outgoing(self.message))
        object.__setattr__(self, "remedy", outgoing(self.remedy))


def overwritten_notes(facts: Mapping[str, Any]) -> Iterator[Note]:
    """Yield which files of a build were overwritten, by the facts that it left."""
    if names := facts.get("overwritten"):
        yield Note(
            "file-overwritten",
            f"The entry's own {listed(names, _NAMED)} took the place of a distribution's file.",
            "Rename or exclude the own file, unless it is meant to patch the distribution.",
        )
    for one in facts.get("shared", ()):
        losers = " and ".join(one["losers"])
        yield Note(
            "file-overwritten",
            f"{one['winner']} and {losers} contain different files at {listed(one['paths'], _NAMED)}. The "
            f"archive has those of {one['winner']}, because the distribution whose name sorts last wins.",
            f"Leave out {one['winner']} or {losers}, unless no code reads these files.",
        )
