"""What layers and functions with an entry folder have in common: the options of its build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_layers.building.options import BuildOptions
from cdk_layers.cdk.arguments.content import ContentChoices

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.cdk.asset.bundling import Bundling


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOptions:
    """An entry folder, and the arguments for its build."""

    path: str
    """The construct path."""

    entry: Path | None
    bundling: Bundling
    excludes: tuple[str, ...]
    allow_source_builds: tuple[str, ...]
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    default_excludes: bool = True
    follow_links: bool = False
    content: ContentChoices = field(default_factory=ContentChoices)

    def build_options(self, prefix: str, **own: Any) -> BuildOptions:
        """Return the options of a build without a container.

        Args:
            prefix: The folder of the archive.
            own: Further options, which only layers or only functions have.
        """
        return BuildOptions(
            prefix=prefix,
            excludes=(*self.bundling.excludes, *self.excludes),
            default_excludes=self.default_excludes,
            follow_links=self.follow_links,
            allow_source_builds=self.allow_source_builds,
            groups=self.groups,
            extras=self.extras,
            content=self.content.options,
            environment=self.bundling.environment,
            poetry_include_hashes=self.bundling.given.get("poetry_include_hashes", True),
            poetry_without_urls=self.bundling.given.get("poetry_without_urls", False),
            **own,
        )
