"""What layers and functions with an entry folder have in common: the options of its build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_layers.building.options import BuildOptions
from cdk_layers.cdk.arguments.content import ContentChoices
from cdk_layers.cdk.asset.bundling import Bundling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aws_cdk.aws_lambda import Architecture
    from typing_extensions import Self

    from cdk_layers.cdk.arguments.readers import Arguments


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

    @classmethod
    def read(
        cls,
        path: str,
        arguments: Arguments,
        given: Mapping[str, Any],
        architectures: Sequence[Architecture] | None,
        **own: Any,
    ) -> Self:
        """Read the arguments that layers and functions with an entry have in common.

        Args:
            path: The construct path.
            arguments: Readers that name the construct.
            given: What the user passed, by the names of the arguments; other keys are ignored.
            architectures: The architectures of the construct.
            own: Further fields, which only layers or only functions have.

        Raises:
            UsageError: An argument does not have its type.
        """
        default_excludes = given["default_excludes"]
        return cls(
            path=path,
            entry=arguments.folder("entry", given["entry"]),
            bundling=Bundling.read(given["bundling"], arguments, architectures),
            excludes=arguments.texts("asset_excludes", given["asset_excludes"], "patterns"),
            allow_source_builds=arguments.texts("allow_source_builds", given["allow_source_builds"], "distributions"),
            groups=arguments.texts("groups", given["groups"], "names"),
            extras=arguments.texts("extras", given["extras"], "names"),
            default_excludes=default_excludes is None or arguments.flag("default_excludes", default_excludes),
            follow_links=arguments.flag("follow_links", given["follow_links"]),
            content=ContentChoices.read(arguments, given),
            **own,
        )

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
