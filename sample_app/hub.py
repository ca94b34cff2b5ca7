"""The hub account: four layers that other accounts share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk.aws_lambda import Runtime

from cdk_layers import LayerGrant, MultiLayerStack

if TYPE_CHECKING:
    from aws_cdk.aws_lambda import Architecture
    from constructs import Construct

LAYERS = Path(__file__).parent / "layers"


class SharedLayers(MultiLayerStack):
    """The layers of the company, in merge order: the last one with a file wins."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        architecture: Architecture,
        shared_with: list[str],
        bytecode: bool,
        **kwargs: Any,
    ) -> None:
        """Define the four layers, for Python 3.13, and share them with other accounts."""
        super().__init__(
            scope,
            construct_id,
            compatible_runtimes=[Runtime.PYTHON_3_13],
            compatible_architectures=[architecture],
            grants=[LayerGrant.account(account) for account in shared_with],
            parameter_prefix="/company/layers",
            bytecode=bytecode,
            **kwargs,
        )
        self.add_layer("base", entry=str(LAYERS / "base"))
        self.add_layer("data", entry=str(LAYERS / "data"))
        self.add_layer("company", entry=str(LAYERS / "company"), description="aws_helpers: sessions in our accounts")
        self.add_layer("tools", opt_entry=str(LAYERS / "tools"), description="The program hello")
