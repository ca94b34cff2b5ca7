"""What builds report: notes about problems that only a build can find, and what is not in an archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.system.outgoing import outgoing
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.options import KnownLayer

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Note:
    """A problem that is reported as a finding of the rule that it names."""

    rule: str
    """The rule's name, such as "unpinned-requirement"."""

    message: str
    remedy: str
    is_warning: bool = False
    """Whether it is a warning, although its rule is an error: a problem that no function fails for."""

    distribution: str = ""
    """The distribution of the manifest that it is about."""

    def __post_init__(self) -> None:
        """Remove credentials and control characters."""
        object.__setattr__(self, "message", outgoing(self.message))
        object.__setattr__(self, "remedy", outgoing(self.remedy))


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build reports about its archive, in addition to the contents."""

    notes: tuple[Note, ...] = ()
    savings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Number and bytes of the files that trimming left out, by kind."""

    uncompiled: tuple[str, ...] = ()
    """Modules that cannot be compiled, each with the reason. Empty without bytecode."""


NO_REPORT: Final = BuildReport()
"""The report about what this library did not build."""


def copy_notes(reasons: Mapping[Path, str | None], layers: Iterable[KnownLayer], manifest: str) -> Iterator[Note]:
    """Yield a note for each project that both a layer and a function's code contain.

    Args:
        reasons: The projects in the entries of layers that the function requires, each with the reason to pack it.
        layers: The function's layers.
        manifest: The file name of the function's manifest.
    """
    for layer in layers:
        if layer.entry is not None and (reason := reasons.get(layer.entry)):
            yield Note(
                "copied-project",
                f"{manifest} installs the project {layer.entry.name}/ into the code, although it is the entry of "
                f"layer {layer.label!r}. There are two copies, and Python finds that of the code first. It is not left "
                f"out, because {reason}.",
                f"Remove that reason, so that the layer's copy is used. If that copy is enough, {manifest} need not "
                "require the project. To keep both copies, acknowledge this.",
            )


def yanked_notes(facts: Mapping[str, Any]) -> Iterator[Note]:
    """Yield notes about yanked versions from the facts in a build's record."""
    for yanked in facts["yanked"]:
        reason = yanked["reason"].rstrip(". ")
        yield Note(
            "yanked-version",
            f"{yanked['name']}=={yanked['version']} is yanked: its index advises against this version"
            f"{f' ({reason})' if reason else ''}.",
            "Pin another version, unless the reason does not matter here.",
            distribution=yanked["name"],
        )


def overwritten_notes(facts: Mapping[str, Any]) -> Iterator[Note]:
    """Yield notes about overwritten files from the facts in a build's record."""
    if names := _without_inert(facts.get("overwritten", ())):
        yield Note(
            "file-overwritten",
            f"The entry's own {listed(names, _NAMED)} replaces a file of a distribution.",
            "Rename or exclude the own file, unless it is meant to patch the distribution.",
        )
    for shared in facts.get("shared", ()):
        paths = _without_inert(shared["paths"])
        if not paths:
            continue
        winner, losers = shared["winner"], " and ".join(shared["losers"])
        yield Note(
            "file-overwritten",
            f"{winner} and {losers} contain different files at {listed(paths, _NAMED)}. The archive contains "
            f"those of {winner}, because the distribution whose name sorts last wins.",
            f"Leave out {winner} or {losers}, unless no code reads these files.",
        )


def _without_inert(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    from cdk_layers.building.trim.kinds import is_inert  # noqa: PLC0415 - most builds have no such paths

    return [path for path in paths if not is_inert(path)]
