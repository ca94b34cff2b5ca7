"""What happens before a layer's construct exists: errors keep their types, and sizes are known from the start."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.building.claims import build_for
from cdk_layers.building.find import recall
from cdk_layers.building.options import BuildOptions
from cdk_layers.cdk.arguments.content import ContentChoices
from cdk_layers.cdk.asset.docker import require_engine
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions

    from cdk_layers.building.find import LayerBuild
    from cdk_layers.cdk.asset.bundling import Bundling
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the user wants one layer to be built."""

    path: str
    """The construct path."""

    entry: Path | None
    opt_entry: Path | None
    targets: tuple[Target, ...]
    bundling: Bundling
    excludes: tuple[str, ...]
    allow_source_builds: tuple[str, ...]
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    docker: bool
    default_excludes: bool = True
    follow_links: bool = False
    content: ContentChoices = field(default_factory=ContentChoices)

    @property
    def source(self) -> Path:
        """The folder that the CDK is to know as the layer's source.

        Raises:
            UsageError: There is none.
        """
        source = self.entry or self.opt_entry
        if source is None:
            message = f"Layer {self.path!r} has nothing to be built from. Give entry=, opt_entry=, or both."
            raise UsageError(message)
        return source

    @property
    def folder(self) -> Path:
        """The folder that is built: an empty one where everything comes from `opt_entry`."""
        return _empty_folder() if self.entry is None else self.entry

    @property
    def container_reasons(self) -> tuple[str, ...]:
        """The arguments that only a container can honour; () for a build without one."""
        return (*(("docker=True",) if self.docker else ()), *self.bundling.container_only)

    @property
    def options(self) -> BuildOptions:
        """The options of a build without a container."""
        return BuildOptions(
            prefix=self.bundling.folder(f"Layer {self.path!r}"),
            opt_entry=self.opt_entry,
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
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What PythonLayerVersion is to do, and what is known already."""

    bundling: BundlingOptions
    """What PythonLayerVersion is given."""

    build: LayerBuild | None = None
    """The finished build; None where a container makes the layer, or where the CDK asked for no bundling."""

    remembered: LayerBuild | None = None
    """The same, or an earlier build of the same entry that the cache still has, where the CDK asked for no bundling."""


@cache
def _empty_folder() -> Path:
    """Return a folder that lasts as long as this process, since a build may look into its entry again."""
    folder = Path(tempfile.mkdtemp(prefix="cdk-layers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def prepare(wishes: Wishes, *, bundled: bool, store: Store) -> Prepared:
    """Build a layer, or make sure that a container can.

    Args:
        wishes: How the user wants it.
        bundled: Whether the CDK asks for bundling. Otherwise nothing is built, and the CDK stages the entry as it is.
        store: Where artifacts are kept.

    Raises:
        CompatibilityError: The content is not right for all targets.
        CdkLayersError: As `build`, and a BuildError when a container is asked for and no engine answers.
        UsageError: An argument that a container cannot honour beside one that only a container can.
    """
    reasons = wishes.container_reasons
    if reasons:
        return _by_container(wishes, reasons, bundled=bundled)
    if not bundled:
        remembered = recall(wishes.folder, wishes.targets[0], wishes.options, store=store)
        return Prepared(wishes.bundling.unbundled(), remembered=remembered)
    built = build_for(wishes.folder, wishes.targets, wishes.options, store=store, label=wishes.path)
    return Prepared(wishes.bundling.placing(built), built, built)


def _by_container(wishes: Wishes, reasons: tuple[str, ...], *, bundled: bool) -> Prepared:
    if wishes.opt_entry is not None:
        message = (
            f"Layer {wishes.path!r}: opt_entry goes with builds without Docker only, and {', '.join(reasons)} "
            f"chooses Docker. Put {str(wishes.opt_entry)!r} into a layer of its own, or leave out {', '.join(reasons)}."
        )
        raise UsageError(message)
    asked = [name for name, value in (("groups", wishes.groups), ("extras", wishes.extras)) if value]
    if asked:
        message = (
            f"Layer {wishes.path!r}: {' and '.join(asked)} goes with builds without Docker only, and "
            f"{', '.join(reasons)} chooses Docker, where PythonLayerVersion installs no groups. Leave out one of them."
        )
        raise UsageError(message)
    content = wishes.content.options.names
    if content:
        message = (
            f"Layer {wishes.path!r}: {' and '.join(content)} goes with builds without Docker only, and "
            f"{', '.join(reasons)} chooses Docker. Leave out one of them. What a construct says, such as "
            "bytecode=False, overrides the project's settings."
        )
        raise UsageError(message)
    if not bundled:
        return Prepared(wishes.bundling.unbundled())
    require_engine(wishes.path, reasons)
    return Prepared(wishes.bundling.for_container(wishes.excludes))
