"""Loading what constructs need, in Node and in Python at once: otherwise each would wait for the other."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread
from typing import Final

from cdk_layers.rules.registry import load_families

_IN_PYTHON: Final = (
    "cdk_layers.building.claims",
    "cdk_layers.check.pipeline",
    "cdk_layers.cdk.function",
    "cdk_layers.cdk.stack",
)
"""What takes time to import and asks Node nothing: the constructs, and what they stand on."""

_OF_FUNCTIONS: Final = ("aws_codeguruprofiler", "aws_codestarnotifications", "aws_sns", "aws_sqs")
"""What the CDK would import when the first function is made, since arguments of `Function` are of their types."""


def load() -> None:
    """Load both halves; what fails to load in Node fails again, and says so, where it is needed."""
    # Its import asks Node, which answers one at a time.
    import aws_cdk.aws_lambda  # noqa: F401, PLC0415

    other = Thread(target=_load_in_node, name="cdk-layers-loading", daemon=True)
    other.start()
    for name in _OF_FUNCTIONS:
        with suppress(ImportError):
            import_module(f"aws_cdk.{name}")
    for name in _IN_PYTHON:
        import_module(name)
    load_families(only_at_construction=True)
    other.join()


def _load_in_node() -> None:
    with suppress(Exception):
        from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion  # noqa: PLC0415
        from aws_cdk.region_info import RegionInfo  # noqa: PLC0415

        # Questions that change nothing. Before it answers, Node loads what the first layer needs there.
        _ = PythonLayerVersion.PROPERTY_INJECTION_ID
        RegionInfo.get("us-east-1")
