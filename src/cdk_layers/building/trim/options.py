"""The options of trimming, as constructs and settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from cdk_layers.building.trim.kinds import Kind
from cdk_layers.building.trim.selection import Trimming

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SAFE: Final = KINDS
"""What `trim=True` leaves out."""

_SCHEMA: Final = 1
"""Counts up when the same options leave out other files."""


def trimming_of(trim: bool | Sequence[str], excludes: Sequence[str], services: Sequence[str]) -> Trimming:
    """Return what the options of a build leave out.

    Args:
        trim: True for all kinds, or names of kinds.
        excludes: `dependency_excludes`.
        services: `aws_services`.
    """
    kinds = (SAFE if trim else ()) if isinstance(trim, bool) else trim
    return Trimming(frozenset(kinds), tuple(excludes), frozenset(services))


def trim_facts(trimming: Trimming) -> list[object]:
    """Return the facts of a key of what is trimmed, as JSON; [] if nothing is."""
    if not trimming:
        return []
    return [_SCHEMA, sorted(trimming.kinds), list(trimming.excludes), sorted(trimming.services)]
