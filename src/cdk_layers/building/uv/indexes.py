"""Number of indexes that uv takes versions from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.uv.settings import UvSettings


def has_several_indexes(settings: UvSettings, options: Iterable[Option]) -> bool:
    """Return whether a version may be on several indexes, of which uv uses the first that has its name.

    Offline, uv skips an index without a page in its cache, and takes a version from another index that the first may
    have too. Folders on this machine do not count, since uv also reads them offline.

    Args:
        settings: uv's settings.
        options: The options of a requirements file.
    """
    pip = settings.configuration.get("pip")
    tables = (settings.configuration, pip if isinstance(pip, dict) else {})
    listed = [index for table in tables for index in table.get("index") or () if isinstance(index, dict)]
    if any(not (index.get("default") or index.get("explicit")) for index in listed):
        return True
    named = [*((option.name, option.value) for option in options), *settings.pip_lines]
    links = [value for name, value in named if name == "--find-links"]
    links += settings.variables.get("UV_FIND_LINKS", "").split(",")
    links += [str(link) for table in tables for link in table.get("find-links") or ()]
    return (
        any(name == "--extra-index-url" for name, _ in named)
        or any(settings.variables.get(name) for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"))
        or any(table.get("extra-index-url") for table in tables)
        or any(link.strip().lower().startswith(("http:", "https:")) for link in links)
    )
