"""The assembly in the working folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cdk_layers.errors import AssemblyError

_PLACES: Final = ("cdk.out", ".aws-sam/build")
"""Where assemblies are looked for: the CDK's, then AWS SAM's."""


def default_path() -> Path:
    """Return the assembly in the working folder.

    Raises:
        AssemblyError: There is none.
    """
    found = next((path for path in map(Path, _PLACES) if path.is_dir()), None)
    if found is None:
        message = (
            f"There is no assembly here: neither {_PLACES[0]} nor {_PLACES[1]}. Run `cdk synth` or `sam build` "
            f"first, or give the path of a cloud assembly or a template."
        )
        raise AssemblyError(message)
    return found
