"""Distributions and native files that do not support a runtime or architecture: the function's, or a declared one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from packaging.specifiers import SpecifierSet

from cdk_layers.app.model import Function, Layer
from cdk_layers.contents.accelerators import OPTIONAL_EXTENSIONS
from cdk_layers.contents.native_names import names_its_machine
from cdk_layers.lambda_service.runtimes import ARCHITECTURES, PYTHON_RUNTIMES
from cdk_layers.rules.facts.search_path import (
    is_python,
    layer_parts,
    listed_files,
    parts,
    python_version,
    visible,
)
from cdk_layers.rules.registry import Problem, register_family, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Distribution
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=50)

_MICRO_RELEASES: Final = 40
_TAG_PARTS: Final = 3
_INTERPRETER: Final = re.compile(r"(?P<kind>py|cp)(?P<major>[0-9])(?P<minor>[0-9]{0,3})")


@lru_cache(maxsize=4096)
def supports_python(requires_python: str, python: str) -> bool:
    """Return whether a Requires-Python admits any micro release of a language version, such as "3.13".

    A value that cannot be parsed admits all versions, as in installers.
    """
    try:
        specifiers = SpecifierSet(requires_python)
        return any(specifiers.contains(f"{python}.{micro}") for micro in range(_MICRO_RELEASES))
    except ValueError:
        return True


@rule(
    "requires-python",
    Function,
    severity="error",
    meaning="A distribution declares that it does not support the function's Python version.",
    remedy="Use a version of the distribution that supports the runtime, or a runtime that it supports.",
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
        f"{distribution.name} {distribution.version} requires {distribution.requires_python}"
        for distribution in visible(part, python).values()
        if distribution.requires_python and not supports_python(distribution.requires_python, python)
    )


@rule(
    "overclaimed-target",
    Layer,
    severity="error",
    meaning="A layer declares runtimes or architectures that its own content cannot run on. A warning if Python "
    "does not need the content in question, and for programs, which only some functions may start.",
    remedy="Declare only what it is built for, and create one layer for each other runtime or architecture.",
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
    """Yield a problem for each declared runtime or architecture that the content does not support."""
    for part in layer_parts([layer]):
        for architecture in layer.architectures or ():
            reasons = [_machine_reason(part, architecture)] if architecture in ARCHITECTURES else []
            yield from _overclaimed(layer.architectures or (), architecture, reasons)
        for runtime in layer.runtimes or ():
            reasons = list(_runtime_reasons(part, runtime)) if runtime in PYTHON_RUNTIMES else []
            yield from _overclaimed(layer.runtimes or (), runtime, reasons)


class _Reason(NamedTuple):
    """Why content does not support a target: what certainly fails, and what possibly fails; "" for nothing."""

    certain: str = ""
    possible: str = ""


def _overclaimed(declared: tuple[str, ...], claim: str, reasons: Sequence[_Reason]) -> Iterator[Problem]:
    certain = "; ".join(reason.certain for reason in reasons if reason.certain)
    possible = "; ".join(reason.possible for reason in reasons if reason.possible)
    start = f"The layer declares {', '.join(declared)}, and"
    if certain:
        yield Problem(f"{start} cannot run on {claim}: {certain}.")
    elif possible:
        spare = f"{start} a part of it that functions may not need cannot run on {claim}: {possible}."
        yield Problem(spare, severity="warning")


def _reason(part: Part, what: str, paths: Sequence[str]) -> _Reason:
    needed, spare = part.natives.by_need(paths, with_programs=False)
    return _Reason(*(f"{what}, {listed_files(part.contents, group)}" if group else "" for group in (needed, spare)))


def _machine_reason(part: Part, architecture: str) -> _Reason:
    foreign = [native for native in part.natives.for_other_machine(architecture) if not names_its_machine(native.path)]
    machines = " and ".join(sorted({native.machine for native in foreign}))
    return _reason(part, f"native files for {machines}", [native.path for native in foreign])


def _runtime_reasons(part: Part, runtime: str) -> Iterator[_Reason]:
    python = PYTHON_RUNTIMES[runtime].python
    foreign = part.natives.for_other_python(python)
    yield _reason(part, "extension modules for another Python", foreign)
    newer = part.natives.past_glibc(runtime)
    yield _reason(part, "native files that need a newer glibc", [native.path for native in newer])
    judged = part.natives.tagged_distributions | OPTIONAL_EXTENSIONS
    distributions = (each for each in visible(part, python).values() if each.name not in judged)
    tied = [distribution for distribution in distributions if not _tags_suit(distribution, python)]
    if tied:
        yield _Reason("wheels for another Python, " + ", ".join(f"{each.name} ({each.tags[0]})" for each in tied))
    yield _Reason(_excluding(part, python))


def _tags_suit(distribution: Distribution, python: str) -> bool:
    """Return whether the wheel of a distribution supports a Python version; True if its tags are not known."""
    tags = [tag.split("-") for tag in distribution.tags]
    known = [(interpreters, abis) for interpreters, abis, _platforms in (tag for tag in tags if len(tag) == _TAG_PARTS)]
    return not known or any(
        _tag_suits(interpreter, abi, python)
        for interpreters, abis in known
        for interpreter in interpreters.split(".")
        for abi in abis.split(".")
    )


def _tag_suits(interpreter: str, abi: str, python: str) -> bool:
    match = _INTERPRETER.fullmatch(interpreter)
    if match is None:
        return True
    minor = int(python.partition(".")[2])
    since = int(match["minor"] or 0)
    if match["kind"] == "py" or abi in ("abi3", "abi3t"):
        return match["major"] == "2" or since <= minor
    return since == minor
