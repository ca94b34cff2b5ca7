"""How much trimming left out of an archive, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_layers.system.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Saving(NamedTuple):
    """What was left out of one kind."""

    files: int
    unzipped_bytes: int


def savings_of(parts: Iterable[tuple[Mapping[str, str], Mapping[str, int]]]) -> dict[str, Saving]:
    """Return what was left out of the parts of an archive by kind, the largest first.

    Args:
        parts: For each part the names that were left out with their kinds, and the sizes of its files in bytes. A file
            that several parts contain counts once.
    """
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for left_out, every in parts:
        kinds.update(left_out)
        sizes.update((name, every[name]) for name in left_out)
    return add_savings({kind: (1, sizes[name])} for name, kind in kinds.items())


def add_savings(every: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, Saving]:
    """Return the sums of several savings by kind, the largest first."""
    totals: dict[str, Saving] = {}
    for savings in every:
        for kind, (files, unzipped_bytes) in savings.items():
            known = totals.get(kind, Saving(0, 0))
            totals[kind] = Saving(known.files + files, known.unzipped_bytes + unzipped_bytes)
    return dict(sorted(totals.items(), key=lambda item: (-item[1].unzipped_bytes, item[0])))


def savings_json(savings: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    """Return what was left out as JSON for reports."""
    return {kind: {"files": files, "bytes": unzipped_bytes} for kind, (files, unzipped_bytes) in savings.items()}


def savings_text(savings: Mapping[str, tuple[int, int]]) -> str:
    """Return what was left out in words: "tests 21.0 MiB, stubs 1.3 MiB"; "" if nothing was."""
    return ", ".join(f"{kind} {size(unzipped)}" for kind, (_, unzipped) in savings.items())
