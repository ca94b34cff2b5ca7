"""Putting pinned distributions into a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.tags import parse_tag

from cdk_layers.build import sources, uv
from cdk_layers.build.attempts import Attempt, first_attempt, succeed
from cdk_layers.build.complaints import complaint, no_wheel
from cdk_layers.build.resolution import option_lines
from cdk_layers.build.tidying import installed, tidy
from cdk_layers.build.wheels import exact_platform, supported_tags

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable

    from cdk_layers.build.dependencies import Requirements
    from cdk_layers.build.options import BuildOptions
    from cdk_layers.build.requirements_file import Wanted
    from cdk_layers.build.resolution import Resolution
    from cdk_layers.build.target import Target


def install(
    requirements: Requirements, resolution: Resolution, entry: Path, tree: Path, target: Target, options: BuildOptions
) -> None:
    """Install what was resolved into a folder, so that it is the same on every machine.

    Args:
        requirements: The manifest, for where to look.
        resolution: What to install.
        entry: The folder that uv's project configuration is looked for from.
        tree: The folder to fill; it is made.
        target: What must be able to load it.
        options: The options of the build.

    Raises:
        DependencyError: Something cannot be had, or not for the target.
    """
    tree.mkdir(parents=True)
    origin = requirements.origin or ""
    with tempfile.TemporaryDirectory(prefix="cdk-layers-install-") as folder:
        pins = Path(folder, "requirements.txt")
        pins.write_text("\n".join(_lines(requirements, resolution.pins)), encoding="utf-8")

        def run(attempt: Attempt) -> subprocess.CompletedProcess[str]:
            return uv.run(
                ["pip", "install", "--quiet", "--no-deps", "--link-mode", "hardlink", "--no-compile-bytecode",
                 "--target", tree, "-r", pins, *_hashes(requirements), *attempt.arguments()],
                cwd=entry,
                extra=options.environment,
            )  # fmt: skip

        sourced = frozenset(pin.name for pin in resolution.pins if pin.name and sources.is_source(pin))
        begin = first_attempt(target, sourced)
        if resolution.platform is not None:
            begin = Attempt(target, resolution.platform, sourced)
        attempt, _ = succeed(run, begin, options, origin)
        unsuited = _unsuited(tree, target)
        if unsuited and attempt.platform != exact_platform(target):
            _reinstall(unsuited, requirements, resolution, entry, tree, target, options)
            unsuited = _unsuited(tree, target)
    if unsuited:
        raise no_wheel(sorted(unsuited), origin, target, _tagged(unsuited))
    tidy(tree)


def _lines(requirements: Requirements, pins: Iterable[Wanted]) -> list[str]:
    lines = [f"{pin.text}{''.join(f' --hash={one}' for one in pin.hashes)}" for pin in pins]
    return [*option_lines(requirements.options), *lines, ""]


def _hashes(requirements: Requirements) -> list[str]:
    return ["--require-hashes"] if any(option.name == "--require-hashes" for option in requirements.options) else []


def _reinstall(
    names: Iterable[str],
    requirements: Requirements,
    resolution: Resolution,
    entry: Path,
    tree: Path,
    target: Target,
    options: BuildOptions,
) -> None:
    """Install again, for the target's own platform, what the wider one brought too new wheels of."""
    with tempfile.TemporaryDirectory(prefix="cdk-layers-install-") as folder:
        pins = Path(folder, "requirements.txt")
        again = [pin for pin in resolution.pins if pin.name in set(names)]
        pins.write_text("\n".join(_lines(requirements, again)), encoding="utf-8")
        done = uv.run(
            ["pip", "install", "--quiet", "--no-deps", "--reinstall", "--link-mode", "hardlink", "--no-compile-bytecode",
             "--target", tree, "-r", pins, *first_attempt(target).arguments()],
            cwd=entry,
            extra=options.environment,
        )  # fmt: skip
    if done.returncode:
        raise complaint(done.stderr, requirements.origin or "", target)


def _unsuited(tree: Path, target: Target) -> dict[str, tuple[str, ...]]:
    """Return the distributions that no tag of theirs lets the target load, with their tags."""
    supported = frozenset(supported_tags(target))
    return {
        one.name: one.tags
        for one in installed(tree)
        if one.tags and not any(supported & parse_tag(tag) for tag in one.tags)
    }


def _tagged(unsuited: dict[str, tuple[str, ...]]) -> str:
    return "".join(f"What there is of {name!r} is tagged {', '.join(tags)}. " for name, tags in unsuited.items())
