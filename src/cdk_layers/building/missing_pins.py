"""Check that an installation contains all pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from cdk_layers.contents.distributions import read_installed
from cdk_layers.errors import BuildError
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.contents.model import Distribution
    from cdk_layers.lambda_service.target import Target


def refuse_missing_pins(pins: Collection[RequirementLine], tree: Path, target: Target) -> None:
    """Reject an installation that lacks a pin although uv reported success.

    Raises:
        BuildError: A pin is missing or has another version.
    """
    found = {distribution.name: distribution for distribution in read_installed(tree)}
    lines = [pin for pin in pins if pin.applies_to(target)]
    missing = [scrub(pin.text) for pin in _missing(lines, found)]
    if missing:
        names = ", ".join(f"{distribution.name} {distribution.version}" for distribution in found.values())
        message = (
            f"uv reported success, but did not install {', '.join(missing)} into {str(tree)!r}. "
            f"Installed: {names or 'nothing'}. "
            "Clear uv's cache with 'uv cache clean' and build again. If it happens again, report it."
        )
        raise BuildError(message)


def _missing(lines: Collection[RequirementLine], found: dict[str, Distribution]) -> Iterator[RequirementLine]:
    """Yield the pins that are not installed.

    A file, a folder or an address may install a distribution of another name than the requirement has.
    """
    by_name = [pin for pin in lines if pin.name and not pin.local and not pin.remote]
    for pin in by_name:
        distribution = found.get(pin.name or "")
        if distribution is None or (pin.version and not _is_same(pin.version, distribution.version)):
            yield pin
    others = {pin.text: pin for pin in lines if pin not in by_name}
    unnamed = found.keys() - {pin.name for pin in by_name}
    if len(unnamed) < len(others):
        yield from (pin for pin in others.values() if pin.name not in unnamed)


def _is_same(pinned: str, installed: str) -> bool:
    """Return whether an installed version is the pinned one. The pin may omit the local part, such as "+cpu"."""
    try:
        pin, version = Version(pinned), Version(installed)
    except InvalidVersion:
        return pinned == installed
    return pin == version or (pin.local is None and pin.public == version.public)
