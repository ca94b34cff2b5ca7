"""The context of the sample app on this machine: `cdk synth $(python -m tools.sample_context)`."""

from __future__ import annotations

import sys
from typing import Final

from cdk_layers.project.user_store import user_store
from cdk_layers.system.interpreters import find_python, how_to_install

_PYTHON: Final = "3.13"
"""The Python of the sample app's functions."""


def sample_context() -> dict[str, str]:
    """Return context values for what this machine has: without a CPython of the functions' version, no bytecode."""
    return {} if find_python(_PYTHON, user_store()) else {"bytecode": "false"}


def main() -> None:
    """Print the arguments for the CDK CLI, and say what is left out."""
    context = sample_context()
    if context:
        sys.stderr.write(
            f"cdk-layers: this machine has no CPython {_PYTHON}, so the sample app is built without bytecode. "
            f"{how_to_install(_PYTHON)} changes that.\n"
        )
    print(*(f"--context={name}={value}" for name, value in context.items()))


if __name__ == "__main__":
    main()
