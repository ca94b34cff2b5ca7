"""Types of the public names, which load on first use: mypy and pyright read this module, and nothing runs it.

Each `type: ignore` is a mistake that has to be found: both checkers are set to reject one that hides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Environment
from aws_cdk.aws_lambda import Runtime, Tracing
from typing_extensions import assert_type

import cdk_layers
from cdk_layers import Contents, LayeredFunction, LayerGrant, LayerValidation, MultiLayerStack, SharedPythonLayer

if TYPE_CHECKING:
    from aws_cdk import App, IPolicyValidationPlugin, Stack
    from aws_cdk.aws_lambda import Code, Function, ILayerVersion
    from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion


def use(stack: Stack, runtime: Runtime) -> tuple[ILayerVersion, PythonLayerVersion, type[Function], type[Stack]]:
    """Use the constructs as what they are, and as what they extend."""
    layer = SharedPythonLayer(
        stack, "Base", entry="layers/base", compatible_runtimes=[runtime], grants=[LayerGrant.public()]
    )
    assert_type(layer, SharedPythonLayer)
    assert_type(layer.digest, str | None)
    assert_type(layer.unzipped_bytes, int | None)
    assert_type(layer.contents, Contents | None)
    assert_type(cdk_layers.SharedPythonLayer, type[SharedPythonLayer])
    return layer, layer, LayeredFunction, MultiLayerStack


def validate() -> IPolicyValidationPlugin:
    """Use the plugin as the CDK's own interface."""
    return LayerValidation()


def use_strings(app: App, stack: Stack, code: Code) -> None:
    """Pass names for the CDK's objects, and one value for a list of one."""
    layers = MultiLayerStack(
        app, "Layers", compatible_runtimes="python3.13", grants="222222222222", stack_name="layers",
        layers={"base": {"entry": "layers/base", "max_unzipped": "120 MiB"}}, env=Environment(region="eu-west-1"),
    )  # fmt: skip
    base = layers.add_layer("more", entry="layers/more", compatible_architectures=["arm64"], removal_policy="destroy")
    MultiLayerStack.from_directory(app, "Folder", "layers", env={"region": "eu-west-1"}, parameter_prefix="/layers")
    function = LayeredFunction(
        stack, "Fn", entry="functions/fn", index="main.py", runtime="python3.13", architecture="arm64", layers=base,
        memory_size=512, timeout=Duration.seconds(3), environment={"LEVEL": "debug"}, tracing=Tracing.ACTIVE,
    )  # fmt: skip
    LayeredFunction(
        stack, "Inline", code=code, handler="index.handler", runtime=Runtime.PYTHON_3_13, layers=[base, "a"]
    )
    function.add_layers(base, "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7")
    assert_type(base, SharedPythonLayer)


def choose_content(app: App, stack: Stack) -> None:
    """Choose what archives contain of their distributions, by flag, one kind, or a list."""
    SharedPythonLayer(stack, "Base", entry="a", compatible_runtimes="python3.13", bytecode=True, trim=["tests"])
    SharedPythonLayer(stack, "More", entry="a", compatible_runtimes="python3.13", try_imports=True)
    LayeredFunction(stack, "Fn", entry="a", runtime="python3.13", bytecode=True, aws_services="s3", trim="stubs")
    LayeredFunction(stack, "Tried", entry="a", runtime="python3.13", try_imports=True)
    layers = MultiLayerStack(
        app, "Layers", bytecode=True, trim=True, layers={"base": {"trim": False, "try_imports": True}}
    )
    layers.add_layer("more", entry="a", dependency_excludes=["**/examples/"], aws_services=["s3"], bytecode=False)
    MultiLayerStack.from_directory(app, "Folder", "layers", try_imports=True, dependency_excludes="*.md")


def mistake(stack: Stack, runtime: Runtime) -> None:
    """Make mistakes that an editor should underline."""
    SharedPythonLayer(stack, "Base", entry=3, compatible_runtimes=[runtime])  # type: ignore[arg-type]
    SharedPythonLayer(stack, "Base", entry="layers/base")  # type: ignore[call-arg]
    cdk_layers.SharedPythonLayers  # type: ignore[attr-defined] # noqa: B018


def misspelt(app: App, stack: Stack, layers: MultiLayerStack) -> None:
    """Misspell an argument of each construct and of `add_layer`, their own and the CDK's."""
    SharedPythonLayer(stack, "Base", entri="a", compatible_runtimes="python3.13")  # type: ignore[call-arg]
    LayeredFunction(stack, "Fn", entry="a", runtime="python3.13", memory_sise=512)  # type: ignore[call-arg]
    LayeredFunction(stack, "Fn", entri="a", runtime="python3.13")  # type: ignore[call-arg]
    MultiLayerStack(app, "Layers", stack_nam="layers")  # type: ignore[call-arg]
    MultiLayerStack(app, "Layers", grant="222222222222")  # type: ignore[call-arg]
    MultiLayerStack(app, "Layers", layers={"base": {"entri": "a"}})  # type: ignore[typeddict-unknown-key]
    MultiLayerStack.from_directory(app, "Layers", "layers", gants=[])  # type: ignore[call-arg]
    layers.add_layer("base", entri="layers/base")  # type: ignore[call-arg]


def wrong_types(stack: Stack, layers: MultiLayerStack) -> None:
    """Pass values of other types, to arguments of the constructs and of the CDK."""
    LayeredFunction(stack, "Fn", entry="a", runtime="python3.13", timeout=30)  # type: ignore[arg-type]
    LayeredFunction(stack, "Fn", entry="a", runtime="python3.13", memory_size="512")  # type: ignore[arg-type]
    LayeredFunction(stack, "Fn", entry="a", runtime=3.13)  # type: ignore[arg-type]
    SharedPythonLayer(stack, "Base", entry="a", compatible_runtimes="python3.13", grants=[1])  # type: ignore[list-item]
    MultiLayerStack(stack, "Layers", termination_protection="yes")  # type: ignore[arg-type]
    layers.add_layer("base", max_unzipped=100)  # type: ignore[arg-type]
    layers.add_layer("base", bytecode="yes")  # type: ignore[arg-type]
    layers.add_layer("base", try_imports="yes")  # type: ignore[arg-type]
    layers.add_layer("base", trim="test")  # type: ignore[arg-type]
    MultiLayerStack(stack, "Layers", aws_services=[3])  # type: ignore[list-item]
