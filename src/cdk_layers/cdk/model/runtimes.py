"""Runtimes and architectures of the CDK, by their names in Lambda's API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from aws_cdk.aws_lambda import Architecture, LayerVersion, Runtime, RuntimeFamily

from cdk_layers.cdk.node.contract import identity
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterable

_names: Final[dict[str, str]] = {}
"""Names by identity. Runtimes and architectures belong to no app, and jsii keeps each object as long as the process."""


def name_of(value: Runtime | Architecture) -> str:
    """Return the name of a runtime or an architecture in Lambda's API, which is requested from Node once."""
    key = identity(value)
    if key not in _names:
        _names[key] = value.name
    return _names[key]


@cache
def runtime_named(name: str) -> Runtime | None:
    """Return the CDK's own runtime of this name; None if there is none.

    A Python runtime that is newer than the CDK gets a runtime of its own.
    """
    if name in PYTHON_RUNTIMES:
        constant = getattr(Runtime, name.replace("python", "PYTHON_").replace(".", "_"), None)
        return constant if isinstance(constant, Runtime) else Runtime(name, RuntimeFamily.PYTHON)
    return next((runtime for runtime in Runtime.ALL if name_of(runtime) == name), None)


def own_runtime(runtime: Runtime) -> Runtime:
    """Return the CDK's constant for a Python runtime of the same name; any other runtime as it is.

    The CDK compares more than names, so `Runtime("python3.13", RuntimeFamily.PYTHON)` is not equal to its constant.
    """
    name = name_of(runtime)
    return runtime_named(name) or runtime if name in PYTHON_RUNTIMES else runtime


def runtime_for(runtime: Runtime, layers: Iterable[object]) -> Runtime:
    """Return the runtime that a function with these layers is to have: the CDK's constant unless a layer differs.

    A layer version of the CDK's own can declare a runtime that equals the user's and not the constant.
    """
    own = own_runtime(runtime)
    if own is runtime or runtime.runtime_equals(own):
        return own
    plain = [layer for layer in layers if isinstance(layer, LayerVersion) and not hasattr(layer, "unzipped_bytes")]
    declared = [one for layer in plain for one in layer.compatible_runtimes or ()]
    return runtime if any(one.runtime_equals(runtime) for one in declared) else own


def architecture_named(name: str) -> Architecture | None:
    """Return the CDK's architecture of this name; None if there is none."""
    return {"x86_64": lambda: Architecture.X86_64, "arm64": lambda: Architecture.ARM_64}.get(name, lambda: None)()
