"""Mistakes of new users: each is one sentence that names the construct and the way out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack, Stage
from aws_cdk.aws_lambda import Code, Runtime

from cdk_layers import CdkLayersError, LayeredFunction, LayerValidation, MultiLayerStack, SharedPythonLayer
from tests.cdk.apps import entry, inline, new_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _message(make: Callable[[], object]) -> str:
    """Return what a mistake is reported with: an error of the package's own that hides no other."""
    with pytest.raises(CdkLayersError) as caught:
        make()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Return a stack in an app of its own."""
    return Stack(new_app(tmp_path / "out"), "S")


def _layer(scope: Any, folder: Path, name: str = "L", **options: Any) -> SharedPythonLayer:
    given: dict[str, Any] = {"entry": entry(folder, "base"), "compatible_runtimes": [Runtime.PYTHON_3_13], **options}
    return SharedPythonLayer(scope, name, **given)


def test_a_scope_outside_of_every_stack_is_named(stack: Stack, tmp_path: Path) -> None:
    """An app and a stage contain stacks, and the CDK raises an error of Node's for a layer or a function in them."""
    app: Any = stack.node.root
    assert _message(lambda: _layer(app, tmp_path)).startswith("scope is the App, which is not in a stack.")
    stage = Stage(app, "Dev")
    assert "scope is the Stage 'Dev', which is not in a stack." in _message(lambda: _layer(stage, tmp_path))
    assert "is not in a stack" in _message(lambda: LayeredFunction(app, "F", **inline()))


def test_an_id_that_is_taken_is_named(stack: Stack, tmp_path: Path) -> None:
    """The CDK's own error for it is of Node's and 40 lines long."""
    _layer(stack, tmp_path)
    taken = "its scope has a construct with the id {!r} already. Choose another id."
    assert _message(lambda: _layer(stack, tmp_path)) == f"Layer 'S/L': {taken.format('L')}"
    LayeredFunction(stack, "F", **inline())
    assert _message(lambda: LayeredFunction(stack, "F", **inline())) == f"Function 'S/F': {taken.format('F')}"
    app: Any = stack.node.root
    hub: dict[str, Any] = {"compatible_runtimes": [Runtime.PYTHON_3_13]}
    assert taken.format("S") in _message(lambda: MultiLayerStack(app, "S", **hub))


def test_the_class_in_place_of_a_layer_is_named(stack: Stack) -> None:
    """A class has the attributes of its objects."""
    function = {**inline(), "layers": [SharedPythonLayer]}
    assert "layers[0] is the class SharedPythonLayer" in _message(lambda: LayeredFunction(stack, "F", **function))


def test_code_in_place_of_an_entry_names_the_entry(stack: Stack, tmp_path: Path) -> None:
    """`LayerVersion` takes code=, and a layer that is built here takes a folder."""
    given: dict[str, Any] = {"code": Code.from_asset(str(tmp_path))}
    assert "unknown keyword argument 'code'. Pass entry=" in _message(lambda: _layer(stack, tmp_path, **given))


def test_a_runtime_that_cannot_be_built_for_names_the_layer(stack: Stack, tmp_path: Path) -> None:
    """What the path is of is part of the sentence."""
    given: dict[str, Any] = {"compatible_runtimes": [Runtime.NODEJS_22_X]}
    assert _message(lambda: _layer(stack, tmp_path, **given)).startswith("Layer 'S/L': The runtime 'nodejs22.x'")


@pytest.mark.parametrize("files", [
    {"pyproject.toml": "[project\n"}, {"Pipfile": "[packages\n", "code.py": ""}, {"pyproject.toml": "a = 1\na = 2\n"},
])  # fmt: skip
def test_a_manifest_that_is_not_toml_is_named(stack: Stack, tmp_path: Path, files: dict[str, str]) -> None:
    """It was taken for one that wants nothing."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    message = _message(lambda: _layer(stack, tmp_path, entry=tmp_path))
    assert message.startswith("Layer 'S/L' (entry ")
    assert f"{next(iter(files))} is not TOML: " in message


@pytest.mark.parametrize(("given", "expected"), [
    ({"ignore": ["x"]}, "unknown keyword argument 'ignore'. Valid ones: max_unzipped, strict_budget, today."),
    ({"max_unziped": "1 MiB"}, "unknown keyword argument 'max_unziped'. Did you mean 'max_unzipped'?"),
    ({"budget": "1 MiB"}, "unknown keyword argument 'budget'. Pass max_unzipped=, as the"),
    ({"max_unzipped": "120"}, "max_unzipped is '120' (str); expected a size with its unit"),
    ({"today": "2027-01-01"}, "today is '2027-01-01' (str); expected a datetime.date."),
    ({"strict_budget": "yes"}, "strict_budget is 'yes' (str); expected True or False."),
])  # fmt: skip
def test_a_wrong_argument_of_the_plugin_is_named(given: dict[str, Any], expected: str) -> None:
    """As for constructs."""
    assert f"LayerValidation: {expected}" in _message(lambda: LayerValidation(**given))


def test_arguments_of_the_plugin_are_passed_by_name() -> None:
    """Python's own words count them."""
    plugin: Any = LayerValidation
    assert _message(lambda: plugin(True)) == "LayerValidation: its arguments can only be passed by name."


def test_methods_check_the_names_of_their_arguments(stack: Stack, tmp_path: Path) -> None:
    """As constructs do."""
    app: Any = stack.node.root
    hub: Any = MultiLayerStack(app, "Hub", compatible_runtimes="python3.13")
    stacks: Any = MultiLayerStack
    layer: Any = hub.add_layer("base", entry=entry(tmp_path, "base"))
    assert _message(lambda: hub.add_layer(entry="x")) == "MultiLayerStack.add_layer: 'name' is missing. Pass name=..."
    assert "add_layer: only 'name' can be passed without a name." in _message(lambda: hub.add_layer("x", "layers/x"))
    assert "Stack 'L': 'directory' is missing." in _message(lambda: stacks.from_directory(app, "L"))
    permission = _message(lambda: layer.add_permission("X", account="222222222222"))
    assert "SharedPythonLayer.add_permission: unknown keyword argument 'account'. Did you mean" in permission
    assert "SharedPythonLayer.grant: unknown keyword" in _message(lambda: layer.grant(account="222222222222"))


def test_a_list_in_place_of_names_is_told_how_to_pass_them(stack: Stack, tmp_path: Path) -> None:
    """A layer is shown by its type, since what Python calls it has a number that differs each time."""
    app: Any = stack.node.root
    hub: Any = MultiLayerStack(app, "Hub", compatible_runtimes="python3.13")
    layer = hub.add_layer("base", entry=entry(tmp_path, "base"))
    for wrong in (["base"], layer, 0):
        message = _message(partial(hub.pick, wrong))
        assert message.startswith("Stack 'Hub' has no layer named by ")
        assert 'Pass each name as a string: pick("base", "data"). ' in message
        assert " at 0x" not in message


def test_what_a_stack_is_not_asked_for_names_what_is(stack: Stack, tmp_path: Path) -> None:
    """Python asks for the layers 0, 1 and so on where a stack is used as a list or a set of its layers."""
    app: Any = stack.node.root
    hub: Any = MultiLayerStack(app, "Hub", compatible_runtimes="python3.13")
    hub.add_layer("base", entry=entry(tmp_path, "base"))
    for use in (lambda: "base" in hub, lambda: [*hub], lambda: dict(enumerate(hub))):
        assert _message(use).endswith("stack.layers has them all.")
    assert "base" in hub.layers


def test_an_id_of_a_permission_that_exists_is_one_sentence(stack: Stack, tmp_path: Path) -> None:
    """Whatever has it: another permission, a grant, or the resource of the layer itself."""
    layer = _layer(stack, tmp_path, entry=entry(tmp_path, "base"), grants="222222222222")
    layer.add_permission("X", account_id="333333333333")
    for taken in ("X", "GrantAccount222222222222", "Resource"):
        message = _message(partial(layer.add_permission, taken, account_id="444444444444"))
        assert message == f"Layer 'S/L': its scope has a construct with the id {taken!r} already. Choose another id."


@pytest.mark.parametrize("handler", ["main:handler", "main handler", "", "handler()"])
def test_a_handler_that_is_no_name_is_the_fault_that_is_named(tmp_path: Path, handler: str) -> None:
    """A colon in place of the dot is not answered by a missing index.py."""
    folder = entry(tmp_path, "main")
    stack = Stack(new_app(tmp_path / "out"), "Spoke")
    message = _message(lambda: LayeredFunction(stack, "Fn", entry=folder, handler=handler, runtime="python3.13"))
    assert f"handler is {handler!r}" in message
    assert '"main.handler"' in message
    assert "index.py" not in message


def test_a_rejection_is_the_only_error(tmp_path: Path) -> None:
    """No rule's error is the context of another: one about 'Any/Function' would be printed above the real one."""
    stack = Stack(new_app(tmp_path / "out"), "S", env={"account": "111111111111", "region": "eu-west-1"})
    base = entry(tmp_path, "base")
    arn = "arn:aws:lambda:{}:111111111111:layer:x{}:1"
    six = [arn.format("eu-west-1", number) for number in range(6)]
    newer = _layer(stack, tmp_path, "Newer", entry=base, compatible_runtimes="python3.14")
    function = LayeredFunction(stack, "F", **inline())
    built: dict[str, Any] = {"entry": base, "handler": "base_code.NAME", "runtime": "python3.13"}
    for make in (
        lambda: LayeredFunction(stack, "A", layers=["layers/base"], **inline()),
        lambda: LayeredFunction(stack, "B", layers=six, **built),
        lambda: LayeredFunction(stack, "C", layers=[newer], **inline()),
        lambda: LayeredFunction(stack, "D", max_unzipped="1 B", **built),
        lambda: function.add_layers(arn.format("us-east-1", 1)),
    ):
        assert "Any/Function" not in _message(make)
