"""The spoke account: functions that use the hub's layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk.aws_lambda import Code, Function, Runtime

from cdk_layers import LayeredFunction

if TYPE_CHECKING:
    from aws_cdk.aws_lambda import Architecture
    from constructs import Construct

    from cdk_layers import MultiLayerStack

FUNCTIONS = Path(__file__).parent / "functions"


class Reports(Stack):
    """Three functions with shared layers, and a plain one that uses them as well."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        architecture: Architecture,
        layers: MultiLayerStack,
        bytecode: bool,
        **kwargs: Any,
    ) -> None:
        """Define the functions."""
        super().__init__(scope, construct_id, **kwargs)
        self.report = LayeredFunction(
            self,
            "Report",
            entry=str(FUNCTIONS / "report"),
            handler="main.handler",
            runtime=Runtime.PYTHON_3_13,
            architecture=architecture,
            bytecode=bytecode,
            layers=layers.pick("base", "data"),
            memory_size=512,
        )
        self.inventory = LayeredFunction(
            self,
            "Inventory",
            entry=str(FUNCTIONS / "inventory"),
            handler="main.handler",
            runtime=Runtime.PYTHON_3_13,
            architecture=architecture,
            bytecode=bytecode,
            layers=layers.pick("base", "company"),
        )
        self.greeting = LayeredFunction(
            self,
            "Greeting",
            entry=str(FUNCTIONS / "greeting"),
            handler="main.handler",
            runtime=Runtime.PYTHON_3_13,
            architecture=architecture,
            bytecode=bytecode,
            layers=layers.pick("tools"),
        )
        self.plain = Function(
            self,
            "Plain",
            code=Code.from_asset(str(FUNCTIONS / "inventory")),
            handler="main.handler",
            runtime=Runtime.PYTHON_3_13,
            architecture=architecture,
            layers=layers.pick("base", "company"),
        )
