"""Options of a build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_layers.building.content_options import ContentOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.contents.model import Contents


@dataclass(frozen=True, slots=True)
class KnownLayer:
    """One of a function's layers, whose contents are known."""

    label: str
    """Its name in messages."""

    contents: Contents = field(repr=False)
    """What it contains."""

    entry: Path | None = None
    """The entry that it was built from, absolute and without symlinks; None if this library did not build it."""

    prefix: str = "python"
    """The folder of the layer that has the entry's own files."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of a build. Equal options, entries and targets make equal archives."""

    prefix: str = "python"
    """Folder of the archive for code and distributions: "python" for a layer, "" for a function."""

    opt_entry: Path | None = None
    """A folder whose content goes to the root of the archive, such as one with bin/ and lib/."""

    excludes: tuple[str, ...] = ()
    """Patterns (as in a .gitignore) of the entry's files to leave out, after the defaults; "!x" includes x."""

    default_excludes: bool = True
    """Whether files that only development needs are left out, as the module `excludes` describes."""

    follow_links: bool = False
    """Whether symlinks that leave their folder are followed; otherwise they are an error."""

    allow_source_builds: tuple[str, ...] = ()
    """Distributions that may be built from source if there is no wheel: their build code runs at synth."""

    groups: tuple[str, ...] = ()
    """Dependency groups of a lock file to install, or categories of a Pipfile.lock."""

    extras: tuple[str, ...] = ()
    """Extras of a lock file's project to install."""

    content: ContentOptions = field(default_factory=ContentOptions)
    """The content of distributions: bytecode and trimming."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment variables for uv, Poetry and Pipenv. They override those of this process."""

    poetry_include_hashes: bool = True
    """Whether the hashes in a poetry.lock are verified. Defaults to True, unlike PythonLayerVersion's option."""

    poetry_without_urls: bool = False
    """Whether Poetry omits the addresses of its sources from the export."""

    provided: Mapping[str, str] = field(default_factory=dict)
    """Distributions (name to version) in the function's layers. Those that fit are left out."""

    layers: tuple[KnownLayer, ...] = ()
    """The function's layers as far as they are known, in merge order. The projects in their entries are left out, if
    the layers contain all of them."""
