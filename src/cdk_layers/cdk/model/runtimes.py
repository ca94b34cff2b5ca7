"""The CDK's runtimes and architectures, by their names in Lambda's API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from aws_cdk.aws_lambda import Architecture, LayerVersion, Runtime, RuntimeFamily

from cdk_layers.cdk.node.contract import IMAGE_RUNTIME, identity
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


def runtime_name(runtime: Runtime) -> str | None:
    """Return a runtime's name in Lambda's API; None for an image, which includes its own runtime."""
    name = name_of(runtime)
    return None if name == IMAGE_RUNTIME else name


@cache
def runtime_named(name: str) -> Runtime | None:
    """Return the CDK's own runtime of this name; None if there is none.

    For a Python runtime that the CDK does not know, a new object is created.
    """
    if name in PYTHON_RUNTIMES:
        constant = getattr(Runtime, name.replace("python", "PYTHON_").replace(".", "_"), None)
        return constant if isinstance(constant, Runtime) else Runtime(name, RuntimeFamily.PYTHON)
    return next((runtime for runtime in Runtime.ALL if name_of(runtime) == name), None)


def own_runtime(runtime: Runtime) -> Runtime:
    """Return the CDK's constant for a Python runtime of the same name, and any other runtime unchanged.

    The CDK compares more than names, so `Runtime("python3.13", RuntimeFamily.PYTHON)` is not equal to its constant.
    """
    name = name_of(runtime)
    return runtime_named(name) or runtime if name in PYTHON_RUNTIMES else runtime


def runtime_for(runtime: Runtime, layers: Iterable[object]) -> Runtime:
    """Return the runtime for a function with these layers: the CDK's constant, unless a layer requires the user's.

    A plain layer version can declare a runtime that equals the user's and not the constant.
    """
    own = own_runtime(runtime)
    if identity(own) == identity(runtime) or runtime.runtime_equals(own):
        return own
    plain = [layer for layer in layers if isinstance(layer, LayerVersion) and not hasattr(layer, "unzipped_bytes")]
    declared = [compatible for layer in plain for compatible in layer.compatible_runtimes or ()]
    return runtime if any(compatible.runtime_equals(runtime) for compatible in declared) else own


def architecture_named(name: str) -> Architecture | None:
    """Return the CDK's architecture of this name; None if there is none."""
    return {"x86_64": lambda: Architecture.X86_64, "arm64": lambda: Architecture.ARM_64}.get(name, lambda: None)()
