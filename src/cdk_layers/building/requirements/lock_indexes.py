"""Index of each distribution in a poetry.lock or a Pipfile.lock.

The exports of the tools have all indexes in one list, and uv takes each version from the first index with the name.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cdk_layers.building.uv.indexes import PYPI
from cdk_layers.contents.names import canonical
from cdk_layers.system.document_values import items, mapping
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.requirements_file import Option


def indexes(path: Path) -> dict[str, str]:
    """Return the address of each distribution's index by its name, "" for the default index, without credentials.

    The result is empty if all distributions have the same index, and lacks distributions with several.
    """
    named = list(_of_poetry(path) if path.name == "poetry.lock" else _of_pipfile(path))
    found: dict[str, set[str]] = {}
    for name, url in named:
        address = scrub(url).rstrip("/")
        found.setdefault(canonical(name), set()).add("" if address == PYPI else address)
    single = {name: next(iter(urls)) for name, urls in found.items() if len(urls) == 1}
    return single if len(set(single.values())) > 1 else {}


def _of_poetry(path: Path) -> Iterator[tuple[str, str]]:
    packages = read_toml(path).get("package", ())
    for package in items(packages):
        source = mapping(package, "source")
        if source.get("type", "legacy") == "legacy":
            yield str(package.get("name", "")), str(source.get("url", ""))


def _of_pipfile(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lock: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return
    listed = mapping(lock, "_meta").get("sources")
    sources = {str(source.get("name")): str(source.get("url")) for source in listed or () if isinstance(source, dict)}
    first = next(iter(sources.values()), "")
    for category in lock if isinstance(lock, dict) else ():
        for name, package in (mapping(lock, category) if category != "_meta" else {}).items():
            if "version" in mapping(package):
                yield name, sources.get(str(package.get("index")), first)


def with_indexes(
    lines: Iterable[RequirementLine], options: Iterable[Option], named: Mapping[str, str]
) -> tuple[RequirementLine, ...]:
    """Return requirements, each with its index, including the credentials that the export has for it."""
    urls = (option.value for option in options if option.name.endswith("index-url"))
    addresses = {scrub(url).rstrip("/"): url for url in urls}
    return tuple(
        replace(line, index=addresses.get(named[line.name], named[line.name]))
        if line.name is not None and line.name in named and not line.remote and line.local is None
        else line
        for line in lines
    )
