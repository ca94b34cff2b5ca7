"""Whether an installation contains what was to be installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from cdk_layers.contents.distributions import read_installed
from cdk_layers.errors import BuildError
from cdk_layers.system.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.contents.model import Distribution
    from cdk_layers.lambda_service.target import Target


def refuse_missing(pins: Collection[Wanted], tree: Path, target: Target) -> None:
    """Refuse an installation that lacks a pin although the installer reported success.

    Raises:
        BuildError: A pin is missing, or is there in another version.
    """
    found = {one.name: one for one in read_installed(tree)}
    wanted = [pin for pin in pins if pin.applies_to(target)]
    missing = [scrub(pin.text) for pin in _missing(wanted, found)]
    if missing:
        there = ", ".join(f"{one.name} {one.version}" for one in found.values()) or "nothing"
        message = (
            f"uv reported success, and {', '.join(missing)} did not arrive in {str(tree)!r}; {there} is there. "
            "Clear uv's cache with 'uv cache clean' and build again; if it happens again, report it."
        )
        raise BuildError(message)


def _missing(wanted: Collection[Wanted], found: dict[str, Distribution]) -> Iterator[Wanted]:
    """Yield the pins that are not there. What names a file, a folder or an address may have another name than said."""
    by_name = [pin for pin in wanted if pin.name and not pin.local and not pin.remote]
    for pin in by_name:
        one = found.get(pin.name or "")
        if one is None or (pin.version and not _is_same(pin.version, one.version)):
            yield pin
    others = {pin.text: pin for pin in wanted if pin not in by_name}
    unnamed = found.keys() - {pin.name for pin in by_name}
    if len(unnamed) < len(others):
        yield from (pin for pin in others.values() if pin.name not in unnamed)


def _is_same(wanted: str, version: str) -> bool:
    """Tell whether a version is the wanted one, which may leave out the local part such as "+cpu"."""
    try:
        asked, there = Version(wanted), Version(version)
    except InvalidVersion:
        return wanted == version
    return asked == there or (asked.local is None and asked.public == there.public)
