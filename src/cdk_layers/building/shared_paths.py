"""Paths that several distributions of an installation contain, and the distribution whose file is used.

uv installs distributions in parallel, so it is random which of two files remains. This module uses the file of the
distribution whose canonical name sorts last, from an installation of that distribution alone.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cdk_layers.building.tidying import Installed


@dataclass(frozen=True, slots=True)
class SharedPaths:
    """Paths at which the same distributions contain different files."""

    winner: str
    losers: tuple[str, ...]
    paths: tuple[str, ...]
    """Sorted."""


def use_last(
    tree: Path, distributions: Iterable[Installed], install_alone: Callable[[str], Path]
) -> tuple[SharedPaths, ...]:
    """Replace each file that several distributions contain by that of the distribution whose name sorts last.

    Args:
        tree: An installation, not tidied yet.
        distributions: Its distributions.
        install_alone: Installs one distribution alone and returns the folder.

    Returns:
        The paths with their winners and losers. Paths with the same file in all RECORDs are left out.
    """
    alone = cache(install_alone)
    replaced = [
        (*names, path)
        for path, owners in _conflicts(distributions)
        if (names := _replace_file(path, owners, tree, alone))
    ]
    groups = groupby(sorted(replaced), key=lambda row: row[:2])
    return tuple(SharedPaths(winner, losers, tuple(path for *_, path in rows)) for (winner, losers), rows in groups)


def _conflicts(distributions: Iterable[Installed]) -> Iterator[tuple[str, list[str]]]:
    """Yield the paths that several distributions record with different bytes, with their names, sorted."""
    claims: dict[str, dict[str, str]] = defaultdict(dict)
    for distribution in distributions:
        for path, (digest, _) in distribution.record.items():
            claims[path][distribution.name] = digest
    for path, digests in sorted(claims.items()):
        if len(digests) > 1 and (len({*digests.values()}) > 1 or "" in digests.values()):
            yield path, sorted(digests)


def _replace_file(
    path: str, names: list[str], tree: Path, alone: Callable[[str], Path]
) -> tuple[str, tuple[str, ...]] | None:
    """Copy the file of the last distribution that really has it into the tree. Return the winner and the losers."""
    for name in reversed(names):
        source = alone(name) / path
        if source.is_file():
            (tree / path).unlink(missing_ok=True)
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / path)
            return name, tuple(loser for loser in names if loser != name)
    return None
