"""AWS CDK constructs for Lambda layers that cannot break at deploy time.

The constructs are loaded on first use, so that importing this package starts no Node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.errors import (
    AssemblyError,
    BuildError,
    CdkLayersError,
    CompatibilityError,
    ContentError,
    DependencyError,
    EntryChangedError,
    EntryError,
    IdentityError,
    LimitError,
    OrderError,
    RuleError,
    SharingError,
    StaleLockError,
    TargetError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from cdk_layers.cdk.function import LayeredFunction
    from cdk_layers.cdk.grants import LayerGrant
    from cdk_layers.cdk.layer import SharedPythonLayer
    from cdk_layers.cdk.stack import MultiLayerStack
    from cdk_layers.cdk.validation import LayerValidation

    __version__: str

__all__ = [
    "AssemblyError",
    "BuildError",
    "CdkLayersError",
    "CompatibilityError",
    "ContentError",
    "DependencyError",
    "EntryChangedError",
    "EntryError",
    "IdentityError",
    "LayerGrant",
    "LayerValidation",
    "LayeredFunction",
    "LimitError",
    "MultiLayerStack",
    "OrderError",
    "RuleError",
    "SharedPythonLayer",
    "SharingError",
    "StaleLockError",
    "TargetError",
    "UnreachableError",
    "UsageError",
]

_HOMES = {
    "LayerGrant": "grants",
    "LayerValidation": "validation",
    "LayeredFunction": "function",
    "MultiLayerStack": "stack",
    "SharedPythonLayer": "layer",
}


if not TYPE_CHECKING:  # where a type checker saw it, every name would be one of the package's

    def __getattr__(name: str) -> object:
        """Load a construct, or find the version, on its first use."""
        if name == "__version__":
            from importlib.metadata import version

            return version("cdk-layers")
        if name not in _HOMES:
            message = f"module 'cdk_layers' has no attribute {name!r}"
            raise AttributeError(message)
        from importlib import import_module

        return getattr(import_module(f"cdk_layers.cdk.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return sorted([*__all__, "__version__"])
