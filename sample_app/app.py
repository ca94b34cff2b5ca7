"""Which accounts and Region the sample app is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Environment
from aws_cdk.aws_lambda import Architecture

from sample_app.hub import SharedLayers
from sample_app.spoke import Reports

if TYPE_CHECKING:
    from aws_cdk import App

DEFAULTS = {"hub": "111111111111", "spoke": "222222222222", "partner": "333333333333", "region": "eu-west-1"}
ARCHITECTURES = {"arm64": Architecture.ARM_64, "x86_64": Architecture.X86_64}


def define(app: App) -> tuple[SharedLayers, Reports]:
    """Define both stacks, for the accounts and the Region above or those of the context values by these names.

    The partner's account is not the app's: it is granted the layers so that an app of its own can use them. The spoke's
    account is not granted anything here: its functions add the grants that they need. The context value "architecture"
    is x86_64 or arm64: with that of this machine, all functions run here. With the context value "bytecode=false"
    nothing is compiled, which otherwise takes a CPython 3.13.
    """
    names = {name: app.node.try_get_context(name) or default for name, default in DEFAULTS.items()}
    hub = Environment(account=names["hub"], region=names["region"])
    spoke = Environment(account=names["spoke"], region=names["region"])
    architecture = ARCHITECTURES[app.node.try_get_context("architecture") or "arm64"]
    bytecode = app.node.try_get_context("bytecode") != "false"
    layers = SharedLayers(
        app, "Hub", architecture=architecture, shared_with=[names["partner"]], bytecode=bytecode, env=hub
    )
    return layers, Reports(app, "Spoke", architecture=architecture, layers=layers, bytecode=bytecode, env=spoke)
