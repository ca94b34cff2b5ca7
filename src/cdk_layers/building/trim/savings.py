"""Number and bytes of trimmed files, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_layers.system.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Saving(NamedTuple):
    """Trimmed files of one kind."""

    files: int
    unzipped_bytes: int


def savings_of(parts: Iterable[tuple[Mapping[str, str], Mapping[str, int]]]) -> dict[str, Saving]:
    """Return the savings of an archive by kind, the largest first.

    Args:
        parts: For each part its trimmed names with their kinds, and the sizes of all its files in bytes. A file that
            several parts contain counts once.
    """
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for trimmed, part_sizes in parts:
        kinds.update(trimmed)
        sizes.update((name, part_sizes[name]) for name in trimmed)
    return add_savings({kind: (1, sizes[name])} for name, kind in kinds.items())


def add_savings(archives: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, Saving]:
    """Return the sums of the savings of several archives by kind, the largest first."""
    totals: dict[str, Saving] = {}
    for savings in archives:
        for kind, (files, unzipped_bytes) in savings.items():
            known = totals.get(kind, Saving(0, 0))
            totals[kind] = Saving(known.files + files, known.unzipped_bytes + unzipped_bytes)
    return dict(sorted(totals.items(), key=lambda item: (-item[1].unzipped_bytes, item[0])))


def savings_json(savings: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    """Return savings as JSON for reports."""
    return {kind: {"files": files, "bytes": unzipped_bytes} for kind, (files, unzipped_bytes) in savings.items()}


def savings_text(savings: Mapping[str, tuple[int, int]]) -> str:
    """Return savings as text: "tests 21.0 MiB, stubs 1.3 MiB"; "" if there are none."""
    return ", ".join(f"{kind} {size(unzipped)}" for kind, (_, unzipped) in savings.items())
