"""Putting pinned distributions into a folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.tags import parse_tag

from cdk_layers.building.arrivals import refuse_missing
from cdk_layers.building.copies import Copies
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.folders import local_folders, names_in
from cdk_layers.building.requirements.requirements_file import Option
from cdk_layers.building.requirements.surroundings import settings_of
from cdk_layers.building.shared_paths import settle
from cdk_layers.building.tidying import installed, tidy
from cdk_layers.building.uv import process
from cdk_layers.building.uv.attempts import Attempt, first_attempt, run_until_success
from cdk_layers.building.uv.error_texts import no_wheel
from cdk_layers.building.uv.indexes import has_several_indexes
from cdk_layers.lambda_service.wheel_tags import exact_platform, supported_tags
from cdk_layers.system.credentials import git_headers, hide
from cdk_layers.system.removal import remove_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Iterable

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.resolution import Resolution
    from cdk_layers.building.requirements.wanted import Wanted
    from cdk_layers.building.shared_paths import Shared
    from cdk_layers.building.uv.settings import UvSettings
    from cdk_layers.lambda_service.target import Target


@dataclass(frozen=True, slots=True)
class Installation:
    """How an installation came out."""

    shared: tuple[Shared, ...]
    """Who overwrote whom, where several distributions contain one path."""

    is_plain: bool
    """Whether wheels for just the target's platform served all pins."""


def install(requirements: Requirements, resolution: Resolution, tree: Path, job: Job) -> Installation:
    """Install what was resolved into a folder, so that it is the same on every machine.

    Args:
        requirements: The manifest, for where to look.
        resolution: What to install.
        tree: The folder to fill; it is made.
        job: What it is for.

    Raises:
        DependencyError: Something cannot be had, or not for the target.
        BuildError: uv reports success, and something is not there.
    """
    tree.mkdir(parents=True)
    sourced = frozenset(pin.name for pin in resolution.pins if pin.name and local_sources.is_built(pin))
    begin = Attempt(job.target, resolution.platform or exact_platform(job.target), sourced)
    exact, reinstalled = first_attempt(job.target), frozenset[str]()
    attempt = _put(requirements, resolution.pins, tree, job, begin)
    unsuited = _unsuited(tree, job.target)
    if unsuited and attempt.platform != exact_platform(job.target):
        reinstalled = frozenset(unsuited)
        again = [pin for pin in resolution.pins if pin.name in reinstalled]
        _put(requirements, again, tree, job, exact, anew=True)
        unsuited = _unsuited(tree, job.target)
    if unsuited:
        raise no_wheel(sorted(unsuited), requirements.origin or "", job.target, _tagged(unsuited))
    refuse_missing(resolution.pins, tree, job.target)
    shared = _settled(requirements, resolution, tree, job, lambda name: exact if name in reinstalled else attempt)
    lost = ((name, one.paths) for one in shared for name in one.losers)
    tidy(tree, frozenset((name, path) for name, paths in lost for path in paths))
    return Installation(shared, attempt == exact)


def _settled(
    requirements: Requirements, resolution: Resolution, tree: Path, job: Job, attempt: Callable[[str], Attempt]
) -> tuple[Shared, ...]:
    """Give paths that several distributions contain the same file in each build."""
    names = {pin.name for pin in resolution.pins} & {one.name for one in installed(tree)}
    folder = tempfile.mkdtemp(prefix="alone-", dir=tree.parent)
    try:

        def install_alone(name: str) -> Path:
            alone = Path(folder, name)
            # A folder or a file may have another name than its path says.
            pins = [pin for pin in resolution.pins if (pin.name == name if name in names else pin.name not in names)]
            _put(requirements, pins, alone, job, attempt(name))
            return alone

        return settle(tree, install_alone)
    finally:
        remove_folder(Path(folder))


def _put(
    requirements: Requirements, pins: Collection[Wanted], tree: Path, job: Job, begin: Attempt, *, anew: bool = False
) -> Attempt:
    """Install pins into a folder, with `anew` over what is there, and return the attempt that succeeded.

    Those that may come from one index alone are installed by themselves, since uv asks all indexes for all of a file.
    """
    attempt = begin
    for index in sorted({pin.index for pin in pins}, key=lambda index: (index is not None, index or "")):
        here = [pin for pin in pins if pin.index == index]
        attempt = _put_from(requirements, here, tree, job, attempt, index=index, anew=anew)
    return attempt


def _put_from(
    requirements: Requirements,
    pins: Collection[Wanted],
    tree: Path,
    job: Job,
    begin: Attempt,
    *,
    index: str | None,
    anew: bool,
) -> Attempt:
    settings = settings_of(job)
    if index is not None:
        settings = settings.for_index(index)
        others = (option for option in requirements.options if not option.name.endswith("index-url"))
        alone = (Option("--index-url", index, requirements.origin or ""),) if index else ()
        requirements = replace(requirements, options=(*alone, *others))
    with tempfile.TemporaryDirectory(prefix="cdk-layers-install-") as folder:
        listed = Path(folder, "requirements.txt")
        copies = Copies.make(Path(folder), pins)
        hidden = hide(requirements.mask("\n".join(_lines(requirements, pins, settings, copies))))
        listed.write_text(hidden.text, encoding="utf-8")
        headers = git_headers((one.text for one in (*requirements.wanted, *pins)), settings.variables)

        def run(attempt: Attempt) -> subprocess.CompletedProcess[str]:
            done = process.pip(
                ["install", "--quiet", "--no-deps", "--link-mode", "hardlink", "--no-compile-bytecode",
                 "--target", tree, "-r", listed, *refreshed, *(["--reinstall"] if anew else []),
                 *_hashes(requirements), *settings.building, *attempt.arguments()],
                cwd=job.entry,
                settings=settings,
                configuration=settings.for_installing(),
                secrets={**requirements.secrets, **hidden.variables, **headers},
                offline_first=is_fixed,
                may_be_offline=may_be_offline,
            )  # fmt: skip
            done.stderr = requirements.mask(copies.said(done.stderr))
            return done

        refreshed = _refreshed(requirements, pins, settings, job.entry)
        # An exact version is the same in uv's cache as on its index.
        is_fixed = not refreshed and all(pin.version and not pin.local for pin in pins)
        is_verified = all(pin.hashes for pin in pins)
        may_be_offline = is_verified or not has_several_indexes(settings, requirements.options)
        attempt, _ = run_until_success(run, begin, job.options, requirements.origin or "", widen=not anew)
    return attempt


def _lines(requirements: Requirements, pins: Iterable[Wanted], settings: UvSettings, copies: Copies) -> list[str]:
    lines = [f"{copies.line(pin)}{''.join(f' --hash={one}' for one in pin.hashes)}" for pin in pins]
    return [*settings.option_lines(requirements.options), *lines, ""]


def _hashes(requirements: Requirements) -> list[str]:
    return ["--require-hashes"] if any(option.name == "--require-hashes" for option in requirements.options) else []


def _refreshed(requirements: Requirements, pins: Iterable[Wanted], settings: UvSettings, base: Path) -> list[str]:
    """Return the arguments that keep uv from taking from its cache what has changed on this machine.

    uv accepts none offline, and then compares the times of files alone.
    """
    if settings.is_offline:
        return []
    listed = names_in(local_folders(requirements.options, settings, base))
    names = {pin.name for pin in pins if pin.name and (pin.local is not None or pin.name in listed)}
    return [part for name in sorted(names) for part in ("--refresh-package", name)]


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
