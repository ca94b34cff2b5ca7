"""Distributions whose version a manifest leaves open, so that each synth may pick another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine


def unpinned(requirements: Requirements, pins: Iterable[RequirementLine]) -> list[str]:
    """Return the names of the resolved distributions that a manifest does not fix, sorted."""
    addresses = {line.unmarked for line in requirements.lines if line.name is None and line.is_pinned}
    open_pins = [pin for pin in pins if pin.local is None and pin.text.partition(" @ ")[2] not in addresses]
    return sorted({pin.name for pin in open_pins if pin.name} - requirements.pinned_names)


def unpinned_note(requirements: Requirements, names: Iterable[str]) -> Note:
    """Return the note about distributions that a manifest does not fix."""
    on_branches = {line.name for line in requirements.lines if line.floating}
    floating = [name for name in names if name in on_branches]
    listed = [name for name in names if name in requirements.unpinned_names and name not in floating]
    required = [name for name in names if name not in {*listed, *floating}]
    parts = [f"does not pin {', '.join(listed)} to one exact version"] if listed else []
    parts += [f"installs {', '.join(floating)} from a repository without a full commit"] if floating else []
    parts += [f"does not pin {', '.join(required)}, which others need"] if required else []
    return Note(
        "unpinned-requirement",
        f"{requirements.origin} {' and '.join(parts)}, so each synth queries the index and may pick another version.",
        "Pin all distributions, including those that others need: rename requirements.txt to requirements.in, and run "
        "'uv pip compile --universal requirements.in -o requirements.txt'. Or use a lock file, such as that of "
        "'uv lock'.",
        distribution=next(iter((*listed, *floating, *required)), ""),
    )
