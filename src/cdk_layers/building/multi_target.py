"""Builds for several targets, and the content that ties a build to some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.building.builds import LayerBuild, build
from cdk_layers.building.pins import pins_for
from cdk_layers.errors import CompatibilityError, UsageError
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.progress import Progress
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.store.protocol import Store

_NAMED: Final = 5


def build_for(
    entry: Path | str,
    targets: Sequence[Target],
    options: BuildOptions | None = None,
    *,
    store: Store,
    progress: Progress | None = None,
    label: str | None = None,
) -> LayerBuild:
    """Build for the first target, and check that the build suits all others.

    Args:
        entry: As for `build`.
        targets: Where the archive has to run; at least one.
        options: As for `build`.
        store: As for `build`.
        progress: As for `build`.
        label: As for `build`.

    Raises:
        CompatibilityError: The content does not suit all targets. The message names the files or pins.
        UsageError: `targets` is empty.
        CdkLayersError: As `build`.
    """
    if not targets:
        message = f"{label or entry}: no target to build for. Specify at least one runtime and one architecture."
        raise UsageError(message)
    built = build(entry, targets[0], options, store=store, progress=progress, label=label)
    first, *others = targets
    ties: list[str] = []
    if others:
        ties += native_ties(built.contents, others)
        pins = pins_for(entry, first, options, store=store)
        for other in others:
            ties.extend(_pin_differences(pins, pins_for(entry, other, options, store=store), first, other))
    if ties:
        message = (
            f"{label or entry}: the build for {first} does not suit all declared targets. "
            f"{' '.join(ties)} Build a layer for each target, or declare only {first}."
        )
        raise CompatibilityError(message)
    return built


def native_ties(contents: Contents, targets: Iterable[Target]) -> Iterator[str]:
    """Yield a sentence for each target that cannot load all of the content. It names the files."""
    # Only a layer for several targets needs it.
    from cdk_layers.contents.natives import native_index  # noqa: PLC0415

    for target in targets:
        natives = native_index(contents, "python/")
        files = [*natives.foreign_files(target), *sorted(_foreign_distributions(contents, target))]
        if files:
            yield f"{target} cannot load {listed(files, _NAMED)}."


def _foreign_distributions(contents: Contents, target: Target) -> Iterator[str]:
    """Yield the distributions whose wheel does not support the target, such as a "py313-none-any".

    Distributions whose native modules name their Python are checked by these names instead. Those that work without
    their native modules are skipped.
    """
    from packaging.tags import parse_tag  # noqa: PLC0415 - see `native_ties`

    from cdk_layers.contents.accelerators import OPTIONAL_EXTENSIONS  # noqa: PLC0415
    from cdk_layers.contents.natives import native_index  # noqa: PLC0415
    from cdk_layers.lambda_service.wheel_tags import supported_tags  # noqa: PLC0415

    supported = frozenset(supported_tags(target))
    skipped = native_index(contents, "python/").tagged_distributions | OPTIONAL_EXTENSIONS
    for distribution in contents.distributions:
        tags = distribution.tags
        if distribution.name not in skipped and tags and not any(supported & parse_tag(tag) for tag in tags):
            yield f"{distribution.name} {distribution.version} ({', '.join(tags)})"


def _pin_differences(first: tuple[str, ...], other: tuple[str, ...], target: Target, another: Target) -> Iterator[str]:
    only_first, only_other = sorted(set(first) - set(other)), sorted(set(other) - set(first))
    if only_first:
        yield f"Only {target} needs {', '.join(only_first)}."
    if only_other:
        yield f"Only {another} needs {', '.join(only_other)}."
