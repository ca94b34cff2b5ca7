"""A stack of layers: their merge order, what they share, and how they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Aws, RemovalPolicy, Size, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Function, Runtime

from cdk_layers import LayerGrant, MultiLayerStack
from cdk_layers.errors import EntryError, LimitError, UsageError
from cdk_layers.testing import TemplateSnapshot
from tests.cdk.apps import HUB, entry, function, hub, inline, new_app, resources

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import App
    from syrupy.assertion import SnapshotAssertion

LAYER = "AWS::Lambda::LayerVersion"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an output folder of its own."""
    return new_app(tmp_path / "out")


def template_of(stack: Stack) -> dict[str, Any]:
    """Return a stack's template."""
    return dict(Template.from_stack(stack).to_json())


def test_layers_are_in_the_order_that_they_were_added_in(app: App, tmp_path: Path) -> None:
    """The merge order is that of `add_layer`, and can be looked up by name."""
    stack = hub(app, tmp_path, "zed", "abe")
    assert list(stack.layers) == ["zed", "abe"]
    assert stack["abe"] is stack.layers["abe"]


def test_layers_can_be_declared_at_once(app: App, tmp_path: Path) -> None:
    """A mapping makes the same stack as calls of `add_layer` do."""
    declared: dict[str, dict[str, Any]] = {
        name: {"entry": entry(tmp_path, name), "description": name} for name in ("zed", "abe")
    }
    at_once = hub(app, tmp_path, stack="AtOnce", layers=declared)
    one_by_one = hub(app, tmp_path, stack="OneByOne")
    for name, options in declared.items():
        one_by_one.add_layer(name, **options)
    assert template_of(at_once) == template_of(one_by_one)


def test_layers_that_cannot_be_built(app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Layers of one declaration are built at the same time, and none hides the error of another one."""
    declared: dict[str, dict[str, Any]] = {name: {"entry": entry(tmp_path, name)} for name in ("good", "bad", "worse")}
    for name in ("bad", "worse"):
        (tmp_path / name / "requirements.txt").write_text("six==")
    with pytest.raises(EntryError) as one_by_one:
        hub(app, tmp_path, stack="OneByOne").add_layer("bad", **declared["bad"])
    capsys.readouterr()
    with pytest.raises(EntryError) as at_once:
        hub(app, tmp_path, stack="AtOnce", layers=declared)
    assert str(at_once.value) == str(one_by_one.value).replace("OneByOne", "AtOnce")
    printed = capsys.readouterr().err.splitlines()
    assert min(line.partition(" for ")[0] for line in printed) == "Built layer 'AtOnce/good'"
    assert [line for line in printed if "AtOnce/bad" in line] == []
    assert len([line for line in printed if line.startswith("Layer 'AtOnce/worse' (entry ")]) == 1


def test_picked_layers_are_in_the_stacks_order(app: App, tmp_path: Path) -> None:
    """However they are named, all functions agree on which layer wins."""
    stack = hub(app, tmp_path, "zed", "abe", "mid")
    assert stack.pick("mid", "zed") == stack.pick("zed", "mid", "zed") == [stack["zed"], stack["mid"]]
    assert stack.pick() == []


@pytest.mark.parametrize("look_up", [lambda stack: stack["bose"], lambda stack: stack.pick("base", "bose")])
def test_an_unknown_name_lists_the_known_ones(app: App, tmp_path: Path, look_up: Any) -> None:
    """The error of a misspelled name lists the valid names."""
    with pytest.raises(UsageError, match=r"'Hub' has no layer 'bose'\. It has 'base', 'data'"):
        look_up(hub(app, tmp_path, "base", "data"))


def test_what_layers_share_is_said_once(app: App, tmp_path: Path) -> None:
    """Runtimes, architectures, grants and the removal policy are the stack's, unless a layer has its own."""
    stack = hub(
        app,
        tmp_path,
        "base",
        compatible_runtimes=[Runtime.PYTHON_3_12],
        compatible_architectures=[Architecture.ARM_64],
        grants=[LayerGrant.account("222222222222")],
        removal_policy=RemovalPolicy.DESTROY,
    )
    stack.add_layer(
        "own",
        entry=entry(tmp_path, "own"),
        compatible_runtimes=[Runtime.PYTHON_3_13],
        compatible_architectures=[Architecture.X86_64],
        removal_policy=RemovalPolicy.RETAIN,
        grants=[LayerGrant.account("333333333333"), LayerGrant.account("222222222222")],
    )
    stack.add_layer("empty", entry=entry(tmp_path, "empty"), compatible_architectures=[], grants=[])
    template = template_of(stack)
    base, own, empty = resources(template, LAYER).values()
    assert empty["Properties"]["CompatibleArchitectures"] == ["arm64"]
    assert base["Properties"]["CompatibleRuntimes"] == ["python3.12"]
    assert base["Properties"]["CompatibleArchitectures"] == ["arm64"]
    assert base["DeletionPolicy"] == "Delete"
    assert own["Properties"]["CompatibleRuntimes"] == ["python3.13"]
    assert own["Properties"]["CompatibleArchitectures"] == ["x86_64"]
    assert own["DeletionPolicy"] == "Retain"
    granted = resources(template, "AWS::Lambda::LayerVersionPermission")
    assert sorted((name[:3], one["Properties"]["Principal"]) for name, one in granted.items()) == [
        ("bas", "222222222222"), ("emp", "222222222222"), ("own", "222222222222"), ("own", "333333333333"),
    ]  # fmt: skip


def test_every_arn_is_published(app: App, tmp_path: Path) -> None:
    """Each layer is an output by its name, without an export, and a parameter below the prefix."""
    template = template_of(hub(app, tmp_path, "base", "my-data", parameter_prefix="/company/layers/"))
    outputs = {name: one["Value"]["Ref"][:4] for name, one in template["Outputs"].items()}
    assert outputs == {"baseArn": "base", "mydataArn": "myda"}
    assert not any("Export" in one for one in template["Outputs"].values())
    parameters = [one["Properties"] for one in resources(template, "AWS::SSM::Parameter").values()]
    assert [(one["Name"], one["Value"]["Ref"][:4]) for one in parameters] == [
        ("/company/layers/base", "base"), ("/company/layers/my-data", "myda"),
    ]  # fmt: skip


def test_a_prefix_may_contain_a_token(app: App, tmp_path: Path) -> None:
    """The name of a parameter with a known slash at its start needs no literal, unlike a simple name."""
    template = template_of(hub(app, tmp_path, "base", parameter_prefix=f"/{Aws.STACK_NAME}/layers"))
    (parameter,) = resources(template, "AWS::SSM::Parameter").values()
    assert parameter["Properties"]["Name"] == {"Fn::Join": ["", ["/", {"Ref": "AWS::StackName"}, "/layers/base"]]}


@pytest.mark.parametrize("second", ["my_data", "mydata", "-my-data-"])
def test_names_that_differ_in_signs_alone_are_rejected(app: App, tmp_path: Path, second: str) -> None:
    """The CDK would leave out the signs in the ids of their outputs, and fail without the names of the layers."""
    layers = hub(app, tmp_path, "my-data", "myData")
    with pytest.raises(UsageError, match=f"Layer 'Hub/{second}' would have the same output as layer 'my-data'"):
        layers.add_layer(second, entry=entry(tmp_path, "more"))


def test_without_a_prefix_there_are_no_parameters(app: App, tmp_path: Path) -> None:
    """Parameters are only made for those who ask."""
    assert not resources(template_of(hub(app, tmp_path, "base")), "AWS::SSM::Parameter")


@pytest.mark.parametrize("prefix", ["layers", "/", "//", ""])
def test_a_prefix_that_is_none_is_refused(app: App, tmp_path: Path, prefix: str) -> None:
    """A parameter's name begins with a slash and goes on."""
    with pytest.raises(UsageError, match="parameter_prefix"):
        hub(app, tmp_path, parameter_prefix=prefix)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "ä", "x" * 141])
def test_a_malformed_name_is_refused(app: App, tmp_path: Path, name: str) -> None:
    """A layer's name is what Lambda takes as one."""
    with pytest.raises(UsageError, match="letters, digits"):
        hub(app, tmp_path).add_layer(name, entry=entry(tmp_path, "base"))


def test_a_name_is_taken_once(app: App, tmp_path: Path) -> None:
    """Two layers of one stack cannot have one name."""
    with pytest.raises(UsageError, match="'Hub/base' exists already"):
        hub(app, tmp_path, "base", "base")


def test_a_layer_needs_a_runtime_from_somewhere(app: App, tmp_path: Path) -> None:
    """Without runtimes on stack or layer, the error shows how to name them."""
    with pytest.raises(UsageError, match=r"'Hub/base' has no runtime.*compatible_runtimes=\[Runtime"):
        hub(app, tmp_path, "base", compatible_runtimes=[])


def test_a_layer_needs_something_to_be_built_from(app: App, tmp_path: Path) -> None:
    """Without a folder, the error names both kinds."""
    with pytest.raises(UsageError, match=r"'Hub/base'.*entry.*opt_entry"):
        hub(app, tmp_path).add_layer("base")


def test_a_layer_can_hold_programs_alone(app: App, tmp_path: Path) -> None:
    """A folder for /opt needs no Python beside it."""
    program = tmp_path / "tools" / "bin" / "hello"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho Hello\n")
    layer = hub(app, tmp_path).add_layer("tools", opt_entry=tmp_path / "tools")
    assert layer.contents is not None
    assert list(layer.contents.files) == ["bin/hello"]


def test_a_stack_holds_more_layers_than_a_function(app: App, tmp_path: Path) -> None:
    """The limit of five is the function's."""
    stack = hub(app, tmp_path, *(f"layer{number}" for number in range(6)))
    function(Stack(app, "Spoke", env=HUB), "Five", layers=list(stack.layers.values())[:5])
    with pytest.raises(LimitError, match="6 layers"):
        function(Stack(app, "Other", env=HUB), "Six", layers=list(stack.layers.values()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of three layers with a file beside them."""
    layers = tmp_path / "layers"
    for name in ("base", "data"):
        entry(layers, name)
    (layers / "tools" / "bin").mkdir(parents=True)
    (layers / "tools" / "bin" / "hello").write_text("#!/bin/sh\necho Hello\n")
    (layers / "tools" / "bin" / "hello").chmod(0o755)
    (layers / "layers.toml").write_text(
        """
        order = ["tools", "base", "data"]
        [defaults]
        compatible_runtimes = ["python3.13"]
        compatible_architectures = ["arm64"]
        grants = ["222222222222"]
        removal_policy = "destroy"
        max_unzipped = "1 MiB"
        [layers.data]
        description = "numbers"
        grants = ["o-a1b2c3d4e5"]
        removal_policy = "retain"
        [layers.tools]
        opt_entry = "."
        """
    )
    return layers


def test_a_folder_becomes_a_stack(app: App, folder: Path, snapshot: SnapshotAssertion) -> None:
    """Subfolders are layers in the file's order, with the file's options and the stack's."""
    stack = MultiLayerStack.from_directory(app, "Hub", folder, env=HUB, parameter_prefix="/layers")
    assert list(stack.layers) == ["tools", "base", "data"]
    tools = stack["tools"].contents
    assert tools is not None
    assert list(tools.files) == ["bin/hello"]
    assert template_of(stack) == snapshot(extension_class=TemplateSnapshot)


def test_the_file_goes_before_the_arguments(app: App, folder: Path) -> None:
    """What the file says of all layers wins over what the call says, and grants add up."""
    stack = MultiLayerStack.from_directory(
        app, "Hub", folder, grants=[LayerGrant.account("333333333333")], compatible_runtimes=[Runtime.PYTHON_3_9]
    )
    template = template_of(stack)
    assert {one["Properties"]["CompatibleRuntimes"][0] for one in resources(template, LAYER).values()} == {"python3.13"}
    assert len(resources(template, "AWS::Lambda::LayerVersionPermission")) == 7


def test_a_layer_of_the_file_undoes_what_the_file_says_of_all(app: App, folder: Path) -> None:
    """An empty list and false override the defaults, as other values do."""
    for name in ("base", "data"):
        (folder / name / "settings.py").touch()
        (folder / name / "lib").mkdir()
        (folder / name / "lib" / "pyproject.toml").write_text(
            '[project]\nname = "company-tools"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\n'
            'build-backend = "hatchling.build"\n'
        )
    (folder / "layers.toml").write_text(
        """
        [defaults]
        compatible_runtimes = ["python3.13"]
        asset_excludes = ["settings.py"]
        groups = ["lambda"]
        extras = ["s3"]
        allow_source_builds = ["company-tools"]
        docker = true
        default_excludes = false
        [layers.base]
        asset_excludes = []
        groups = []
        extras = []
        allow_source_builds = []
        docker = false
        default_excludes = true
        [layers.data]
        groups = []
        extras = []
        docker = false
        [layers.tools]
        opt_entry = "."
        groups = []
        extras = []
        docker = false
        """
    )
    stack = MultiLayerStack.from_directory(app, "Hub", folder)
    files = [contents.files for contents in (stack[name].contents for name in ("base", "data")) if contents]
    assert ["python/settings.py" in each for each in files] == [True, False]
    (folder / "base" / "requirements.txt").write_text("./lib\n")
    with pytest.raises(EntryError, match="allow_source_builds"):
        MultiLayerStack.from_directory(app, "Other", folder)


def test_the_file_sets_budgets(app: App, folder: Path) -> None:
    """A layer over the file's budget is refused like one over the argument's."""
    (folder / "base" / "big.txt").write_bytes(bytes(1024 * 1024))
    with pytest.raises(LimitError, match="Hub/base"):
        MultiLayerStack.from_directory(app, "Hub", folder)
    with pytest.raises(LimitError, match="Other/base"):
        hub(app, folder, stack="Other").add_layer("base", entry=folder / "base", max_unzipped=Size.mebibytes(1))


def test_a_folder_that_is_none_is_refused(app: App, tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(EntryError, match="nowhere"):
        MultiLayerStack.from_directory(app, "Hub", tmp_path / "nowhere")


@pytest.mark.parametrize("also", [False, True])
def test_a_stack_in_the_place_of_a_layer_is_no_silent_nothing(app: App, tmp_path: Path, *, also: bool) -> None:
    """The CDK leaves out of a plain function's layers what has no ARN, a stack of layers among them."""
    stack = hub(app, tmp_path, "base")
    layers: list[Any] = [stack, stack["base"]] if also else [stack]
    Function(Stack(app, "Spoke", env=HUB), "Plain", layers=layers, **inline())
    with pytest.raises(RuntimeError, match=r"Stack 'Hub' is among the layers .*layers=stack\.pick"):
        app.synth()
