"""Imports for the constructs, while Node loads its own modules for them: otherwise each waits for the other."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Final

from cdk_layers.rules.registry import load_families

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_PYTHON: Final = (
    "cdk_layers.building.multi_target",
    "cdk_layers.cdk.function",
    "cdk_layers.cdk.stack",
)
"""Modules of the constructs and of what they import. Their import takes time, and makes no jsii calls."""

_OF_FUNCTIONS: Final = ("aws_codeguruprofiler", "aws_codestarnotifications", "aws_sns", "aws_sqs")
"""Modules with types of the arguments of `Function`, which the CDK imports for the first function otherwise."""


def load() -> None:
    """Load both halves. An error in Node is ignored here, since it is raised again where the module is used."""
    # Its import makes jsii calls, and Node answers one at a time.
    import aws_cdk.aws_lambda  # noqa: F401, PLC0415

    other = Thread(target=_load_in_node, name="cdk-layers-loading", daemon=True)
    other.start()
    with _without_collections():
        for name in _OF_FUNCTIONS:
            with suppress(ImportError):
                import_module(f"aws_cdk.{name}")
        for name in _IN_PYTHON:
            import_module(name)
        load_families(only_at_construction=True)
        other.join()


@contextmanager
def _without_collections() -> Iterator[None]:
    """Pause the garbage collection: it would search all modules of the CDK, and imports create next to no garbage."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _load_in_node() -> None:
    with suppress(Exception):
        from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion  # noqa: PLC0415
        from aws_cdk.region_info import RegionInfo  # noqa: PLC0415

        # These jsii calls change nothing, and make Node load the modules that the first layer needs.
        _ = PythonLayerVersion.PROPERTY_INJECTION_ID
        RegionInfo.get("us-east-1")
