"""The index that a poetry.lock or a Pipfile.lock names for each distribution.

The tools export all indexes in one list, and uv takes each version from the first one that has the name.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.workspace import read_toml, table
from cdk_layers.contents.names import canonical
from cdk_layers.system.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.requirements.wanted import Wanted

_PYPI: Final = "https://pypi.org/simple"


def indexes(path: Path) -> dict[str, str]:
    """Return the addresses of indexes by distributions' names, "" for the default index, without credentials.

    It is empty where all distributions have the same index, and leaves out those that have several.
    """
    named = list(_of_poetry(path) if path.name == "poetry.lock" else _of_pipfile(path))
    found: dict[str, set[str]] = {}
    for name, url in named:
        address = scrub(url).rstrip("/")
        found.setdefault(canonical(name), set()).add("" if address == _PYPI else address)
    single = {name: next(iter(urls)) for name, urls in found.items() if len(urls) == 1}
    return single if len(set(single.values())) > 1 else {}


def _of_poetry(path: Path) -> Iterator[tuple[str, str]]:
    packages = read_toml(path).get("package", ())
    for package in packages if isinstance(packages, list) else ():
        source = table(package, "source")
        if source.get("type", "legacy") == "legacy":
            yield str(package.get("name", "")), str(source.get("url", ""))


def _of_pipfile(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lock: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    listed = table(lock, "_meta").get("sources")
    sources = {str(one.get("name")): str(one.get("url")) for one in listed or () if isinstance(one, dict)}
    first = next(iter(sources.values()), "")
    for category in lock if isinstance(lock, dict) else ():
        for name, package in (table(lock, category) if category != "_meta" else {}).items():
            if "version" in table(package):
                yield name, sources.get(str(package.get("index")), first)


def assigned(wanted: Iterable[Wanted], options: Iterable[Option], named: Mapping[str, str]) -> tuple[Wanted, ...]:
    """Return requirements with the index of each, with the credentials that the export has for it."""
    addresses = {scrub(one.value).rstrip("/"): one.value for one in options if one.name.endswith("index-url")}
    return tuple(
        replace(one, index=addresses.get(named[one.name], named[one.name]))
        if one.name is not None and one.name in named and not one.remote and one.local is None
        else one
        for one in wanted
    )
