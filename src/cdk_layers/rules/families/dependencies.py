"""Distributions whose requirements are missing, or that exist in several versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.contents.needs import broken_by_winner, several_versions, unmet
from cdk_layers.lambda_service.runtimes import ARCHITECTURES, BUILDABLE_PYTHONS, runtime_distributions
from cdk_layers.lambda_service.target import Target
from cdk_layers.rules.facts.search_path import (
    inside,
    installed,
    is_python,
    names,
    python_version,
    search_path,
    unknown_parts,
)
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Distribution
    from cdk_layers.contents.needs import Unmet
    from cdk_layers.rules.facts.search_path import Installed, Part

register_family(__name__, order=80)

_MOST_LISTED: Final = 3
_PARTS_OF_BOTO3: Final = ("botocore", "s3transfer")


@rule(
    "missing-dependency",
    Function,
    severity="error",
    meaning=(
        "A distribution requires another that is neither in the code nor in a layer nor in the runtime, or only in "
        "a version that it does not accept. A warning for what only the runtime provides, or what may be in content "
        "that is not known."
    ),
    remedy="Add it, in that version, to the layer that needs it, or to the function's own requirements.",
    source="Requires-Dist in the distributions' own metadata; agrees with `uv pip check` on the merged tree",
    aws_error="Unable to import module 'main': No module named '...'",
    failing="python/requests-2.32.3.dist-info, whose metadata says Requires-Dist: idna<4,>=2.5; no idna anywhere\n",
    passing="python/requests-2.32.3.dist-info and python/idna-3.10.dist-info, in any layer or in the code\n",
)
def missing_dependency(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each distribution that is missing or has a wrong version."""
    targets = _targets(function)
    if not targets:
        return
    found = installed(function)
    tree = {name: [distribution for distribution, _part in copies] for name, copies in found.items()}
    first, *others = (list(unmet(tree, target)) for target in targets)
    certain = [need for need in first if all(need in other for other in others)]
    by_name: dict[str, list[Unmet]] = {}
    for need in certain:
        by_name.setdefault(need.need.name, []).append(need)
    for name, unmet_needs in sorted(by_name.items()):
        yield _unmet_problem(function, name, unmet_needs, found)


def _targets(function: Function) -> list[Target]:
    """Return the targets of a function: two if its architecture is not known."""
    if not is_python(function) or python_version(function) not in BUILDABLE_PYTHONS:
        return []
    known = [architecture for architecture in ARCHITECTURES if function.architecture in (architecture, None)]
    return [Target(python_version(function), architecture) for architecture in known]


def _unmet_problem(function: Function, name: str, unmet_needs: Sequence[Unmet], found: Installed) -> Problem:
    problem = _missing_problem(function, name, unmet_needs, found)
    requirer = unmet_needs[0].requirer
    part = next((part for distribution, part in found[requirer.name] if distribution is requirer), None)
    return replace(problem, pin=part.where.pin(requirer.name) if part else None)


def _missing_problem(function: Function, name: str, unmet_needs: Sequence[Unmet], found: Installed) -> Problem:
    wants = _wanted(unmet_needs)
    there = unmet_needs[0].found
    if there is not None:
        part = next(part for distribution, part in found[name] if distribution is there)
        return Problem(f"{wants}, and {name} {there.version} in {part.label} is the one on the function's path.")
    if name in runtime_distributions(python_version(function)):
        return Problem(
            f"{wants}, which only the runtime provides. Its version there is not verified and changes without notice.",
            remedy=f"Package {_requirer_in_sdk(name)} at a version of your own, or acknowledge this.",
            severity="warning",
            aws_error="",
        )
    return _missing_distribution(function, name, wants)


def _requirer_in_sdk(name: str) -> str:
    """Return what to package for a distribution: boto3 for its parts, since the runtime's may not suit another one."""
    return f"boto3, which requires {name}," if name in _PARTS_OF_BOTO3 else name


def _wanted(unmet_needs: Sequence[Unmet]) -> str:
    wanted = (f"{lack.requirer.name} {lack.requirer.version} requires {lack.need}" for lack in unmet_needs)
    return listed(wanted, _MOST_LISTED)


def _missing_distribution(function: Function, name: str, wants: str) -> Problem:
    bare = _without_metadata(function, name)
    hidden = unknown_parts(function)
    if bare:
        return Problem(f"{wants}, and {bare} has no metadata with its version.", severity="warning")
    if hidden:
        maybe = f"it may come from {', '.join(hidden)}, whose content is not known"
        return Problem(f"{wants}, and nothing known is {name}; {maybe}.", severity="warning")
    return Problem(f"{wants}, and nothing in the function's code, its layers or the runtime is {name}.")


def _without_metadata(function: Function, name: str) -> str | None:
    """Return the place of a package without its .dist-info folder, which some users delete to save space."""
    package = name.replace("-", "_")
    for part, root in search_path(function):
        for file in names(part.contents, root):
            stem = file.lower().replace("-", "_").replace(".", "_")
            if stem in (package, f"{package}_py") or (stem.startswith(f"{package}_") and stem.endswith("_egg_info")):
                return f"{file} in {part.label}"
    return None


@rule(
    "version-conflict",
    Function,
    severity="error",
    meaning="A distribution exists in several versions: in two layers, or in a layer and the code. An error if "
    "the imported version does not meet a requirement, or if files of two versions mix; else a warning.",
    remedy="Pin one version everywhere, or keep the distribution in one layer only.",
    source=(
        "the developer guide: layers are extracted in order into /opt and folders merge; /var/task comes before /opt "
        "on sys.path"
    ),
    failing="# Layers: [base, data]\nbase: python/urllib3-1.26.20.dist-info\ndata: python/urllib3-2.2.3.dist-info\n",
    passing="# Layers: [base, data]\nbase: python/urllib3-2.2.3.dist-info\ndata: python/urllib3-2.2.3.dist-info\n",
)
def version_conflict(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each distribution with several versions."""
    if not is_python(function):
        return
    found = installed(function)
    tree = {name: [distribution for distribution, _part in copies] for name, copies in found.items()}
    for name, copies in sorted(found.items()):
        if len(copies) > 1 and several_versions(tree[name]):
            versions = ", ".join(f"{distribution.version} in {part.label}" for distribution, part in copies)
            broken = _broken_requirements(function, name, tree)
            wants = f" But {_wanted(broken)}." if broken else ""
            yield Problem(
                f"{name} exists in {len(copies)} places with different versions: {versions}. {_outcome(copies)}{wants}",
                severity="error" if broken or _are_mixed(copies) else "warning",
                pin=copies[0][1].where.pin(name),
            )


def _broken_requirements(function: Function, name: str, tree: dict[str, list[Distribution]]) -> list[Unmet]:
    """Return the requirements that the imported version does not meet, on any architecture of the function."""
    first, *others = [broken_by_winner(tree, name, target) for target in _targets(function)] or [()]
    return [need for need in first if all(need in other for other in others)]


def _outcome(copies: Sequence[tuple[Distribution, Part]]) -> str:
    distribution, part = copies[0]
    if part.layer is None:
        return f"The code is first on sys.path, so {distribution.version} is imported, also by packages in layers."
    if _are_mixed(copies):
        return (
            "Layers merge file by file into /opt and the last one wins, so the imported code is a mixture of them, "
            "with the metadata of each version."
        )
    return f"All of the imported files are from {distribution.version} in {part.label}."


def _are_mixed(copies: Sequence[tuple[Distribution, Part]]) -> bool:
    """Return whether files of several versions are mixed in one folder of /opt.

    They are not if the version that wins contains every file of the others, since it then replaces them all.
    """
    (winner, top), *others = copies
    same_folder = [(other, part) for other, part in others if other.folder == winner.folder]
    below = [(other, part) for other, part in same_folder if other.version != winner.version]
    if top.layer is None or not several_versions([winner, *(other for other, _part in below)]):
        return False
    brought = _package_files(top, winner)
    left = [_package_files(part, other) for other, part in below]
    return any(not files or files - brought for files in left)


def _package_files(part: Part, distribution: Distribution) -> frozenset[str]:
    """Return the files of a distribution without its metadata; empty if it does not list its top-level names."""
    folder = distribution.folder
    tops = tuple(inside(folder, name) for name in distribution.top_level if not name.endswith((".dist-info", ".data")))
    below = tuple(f"{top}/" for top in tops)
    return frozenset(
        path for path in part.contents.files if path in tops or (path.startswith(below) and "__pycache__/" not in path)
    )
