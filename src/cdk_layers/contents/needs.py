"""Whether the distributions of a merged tree have what they require, as `uv pip check` sees it."""

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
    """One requirement of a distribution, as it holds on a target."""

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
    there: Distribution | None
    """What is there by that name at another version; None when there is nothing."""


def unmet(
    installed: Mapping[str, Sequence[Distribution]], target: Target, asked: Iterable[tuple[str, str]] = ()
) -> Iterator[Unmet]:
    """Yield every requirement that the tree does not meet on a target.

    Extras count where another distribution of the tree asks for them, or somebody else. What is there in several
    versions meets and lacks nothing here: which one is imported is not certain, and another rule tells of it.

    Args:
        installed: The distributions by normalized name, those that come first on the path first.
        target: What markers are evaluated for.
        asked: Names of distributions with an extra that somebody else asks of them.
    """
    waiting = [*((name, "") for name in installed), *asked]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        ones = installed.get(name, ())
        if not ones or several_versions(ones):
            continue
        for need in _needs(ones[0].requires, extra, target):
            if need.extras:
                more = {(need.name, one) for one in need.extras} - seen
                seen |= more
                waiting += sorted(more)
            found = installed.get(need.name, ())
            if not found:
                yield Unmet(ones[0], need, None)
            elif not several_versions(found) and not meets(need.specifier, found[0].version):
                yield Unmet(ones[0], need, found[0])


def broken_by_winner(installed: Mapping[str, Sequence[Distribution]], name: str, target: Target) -> tuple[Unmet, ...]:
    """Return the requirements that the version of a distribution which is found first does not meet.

    Of the distributions that require it, those that are found first count.

    Args:
        installed: As for `unmet`, with `name` there in several versions.
        name: The normalized name of the distribution.
        target: What markers are evaluated for.
    """
    winners = {one: found[:1] for one, found in installed.items()}
    return tuple(one for one in unmet(winners, target) if one.need.name == name and one.there is not None)


def several_versions(ones: Sequence[Distribution]) -> bool:
    """Return whether distributions of one name differ in version."""
    return len(ones) > 1 and len({_version(one.version) for one in ones}) > 1


@lru_cache(maxsize=_MANY)
def _version(text: str) -> Version | str:
    try:
        return Version(text)
    except ValueError:
        # Not a version, or one of more digits than Python reads.
        return text


@lru_cache(maxsize=_MANY)
def meets(specifier: str, version: str) -> bool:
    """Return whether a version is one that a specifier admits; pre-releases that are there count as any other."""
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
        # Most lines are about extras that nobody asks for, and parsing is what costs.
        marker = line.partition(";")[2]
        if ("extra" in marker) != bool(extra) and " or " not in marker:
            continue
        requirement = _parsed(line)
        if requirement and _holds(requirement, environment):
            name = canonical(requirement.name)
            extras = tuple(sorted(canonical(one) for one in requirement.extras))
            needs.append(Need(name, str(requirement.specifier), extras))
    return tuple(needs)


def _holds(requirement: Requirement, environment: dict[str, str]) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate(environment)
    except (ValueError, RecursionError):
        # A comparison that makes no sense, such as of a version with a word, holds nowhere.
        return False
