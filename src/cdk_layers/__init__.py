"""AWS CDK constructs for Lambda layers that cannot break at deploy time.

Everything is loaded on first use: importing this package starts no Node, and test runs that have its pytest plugin but
do not use it load nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.cdk.function import LayeredFunction
    from cdk_layers.cdk.grants import LayerGrant
    from cdk_layers.cdk.layer import SharedPythonLayer
    from cdk_layers.cdk.stack import MultiLayerStack
    from cdk_layers.cdk.validation import LayerValidation
    from cdk_layers.contents.model import Contents
    from cdk_layers.errors import (
        AssemblyError,
        BrokenImportError,
        BuildError,
        CdkLayersError,
        CompatibilityError,
        DamagedArchiveError,
        DependencyError,
        EntryChangedError,
        EntryError,
        FunctionError,
        IdentityError,
        LimitError,
        RuleError,
        SharingError,
        StaleLockError,
        TargetError,
        UnreachableError,
        UsageError,
    )

    __version__: str

__all__ = [
    "AssemblyError",
    "BrokenImportError",
    "BuildError",
    "CdkLayersError",
    "CompatibilityError",
    "Contents",
    "DamagedArchiveError",
    "DependencyError",
    "EntryChangedError",
    "EntryError",
    "FunctionError",
    "IdentityError",
    "LayerGrant",
    "LayerValidation",
    "LayeredFunction",
    "LimitError",
    "MultiLayerStack",
    "RuleError",
    "SharedPythonLayer",
    "SharingError",
    "StaleLockError",
    "TargetError",
    "UnreachableError",
    "UsageError",
]

_HOMES = {
    "Contents": "contents.model",
    "LayerGrant": "cdk.grants",
    "LayerValidation": "cdk.validation",
    "LayeredFunction": "cdk.function",
    "MultiLayerStack": "cdk.stack",
    "SharedPythonLayer": "cdk.layer",
}
"""The modules of the public names that are not errors."""


if not TYPE_CHECKING:  # where a type checker saw it, every name would be one of the package's

    def __getattr__(name: str) -> object:
        """Load a public name, or find the version, on its first use."""
        if name == "__version__":
            from importlib.metadata import version

            return version("cdk-layers")
        if name not in __all__:
            message = f"module 'cdk_layers' has no attribute {name!r}"
            raise AttributeError(message)
        from importlib import import_module

        return getattr(import_module(f"cdk_layers.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return sorted([*__all__, "__version__"])
