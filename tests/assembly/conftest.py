"""One real app with every way that stacks of the CDK refer to each other's layers, synthesized once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aws_cdk import (
    App,
    CfnCondition,
    CfnParameter,
    CrossStackReferences,
    Environment,
    Fn,
    NestedStack,
    ReferenceStrength,
    RemovalPolicy,
    Stack,
    Stage,
)
from aws_cdk.aws_cloudfront import BehaviorOptions, Distribution, EdgeLambda, LambdaEdgeEventType
from aws_cdk.aws_cloudfront.experimental import EdgeFunction
from aws_cdk.aws_cloudfront_origins import HttpOrigin
from aws_cdk.aws_lambda import (
    Architecture,
    CfnFunction,
    CfnLayerVersion,
    Code,
    DockerImageCode,
    DockerImageFunction,
    Function,
    LayerVersion,
    Runtime,
)
from aws_cdk.aws_servicecatalog import (
    CloudFormationProduct,
    CloudFormationProductVersion,
    CloudFormationTemplate,
    ProductStack,
)
from aws_cdk.aws_ssm import StringParameter

from cdk_layers.assembly.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import Construct

    from cdk_layers.app import model

HUB = Environment(account="111111111111", region="eu-west-1")
SPOKE = Environment(account="222222222222", region="eu-west-1")


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a synthesized app."""
    folder = tmp_path_factory.mktemp("app")
    for name, file in {"code": "main.py", "layer": "python/shared.py"}.items():
        path = folder / name / file
        path.parent.mkdir(parents=True)
        path.write_text("def handler(event, context): return event\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    _define(App(outdir=str(folder / "cdk.out")), folder).synth()
    return folder / "cdk.out"


def _define(app: App, folder: Path) -> App:
    def layer(scope: Construct, name: str) -> LayerVersion:
        return LayerVersion(scope, name, code=Code.from_asset(str(folder / "layer")))

    def function(scope: Construct, name: str, *layers: ILayerVersion) -> Function:
        return Function(
            scope, name, code=Code.from_asset(str(folder / "code")), handler="main.handler",
            runtime=Runtime.PYTHON_3_13, layers=[*layers],
        )  # fmt: skip

    hub = Stack(app, "Hub", env=HUB)
    strong, weak, crossing = layer(hub, "Strong"), layer(hub, "Weak"), layer(hub, "Crossing")
    weak.apply_removal_policy(RemovalPolicy.RETAIN)
    weak.node.add_metadata(
        "cdk-layers:build",
        {"digest": "d" * 64, "budget_bytes": 1000, "notes": [{"rule": "r", "message": "m", "remedy": "y"}]},
    )
    weak.add_permission("Spoke", account_id="222222222222")
    CrossStackReferences.of(weak).produce(ReferenceStrength.WEAK)
    StringParameter(hub, "Parameter", parameter_name="/layers/strong", string_value=strong.layer_version_arn)
    neighbour = Stack(app, "Neighbour", env=HUB, cross_region_references=True)
    function(neighbour, "Strong", strong)
    read_again = StringParameter.value_for_string_parameter(neighbour, "/layers/strong")
    function(neighbour, "Parameter", LayerVersion.from_layer_version_arn(neighbour, "Read", read_again))
    function(neighbour, "Ordered", strong)
    declared = {"Neighbour/Ordered": {"layers": ["Hub/Strong"], "budget_bytes": 2000}}
    neighbour.node.add_metadata("cdk-layers:functions", json.dumps(declared))
    spoke = Stack(app, "Spoke", env=SPOKE)
    function(spoke, "Weak", weak)
    function(Stack(app, "Away", env=Environment(account="111111111111", region="us-west-2"),
                   cross_region_references=True), "Crossing", crossing)  # fmt: skip
    _nest(hub, strong, layer, function)
    _offer(hub)
    _branch(Stack(app, "Branches"), layer, folder)
    _edge(Stack(app, "Edge", env=HUB), folder)
    production = Stage(app, "Production")
    function(Stack(production, "Spoke", env=HUB), "Staged", layer(Stack(production, "Hub", env=HUB), "Base"))
    return app


def _nest(
    hub: Stack, strong: LayerVersion, layer: Callable[..., LayerVersion], function: Callable[..., Function]
) -> None:
    nested = NestedStack(hub, "Nested")
    inner = layer(nested, "Inner")
    function(nested, "Inside", strong, inner)
    function(hub, "Outside", inner)


def _offer(hub: Stack) -> None:
    """Define a product of the Service Catalog, with a function of the same logical id as one of its stack."""
    product = ProductStack(hub, "Offer")
    inline = Code.from_inline("def handler(event, context): return event")
    Function(product, "Outside", code=inline, handler="index.handler", runtime=Runtime.PYTHON_3_13)
    version = CloudFormationProductVersion(cloud_formation_template=CloudFormationTemplate.from_product_stack(product))
    CloudFormationProduct(hub, "Product", product_name="offer", owner="hub", product_versions=[version])


def _branch(stack: Stack, layer: Callable[..., LayerVersion], folder: Path) -> None:
    """Conditions as the CDK writes them; their architecture and their layers hang on one parameter."""
    arm = CfnParameter(stack, "Arm", default="false", allowed_values=["true", "false"])
    use_arm = CfnCondition(stack, "UseArm", expression=Fn.condition_equals(arm.value_as_string, "true"))
    on_arm, on_intel = layer(stack, "OnArm"), layer(stack, "OnIntel")
    function = Function(
        stack, "Either", code=Code.from_asset(str(folder / "code")), handler="main.handler",
        runtime=Runtime.PYTHON_3_13,
    )  # fmt: skip
    resource = function.node.default_child
    assert isinstance(resource, CfnFunction)
    resource.add_property_override("Architectures", [Fn.condition_if("UseArm", "arm64", "x86_64")])
    resource.add_property_override(
        "Layers", [Fn.condition_if("UseArm", on_arm.layer_version_arn, on_intel.layer_version_arn)]
    )
    only = on_arm.node.default_child
    assert isinstance(only, CfnLayerVersion)
    only.cfn_options.condition = use_arm
    only.compatible_architectures = [Architecture.ARM_64.name]


def _edge(stack: Stack, folder: Path) -> None:
    edge = EdgeFunction(
        stack,
        "Redirect",
        code=Code.from_asset(str(folder / "code")),
        handler="main.handler",
        runtime=Runtime.PYTHON_3_13,
    )
    DockerImageFunction(stack, "Image", code=DockerImageCode.from_image_asset(str(folder), exclude=["cdk.out"]))
    behaviour = BehaviorOptions(
        origin=HttpOrigin("example.com"),
        edge_lambdas=[EdgeLambda(function_version=edge.current_version, event_type=LambdaEdgeEventType.VIEWER_REQUEST)],
    )
    Distribution(stack, "Site", default_behavior=behaviour)


@pytest.fixture(scope="session")
def app(assembly: Path) -> model.App:
    """Return what is read from that app."""
    return read(assembly)


@pytest.fixture(scope="session")
def functions(app: model.App) -> dict[str, list[model.Function]]:
    """Return its functions by their construct paths: one for each branch."""
    found: dict[str, list[model.Function]] = {}
    for function in app.functions:
        found.setdefault(function.where.path, []).append(function)
    return found
