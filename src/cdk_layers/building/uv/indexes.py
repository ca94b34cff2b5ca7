"""The indexes that uv takes versions from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.uv.settings import UvSettings


def has_several_indexes(settings: UvSettings, options: Iterable[Option]) -> bool:
    """Return whether a version may be on several indexes, of which uv takes the first that has its name.

    Offline, uv passes over an index that its cache has no page of, and takes from another what the first may have as
    well. Folders on this machine do not count, since uv reads them offline too.

    Args:
        settings: uv's settings.
        options: The options of a requirements file.
    """
    pip = settings.configuration.get("pip")
    tables = (settings.configuration, pip if isinstance(pip, dict) else {})
    listed = [one for table in tables for one in table.get("index") or () if isinstance(one, dict)]
    if any(not (one.get("default") or one.get("explicit")) for one in listed):
        return True
    named = [*((option.name, option.value) for option in options), *settings.pip_lines]
    links = [value for name, value in named if name == "--find-links"]
    links += settings.variables.get("UV_FIND_LINKS", "").split(",")
    links += [str(one) for table in tables for one in table.get("find-links") or ()]
    return (
        any(name == "--extra-index-url" for name, _ in named)
        or any(settings.variables.get(name) for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"))
        or any(table.get("extra-index-url") for table in tables)
        or any(link.strip().lower().startswith(("http:", "https:")) for link in links)
    )
