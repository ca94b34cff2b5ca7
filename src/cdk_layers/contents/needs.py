"""Requirements of the distributions in a merged tree that nothing meets, as in `uv pip check`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_layers.contents.model import Distribution
    from cdk_layers.lambda_service.target import Target

_MANY = 65536


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement of a distribution on a target."""

    name: str
    """The normalized name of what is required."""

    specifier: str
    """The versions that it admits; "" for all."""

    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the requirement as metadata writes it."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement that nothing meets."""

    requirer: Distribution
    need: Need
    found: Distribution | None
    """The distribution of that name, at another version; None if there is none."""


def unmet(
    installed: Mapping[str, Sequence[Distribution]], target: Target, requested_extras: Iterable[tuple[str, str]] = ()
) -> Iterator[Unmet]:
    """Yield every requirement that the tree does not meet on a target.

    Extras count where another distribution of the tree, or `requested_extras`, requires them. A distribution in several
    versions is skipped: which one is imported is not certain, and another rule reports it.

    Args:
        installed: The distributions by normalized name, in the order of the search path.
        target: What markers are evaluated for.
        requested_extras: Names of distributions, each with an extra that the manifest requires of it.
    """
    waiting = [*((name, "") for name in installed), *requested_extras]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        requirers = installed.get(name, ())
        if not requirers or several_versions(requirers):
            continue
        for need in _needs(requirers[0].requires, extra, target):
            if need.extras:
                more = {(need.name, other) for other in need.extras} - seen
                seen |= more
                waiting += sorted(more)
            found = installed.get(need.name, ())
            if not found:
                yield Unmet(requirers[0], need, None)
            elif not several_versions(found) and not meets(need.specifier, found[0].version):
                yield Unmet(requirers[0], need, found[0])


def broken_by_winner(installed: Mapping[str, Sequence[Distribution]], name: str, target: Target) -> tuple[Unmet, ...]:
    """Return the requirements that the first version of a distribution on the search path does not meet.

    Of the distributions that require it, the first versions count as well.

    Args:
        installed: As for `unmet`, with several versions of `name`.
        name: The normalized name of the distribution.
        target: What markers are evaluated for.
    """
    winners = {key: found[:1] for key, found in installed.items()}
    return tuple(gap for gap in unmet(winners, target) if gap.need.name == name and gap.found is not None)


def several_versions(distributions: Sequence[Distribution]) -> bool:
    """Return whether distributions of one name differ in version."""
    return len(distributions) > 1 and len({_version(each.version) for each in distributions}) > 1


@lru_cache(maxsize=_MANY)
def _version(text: str) -> Version | str:
    try:
        return Version(text)
    except ValueError:
        # It is not a version, or has more digits than Python reads.
        return text


@lru_cache(maxsize=_MANY)
def meets(specifier: str, version: str) -> bool:
    """Return whether a specifier admits a version; an installed pre-release counts like any other version."""
    known = _version(version)
    parsed = _parsed(f"name{specifier}") if specifier else None
    try:
        return parsed is None or isinstance(known, str) or parsed.specifier.contains(known, prereleases=True)
    except ValueError:
        return True


@lru_cache(maxsize=_MANY)
def _parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        return None


@lru_cache(maxsize=_MANY)
def _needs(lines: tuple[str, ...], extra: str, target: Target) -> tuple[Need, ...]:
    """Return what a distribution requires, for one of its extras or, with "", without any."""
    environment = {**target.marker_environment(), "extra": extra}
    needs = []
    for line in lines:
        # Most lines are about extras that are not required, and parsing is slow.
        marker = line.partition(";")[2]
        if ("extra" in marker) != bool(extra) and " or " not in marker:
            continue
        requirement = _parsed(line)
        if requirement and _holds(requirement, environment):
            name = canonical(requirement.name)
            extras = tuple(sorted(canonical(each) for each in requirement.extras))
            needs.append(Need(name, str(requirement.specifier), extras))
    return tuple(needs)


def _holds(requirement: Requirement, environment: dict[str, str]) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate(environment)
    except (ValueError, RecursionError):
        # An invalid comparison, such as of a version with a word, is false everywhere.
        return False
