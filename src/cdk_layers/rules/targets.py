"""What a layer claims to run on, against what its distributions and native files are for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from cdk_layers.lambda_service.runtimes import ARCHITECTURES, PYTHON_RUNTIMES
from cdk_layers.rules.engine import Problem, rule
from cdk_layers.rules.model import Function, Layer
from cdk_layers.rules.native_code import (
    for_other_machine,
    for_other_python,
    names_its_machine,
    owners,
    past_glibc,
)
from cdk_layers.rules.search_path import is_python, layer_parts, parts, python_version, told, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.build.contents import Distribution
    from cdk_layers.rules.model import Settings
    from cdk_layers.rules.search_path import Part

_MICRO_RELEASES: Final = 40
_TAG_PARTS: Final = 3
_INTERPRETER: Final = re.compile(r"(?P<kind>py|cp)(?P<major>[0-9])(?P<minor>[0-9]{0,3})")


@lru_cache(maxsize=4096)
def admits(requires_python: str, python: str) -> bool:
    """Return whether a Requires-Python admits any micro release of a language version, such as "3.13".

    What cannot be read admits everything, as installers have it.
    """
    try:
        specifiers = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    return any(specifiers.contains(f"{python}.{micro}") for micro in range(_MICRO_RELEASES))


@rule(
    "requires-python",
    Function,
    severity="error",
    meaning="A distribution says of itself that it does not run on the function's Python version.",
    remedy="Take a version of the distribution that supports the runtime, or a runtime that it supports.",
    source="Requires-Python in the distribution's own metadata (PEP 345, PEP 440)",
    failing="# Under python3.9: numpy 2.1.0, whose metadata says Requires-Python: >=3.10\n",
    passing="# Under python3.9: numpy 2.0.2, whose metadata says Requires-Python: >=3.9\n",
)
def requires_python(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive with distributions that exclude the runtime."""
    if not is_python(function):
        return
    python = python_version(function)
    for part in parts(function):
        shut = _excluding(part, python)
        if shut:
            yield Problem(f"The function runs on Python {python}, which distributions in {part.label} exclude: {shut}.")


def _excluding(part: Part, python: str) -> str:
    return ", ".join(
        f"{one.name} {one.version} requires {one.requires_python}"
        for one in visible(part, python).values()
        if one.requires_python and not admits(one.requires_python, python)
    )


@rule(
    "overclaimed-target",
    Layer,
    severity="error",
    meaning="A layer declares runtimes or architectures that its own content cannot run on.",
    remedy="Declare what it is built for alone, and make one layer for each other runtime or architecture.",
    source=(
        "CompatibleRuntimes and CompatibleArchitectures only filter listings (botocore; aws-cdk 16719): "
        "the failure comes when the function runs"
    ),
    failing="""\
PythonLayerVersion(stack, "Data", entry="layers/data",  # numpy, of which only the first pair is built
    compatible_runtimes=[Runtime.PYTHON_3_12, Runtime.PYTHON_3_13])
""",
    passing="""\
SharedPythonLayer(stack, "Data", entry="layers/data", compatible_runtimes=[Runtime.PYTHON_3_13])
""",
)
def overclaimed_target(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each declared runtime or architecture that the content is not for."""
    for part in layer_parts([layer]):
        for architecture in layer.architectures or ():
            reason = _machine_reason(part, architecture)
            if reason:
                yield _overclaimed(layer.architectures or (), architecture, reason)
        for runtime in layer.runtimes or ():
            reasons = list(_runtime_reasons(part, runtime)) if runtime in PYTHON_RUNTIMES else []
            if reasons:
                yield _overclaimed(layer.runtimes or (), runtime, "; ".join(reasons))


def _overclaimed(declared: tuple[str, ...], claim: str, reason: str) -> Problem:
    return Problem(f"The layer declares {', '.join(declared)}, and cannot run on {claim}: {reason}.")


def _machine_reason(part: Part, architecture: str) -> str:
    if architecture not in ARCHITECTURES:
        return ""
    foreign = [
        one
        for one in for_other_machine(part.contents, architecture, part.modules_below)
        if not names_its_machine(one.path)
    ]
    machines = " and ".join(sorted({native.machine for native in foreign}))
    paths = [native.path for native in foreign]
    return f"{len(paths)} native file{'s' * (len(paths) != 1)} for {machines}, {told(part.contents, paths)}" * bool(
        paths
    )


def _runtime_reasons(part: Part, runtime: str) -> Iterator[str]:
    python = PYTHON_RUNTIMES[runtime].python
    foreign = for_other_python(part.contents, python, part.modules_below)
    if foreign:
        yield f"extension modules for another Python, {told(part.contents, foreign)}"
    newer = past_glibc(part.contents, runtime, part.modules_below)
    if newer:
        yield f"native files that need a newer glibc, {told(part.contents, [native.path for native in newer])}"
    named = owners(part.contents)
    tied = [one for one in visible(part, python).values() if one.name not in named and not _tags_suit(one, python)]
    if tied:
        yield "wheels for another Python, " + ", ".join(f"{one.name} ({one.tags[0]})" for one in tied)
    shut = _excluding(part, python)
    if shut:
        yield shut


def _tags_suit(distribution: Distribution, python: str) -> bool:
    """Return whether the wheel that a distribution came from is for a Python version; one without tags may be."""
    tags = [tag.split("-") for tag in distribution.tags]
    known = [(interpreters, abis) for interpreters, abis, _platforms in (tag for tag in tags if len(tag) == _TAG_PARTS)]
    return not known or any(
        _suits(interpreter, abi, python)
        for interpreters, abis in known
        for interpreter in interpreters.split(".")
        for abi in abis.split(".")
    )


def _suits(interpreter: str, abi: str, python: str) -> bool:
    match = _INTERPRETER.fullmatch(interpreter)
    if match is None:
        return True
    minor = int(python.partition(".")[2])
    since = int(match["minor"] or 0)
    if match["kind"] == "py" or abi == "abi3":
        return match["major"] == "2" or since <= minor
    return since == minor
