"""Indexes and folders that uv takes distributions from, by its settings and by the options of requirements files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from cdk_layers.system.document_values import items, mapping, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.building.requirements.requirements_file import Option
    from cdk_layers.building.uv.settings import UvSettings

PYPI: Final = "https://pypi.org/simple"
"""The address of PyPI, which is uv's default index."""

IndexKind = Literal["default", "additional", "explicit", "links"]
"""How uv uses an index:

- default: instead of PyPI;
- additional: for all distributions, in addition to the default one;
- explicit: only for the distributions that a project assigns to it;
- links: a folder or page with links to files (--find-links), for all distributions.
"""

_OPTIONS: Final[Mapping[str, IndexKind]] = {
    "--index-url": "default", "--extra-index-url": "additional", "--find-links": "links"
}  # fmt: skip
_VARIABLES: Final[Mapping[str, IndexKind]] = {
    "UV_DEFAULT_INDEX": "default", "UV_INDEX_URL": "default", "UV_INDEX": "additional",
    "UV_EXTRA_INDEX_URL": "additional",
}  # fmt: skip
_NAMED: Final = re.compile(r"(?:[A-Za-z0-9._-]+=)?(?P<place>.*)", re.DOTALL)


class Index(NamedTuple):
    """An index, or a folder or page with links."""

    kind: IndexKind
    place: str
    """Its URL, possibly with credentials, or its path."""


def indexes_in(settings: UvSettings, options: Iterable[Option] = ()) -> Iterator[Index]:
    """Yield the indexes that the settings of uv and the options of a requirements file name."""
    for name, value in (*((option.name, option.value) for option in options), *settings.pip_lines):
        if name in _OPTIONS:
            yield Index(_OPTIONS[name], value)
    for variable, kind in _VARIABLES.items():
        values = settings.variables.get(variable, "").split()
        yield from (Index(kind, found["place"]) for found in map(_NAMED.fullmatch, values) if found)
    links = settings.variables.get("UV_FIND_LINKS", "").split(",")
    yield from (Index("links", link.strip()) for link in links if link.strip())
    yield from _configured(settings.configuration)
    yield from _configured(mapping(settings.configuration, "pip"))


def _configured(configuration: Mapping[str, object]) -> Iterator[Index]:
    for option, kind_of_key in _OPTIONS.items():
        yield from (Index(kind_of_key, place) for place in texts(configuration.get(option.removeprefix("--"))))
    listed = configuration.get("index")
    for index in items(listed):
        if isinstance(index, dict):
            kind: IndexKind = (
                "default" if index.get("default") else "explicit" if index.get("explicit") else "additional"
            )
            yield Index(kind, str(index.get("url", "")))


def has_several_indexes(settings: UvSettings, options: Iterable[Option]) -> bool:
    """Return whether a version may be on several indexes, of which uv uses the first that has its name.

    Offline, uv skips an index without a page in its cache, and takes a version from another index that the first may
    have too. Folders on this machine do not count, since uv also reads them offline.

    Args:
        settings: uv's settings.
        options: The options of a requirements file.
    """
    return any(
        index.kind == "additional" or (index.kind == "links" and index.place.lower().startswith(("http:", "https:")))
        for index in indexes_in(settings, options)
    )
