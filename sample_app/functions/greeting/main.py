"""A greeting from a program in a layer."""

from __future__ import annotations

import subprocess
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Run the program `hello` of the tools layer: /opt/bin is on the PATH of every function."""
    answer = subprocess.run(["hello"], check=True, capture_output=True, text=True)
    return {"message": answer.stdout.strip()}
