"""Paths that several distributions of one installation contain, and whose file the archive gets.

An installer writes distributions at the same time, so that which of two files stays is left to chance. Here the
distribution whose canonical name sorts last wins, and its file comes from an installation of that distribution alone.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from cdk_layers.building.tidying import installed, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shared:
    """Files that the same distributions contain with different bytes."""

    winner: str
    losers: tuple[str, ...]
    paths: tuple[str, ...]
    """Sorted."""


def settle(tree: Path, install_alone: Callable[[str], Path]) -> tuple[Shared, ...]:
    """Give every path that several distributions contain the file of the last one by name.

    Args:
        tree: An installation as the installer left it.
        install_alone: Returns a folder with such an installation of one distribution alone.

    Returns:
        What was overwritten by whom; nothing where their RECORDs say that the files are the same.
    """
    alone = cache(install_alone)
    taken = [(*won, path) for path, names in _contested(tree) if (won := _take(path, names, tree, alone))]
    groups = ((key, [one[2] for one in group]) for key, group in groupby(sorted(taken), key=lambda one: one[:2]))
    return tuple(Shared(winner, losers, tuple(paths)) for (winner, losers), paths in groups)


def _contested(tree: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the paths that several distributions record with different bytes, with their names, sorted."""
    claims: dict[str, dict[str, str]] = defaultdict(dict)
    for one in installed(tree):
        for path, digest in recorded(one.folder):
            claims[path][one.name] = digest
    for path, digests in sorted(claims.items()):
        if len(digests) > 1 and (len({*digests.values()}) > 1 or "" in digests.values()):
            yield path, sorted(digests)


def _take(path: str, names: list[str], tree: Path, alone: Callable[[str], Path]) -> tuple[str, tuple[str, ...]] | None:
    """Put the file of the last distribution that really has it into the tree, and return who won over whom."""
    for name in reversed(names):
        source = alone(name) / path
        if source.is_file():
            (tree / path).unlink(missing_ok=True)
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / path)
            return name, tuple(one for one in names if one != name)
    return None
