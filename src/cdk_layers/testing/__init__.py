"""Tests of apps: stable templates, snapshots of templates, and fixtures that run functions.

`stable_template` has no further requirements. `TemplateSnapshot` is a syrupy extension, and the extra
`cdk-layers[testing]` installs syrupy. The fixtures `lambda_function` and `lambda_handler` are in `plugin`. Each name is
loaded on first use, since pytest loads this package in every test run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.testing.snapshots import TemplateSnapshot
    from cdk_layers.testing.stable_templates import stable_template

__all__ = ["TemplateSnapshot", "stable_template"]


if not TYPE_CHECKING:  # to a type checker, a module with __getattr__ defines every name

    def __getattr__(name: str) -> object:
        """Load a name on its first use."""
        if name == "stable_template":
            from cdk_layers.testing.stable_templates import stable_template

            return stable_template
        if name != "TemplateSnapshot":
            message = f"module 'cdk_layers.testing' has no attribute {name!r}"
            raise AttributeError(message)
        try:
            from cdk_layers.testing.snapshots import TemplateSnapshot
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "syrupy":
                raise
            from cdk_layers.errors import UsageError

            message = (
                "TemplateSnapshot needs syrupy, which is not installed. Install it: pip install 'cdk-layers[testing]'."
            )
            raise UsageError(message) from error
        return TemplateSnapshot
