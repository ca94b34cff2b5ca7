"""Installation of pinned distributions into a folder."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.tags import parse_tag

from cdk_layers.building.changed_files import changed_files, replace_changed
from cdk_layers.building.copies import Copies
from cdk_layers.building.missing_pins import refuse_missing_pins
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.build_environment import settings_of
from cdk_layers.building.requirements.folders import local_folders, names_in
from cdk_layers.building.requirements.requirements_file import Option
from cdk_layers.building.shared_paths import use_last
from cdk_layers.building.tidying import find_distributions, tidy
from cdk_layers.building.uv import process
from cdk_layers.building.uv.attempts import Attempt, first_attempt, run_until_success
from cdk_layers.building.uv.error_texts import no_wheel
from cdk_layers.building.uv.indexes import has_several_indexes
from cdk_layers.building.uv.yanked import only_error, yanked_in
from cdk_layers.lambda_service.wheel_tags import exact_platform, supported_tags
from cdk_layers.system.credentials import git_headers, hide
from cdk_layers.system.removal import remove_folder
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Iterable

    from cdk_layers.building.job import Job
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.resolution import Resolution
    from cdk_layers.building.shared_paths import SharedPaths
    from cdk_layers.building.tidying import Installed
    from cdk_layers.building.uv.settings import UvSettings
    from cdk_layers.building.uv.yanked import Yanked
    from cdk_layers.lambda_service.target import Target

_WHEEL_NAME: Final = re.compile(r"-(?P<tag>[^-/]+-[^-/]+-[^-/]+)\.whl\b")


@dataclass(frozen=True, slots=True)
class Installation:
    """The result of an installation."""

    shared: tuple[SharedPaths, ...]
    """Paths that several distributions contain, and the distribution whose files are used."""

    is_plain: bool
    """Whether all pins were installed from wheels for exactly the target's platform."""

    yanked: tuple[Yanked, ...] = ()
    """Installed versions that their index has yanked."""

    distributions: tuple[Installed, ...] = ()
    """What was installed."""

    @property
    def size(self) -> int:
        """The bytes of the installed files, as far as the distributions record them."""
        sizes = (size for each in self.distributions for _, size in each.record.values())
        return sum(int(size) for size in sizes if size.isdecimal())


def install(requirements: Requirements, resolution: Resolution, tree: Path, job: Job) -> Installation:
    """Install a resolution into a folder, with the same result on every machine.

    Args:
        requirements: The manifest, with its indexes.
        resolution: The pins to install.
        tree: The folder to create and fill.
        job: The build.

    Raises:
        DependencyError: A pin is not available, or not for the target.
        BuildError: uv reports success, but a pin is not installed; or a distribution with changed files in uv's cache
            cannot be installed without it.
    """
    tree.mkdir(parents=True)
    sourced = frozenset(pin.name for pin in resolution.pins if pin.name and local_sources.is_built(pin))
    sourced |= requirements.source_names
    start = Attempt(job.target, resolution.platform or exact_platform(job.target), sourced)
    exact, reinstalled = first_attempt(job.target), frozenset[str]()
    attempt, yanked = _install_pins(requirements, resolution.pins, tree, job, start)
    installed = find_distributions(tree)
    unsupported = _unsupported(installed, resolution.pins, attempt, job.target)
    if unsupported and attempt.platform != exact_platform(job.target):
        reinstalled = frozenset(unsupported)
        again = [pin for pin in resolution.pins if pin.name in reinstalled]
        _install_pins(requirements, again, tree, job, exact, reinstall=True)
        installed = find_distributions(tree)
        unsupported = _unsupported(installed, resolution.pins, exact, job.target)
    if unsupported:
        raise no_wheel(sorted(unsupported), requirements.origin or "", job.target, _tags_text(unsupported))
    refuse_missing_pins(resolution.pins, tree, job.target)
    changed = changed_files(tree, installed)

    def install_again(name: str, place: Path) -> None:
        # A folder or a file may install a distribution of another name than its pin.
        names = {pin.name for pin in resolution.pins} & {distribution.name for distribution in installed}
        pins = [pin for pin in resolution.pins if (pin.name == name if name in names else pin.name not in names)]
        start = exact if name in reinstalled else attempt
        _install_pins(requirements, pins, place, job, start, reinstall=place == tree, is_cached=name not in changed)

    if changed:
        installed = replace_changed(changed, tree, install_again)
    shared = _resolve_shared_paths(tree, installed, install_again)
    lost = ((name, group.paths) for group in shared for name in group.losers)
    tidied = tidy(tree, installed, frozenset((name, path) for name, paths in lost for path in paths))
    return Installation(shared, attempt == exact, yanked, tidied)


def _resolve_shared_paths(
    tree: Path, installed: Collection[Installed], install_again: Callable[[str, Path], object]
) -> tuple[SharedPaths, ...]:
    """Use the same distribution's files in each build for paths that several distributions contain."""
    folder = tempfile.mkdtemp(prefix="alone-", dir=tree.parent)
    try:

        def install_alone(name: str) -> Path:
            alone = Path(folder, name)
            install_again(name, alone)
            return alone

        return use_last(tree, installed, install_alone)
    finally:
        remove_folder(Path(folder))


def _install_pins(
    requirements: Requirements,
    pins: Collection[RequirementLine],
    tree: Path,
    job: Job,
    start: Attempt,
    *,
    reinstall: bool = False,
    is_cached: bool = True,
) -> tuple[Attempt, tuple[Yanked, ...]]:
    """Install pins into a folder; return the attempt that succeeded, and the yanked versions.

    There is one run of uv for each index that pins are restricted to, since uv queries all indexes for all pins of a
    run. `reinstall` replaces distributions that are installed already; without `is_cached`, uv's cache is not used.
    """
    attempt = start
    yanked: tuple[Yanked, ...] = ()
    for index in sorted({pin.index for pin in pins}, key=lambda index: (index is not None, index or "")):
        group = [pin for pin in pins if pin.index == index]
        attempt, output = _install_from_index(
            requirements, group, tree, job, attempt, index=index, reinstall=reinstall, is_cached=is_cached
        )
        yanked += yanked_in(output)
    return attempt, tuple(sorted(yanked))


def _install_from_index(
    requirements: Requirements,
    pins: Collection[RequirementLine],
    tree: Path,
    job: Job,
    start: Attempt,
    *,
    index: str | None,
    reinstall: bool,
    is_cached: bool,
) -> tuple[Attempt, str]:
    """Install pins from one index, or from all; return the attempt that succeeded, and uv's output."""
    settings = settings_of(job)
    if index is not None:
        settings = settings.for_index(index)
        others = (option for option in requirements.options if not option.name.endswith("index-url"))
        alone = (Option("--index-url", index, requirements.origin or ""),) if index else ()
        requirements = replace(requirements, options=(*alone, *others))
    with temporary_folder("install") as folder:
        listed = folder / "requirements.txt"
        copies = Copies.make(folder, pins)
        hidden = hide(requirements.mask("\n".join(_lines(requirements, pins, settings, copies))))
        listed.write_text(hidden.text, encoding="utf-8")
        headers = git_headers((item.text for item in (*requirements.lines, *pins)), settings.variables)

        def run(attempt: Attempt) -> subprocess.CompletedProcess[str]:
            done = process.pip(
                # With --quiet, it does not warn about yanked versions.
                ["install", "--no-progress", "--no-deps", "--link-mode", "hardlink", "--no-compile-bytecode",
                 "--target", tree, "-r", listed, *refreshed, *(["--reinstall"] if reinstall else []),
                 *([] if is_cached else ["--no-cache"]), *_hashes(requirements), *settings.building,
                 *attempt.arguments(folder)],
                cwd=job.entry,
                settings=settings,
                configuration=settings.for_installing(),
                secrets={**requirements.secrets, **hidden.variables, **headers},
                offline_first=is_fixed,
                may_be_offline=may_be_offline,
            )  # fmt: skip
            done.stdout = requirements.mask(copies.restore_paths(done.stderr))
            done.stderr = only_error(done.stdout)
            return done

        refreshed = _refreshed(requirements, pins, settings, job.entry)
        # An exact version is the same in uv's cache as on its index.
        is_fixed = is_cached and not refreshed and all(pin.version and not pin.local for pin in pins)
        is_verified = all(pin.hashes for pin in pins)
        may_be_offline = is_verified or not has_several_indexes(settings, requirements.options)
        return run_until_success(run, start, job.options, requirements.origin or "", widen=not reinstall)


def _lines(
    requirements: Requirements, pins: Iterable[RequirementLine], settings: UvSettings, copies: Copies
) -> list[str]:
    lines = [f"{copies.line(pin)}{''.join(f' --hash={digest}' for digest in pin.hashes)}" for pin in pins]
    return [*settings.option_lines(requirements.options), *lines, ""]


def _hashes(requirements: Requirements) -> list[str]:
    return ["--require-hashes"] if any(option.name == "--require-hashes" for option in requirements.options) else []


def _refreshed(
    requirements: Requirements, pins: Iterable[RequirementLine], settings: UvSettings, base: Path
) -> list[str]:
    """Return the arguments that make uv read local files again instead of using its cache.

    uv rejects them if it is offline, and then compares only the times of the files.
    """
    if settings.is_offline:
        return []
    listed = names_in(local_folders(requirements.options, settings, base))
    names = {pin.name for pin in pins if pin.name and (pin.local is not None or pin.name in listed)}
    return [part for name in sorted(names) for part in ("--refresh-package", name)]


def _unsupported(
    installed: Iterable[Installed], pins: Iterable[RequirementLine], attempt: Attempt, target: Target
) -> dict[str, tuple[str, ...]]:
    """Return the distributions of pins whose wheel does not support the target, with its tags."""
    supported = frozenset(supported_tags(target))
    by_name = {pin.name: pin for pin in pins}
    tags = {each.name: _tags_to_check(each, by_name.get(each.name), attempt, target) for each in installed}
    return {
        name: found for name, found in tags.items() if found and not any(supported & parse_tag(tag) for tag in found)
    }


def _tags_to_check(
    distribution: Installed, pin: RequirementLine | None, attempt: Attempt, target: Target
) -> tuple[str, ...]:
    """Return the tags of a wheel that uv may have installed although the target cannot load it.

    Installers go by the name of a wheel, which its WHEEL file may contradict. uv does not check the wheels that it
    refreshes and those that it built, and the platform of an attempt may be newer than the target's.
    """
    place = (pin.local.name if pin.local else pin.text if pin.remote else "") if pin else ""
    if named := _WHEEL_NAME.search(place):
        return (named["tag"],)
    is_from_index = pin is not None and pin.version is not None and not pin.local and not pin.remote
    is_checked = attempt.platform == exact_platform(target) and distribution.name not in attempt.from_source
    return () if is_from_index and is_checked else distribution.tags


def _tags_text(unsupported: dict[str, tuple[str, ...]]) -> str:
    return "".join(f"The wheel of {name!r} has the tags {', '.join(tags)}. " for name, tags in unsupported.items())
