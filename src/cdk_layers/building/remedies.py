"""What to do about builds that this machine cannot do, for messages."""

from __future__ import annotations

from typing import Final

IN_CONTAINER: Final = "build in a container (docker=True for a layer, PythonFunction for a function)"
"""The remedy for builds that cannot be done on this machine."""
