"""For the tests of apps: templates that can be compared, snapshots of them, and functions that run.

`stable_template` needs nothing else. `TemplateSnapshot` is an extension of syrupy's, which the extra
`cdk-layers[testing]` installs. The fixtures `lambda_function` and `lambda_handler` are in `plugin`. Everything is
loaded on first use, since pytest loads this package in every test run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.testing.snapshots import TemplateSnapshot
    from cdk_layers.testing.stable_templates import stable_template

__all__ = ["TemplateSnapshot", "stable_template"]


if not TYPE_CHECKING:  # where a type checker saw it, every name would be one of the module's

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
