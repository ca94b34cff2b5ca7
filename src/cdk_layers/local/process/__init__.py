"""Scripts that the function's own Python runs: standard library only, Python 3.8 and newer, started by their path."""

from __future__ import annotations

from typing import Final

IMPORTS_BEGIN: Final = "cdk-layers: imports begin"
IMPORTS_END: Final = "cdk-layers: imports end"
"""The lines that start.py writes before and after it imports a handler's module."""

IMPORT_RESULT: Final = "cdk-layers: import result "
"""Begins the lines that try_imports.py reports imports with."""

IMPORT_BEGINS: Final = "cdk-layers: import begins "
"""Begins the lines that try_imports.py writes before each import."""

OPTIONS: Final = "_CDK_LAYERS_START"
"""The variable with the options of start.py and try_imports.py, as one JSON document, which they remove."""
