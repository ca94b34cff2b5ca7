"""For the tests of apps: templates that can be compared, and snapshots of them.

`stable_template` needs nothing else. `TemplateSnapshot` is an extension of syrupy's, which the extra
`cdk-layers[testing]` installs; it is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.errors import UsageError
from cdk_layers.testing.stable_templates import stable_template

if TYPE_CHECKING:
    from cdk_layers.testing.snapshots import TemplateSnapshot

__all__ = ["TemplateSnapshot", "stable_template"]


if not TYPE_CHECKING:  # where a type checker saw it, every name would be one of the module's

    def __getattr__(name: str) -> object:
        """Load the snapshot extension on its first use."""
        if name != "TemplateSnapshot":
            message = f"module 'cdk_layers.testing' has no attribute {name!r}"
            raise AttributeError(message)
        try:
            from cdk_layers.testing.snapshots import TemplateSnapshot  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "syrupy":
                raise
            message = (
                "TemplateSnapshot needs syrupy, which is not installed. Install it: pip install 'cdk-layers[testing]'."
            )
            raise UsageError(message) from error
        return TemplateSnapshot
