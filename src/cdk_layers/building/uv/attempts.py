"""Attempts to run uv for a target: wheels for its platform first, then the alternatives that are allowed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from cdk_layers.building.uv.error_texts import lacking_wheels, lacking_wheels_alone, uv_error
from cdk_layers.contents.names import canonical
from cdk_layers.lambda_service.wheel_tags import exact_platform, wider_platform

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.lambda_service.target import Target

_MOST_RUNS: Final = 20
"""How often uv is run to find further distributions without a wheel."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One set of arguments to get a target's distributions from uv."""

    target: Target
    platform: str
    """uv's name of the manylinux platform, without the machine."""

    from_source: frozenset[str] = frozenset()
    """Distributions that are built from source."""

    excluded: frozenset[str] = frozenset()
    """Distributions that are left out, so that uv reports the problems of others."""

    def arguments(self, folder: Path) -> list[str | Path]:
        """Return the arguments for uv, which may name a file in a folder for temporary files."""
        without: list[str | Path] = []
        if self.excluded:
            without = ["--excludes", folder / "excluded.txt"]
            (folder / "excluded.txt").write_text("\n".join(sorted(self.excluded)), encoding="utf-8")
        return [
            "--python", sys.executable,
            "--python-version", self.target.newest_python,
            "--python-platform", f"{self.target.machine}-{self.platform}",
            "--only-binary", ":all:",
            *(part for name in sorted(self.from_source) for part in ("--no-binary", name)),
            *without,
        ]  # fmt: skip


def first_attempt(target: Target, from_source: frozenset[str] = frozenset()) -> Attempt:
    """Return the first attempt: only wheels for the target's platform."""
    return Attempt(target, exact_platform(target), from_source)


def run_until_success(
    run: Callable[[Attempt], subprocess.CompletedProcess[str]],
    attempt: Attempt,
    options: BuildOptions,
    origin: str,
    *,
    widen: bool = True,
) -> tuple[Attempt, str]:
    """Run uv until an attempt succeeds; return that attempt and uv's output.

    A distribution without a wheel is built from source if that is allowed. Then, with `widen`, the next newer platform
    of uv is tried; the installation accepts only wheels that the target can load.

    Raises:
        DependencyError: No attempt succeeded.
    """
    allowed = frozenset(map(canonical, options.allow_source_builds))
    while True:
        done = run(attempt)
        if not done.returncode:
            return attempt, done.stdout
        lacking = lacking_wheels(done.stderr)
        buildable = (lacking & allowed) - attempt.from_source
        wider = wider_platform(attempt.target)
        if buildable:
            attempt = replace(attempt, from_source=attempt.from_source | buildable)
        elif widen and lacking and wider and attempt.platform != wider:
            attempt = replace(attempt, platform=wider)
        else:
            find_more = partial(_further_lacking, run, attempt, allowed)
            raise uv_error(done.stderr, origin, attempt.target, find_more)


def _further_lacking(
    run: Callable[[Attempt], subprocess.CompletedProcess[str]],
    attempt: Attempt,
    allowed: frozenset[str],
    names: frozenset[str],
) -> frozenset[str]:
    """Return the other distributions that have no wheel and that the user did not allow to be built.

    uv reports one distribution at a time, so it is run without those that are known. uv 0.11.15 leaves out only what
    others require, so that less is found; 0.11.20 leaves out all.
    """
    excluded = names
    for _ in range(_MOST_RUNS):
        done = run(replace(attempt, excluded=excluded))
        more = lacking_wheels_alone(done.stderr) - excluded if done.returncode else frozenset[str]()
        if not more:
            break
        excluded |= more
    return excluded - names - allowed
