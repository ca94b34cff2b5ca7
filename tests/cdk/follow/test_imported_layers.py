"""Functions that are built beside imported layers of the same app: their code leaves out what these contain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import CfnOutput, CfnParameter, Environment, Fn, NestedStack, RemovalPolicy, Stack, Stage, Token
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import CfnFunction, Code, LayerVersion
from aws_cdk.aws_ssm import StringListParameter, StringParameter

from cdk_layers import LayeredFunction
from tests.cdk.apps import HUB, SORTING, entry, hub, new_app, resources
from tests.cdk.follow.test_references import digests

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

NAME = "/layers/base"
OTHER = "arn:aws:lambda:eu-west-1:111111111111:layer:other:1"


class _Made:
    """An app with a layer that contains six, and a folder of a function that requires six."""

    def __init__(self, folder: Path) -> None:
        self.app = new_app(folder / "out")
        self.folder = folder
        self.source = entry(folder, "main", "def handler(event, context): pass\n")
        (self.source / "requirements.txt").write_text("six==1.17.0\n")
        self.hub = self.another_hub("Hub")
        arn = self.hub["base"].layer_version_arn
        CfnOutput(self.hub, "Out", value=arn, export_name="base-arn")
        StringListParameter(self.hub, "All", parameter_name="/all", string_list_value=["x", arn])
        self.parameter = StringParameter(self.hub, "Unnamed", string_value=arn)
        self.spoke = Stack(self.app, "Spoke", env=HUB)
        # A company has the same names in each of its Regions.
        abroad = self.another_hub("Abroad", env=Environment(account="111111111111", region="us-east-1"))
        CfnOutput(abroad, "Out", value=abroad["base"].layer_version_arn, export_name="base-arn")

    def another_hub(self, name: str, scope: Construct | None = None, **options: Any) -> Any:
        made = hub(scope or self.app, self.folder, stack=name, parameter_prefix="/layers", **options)
        shared = entry(self.folder, "base")
        (shared / "requirements.txt").write_text("six==1.17.0\n")
        made.add_layer("base", entry=shared)
        return made

    def function(self, scope: Construct, name: str, arn: Any, **options: Any) -> LayeredFunction:
        return LayeredFunction(
            scope, name, entry=self.source, handler="main_code.handler", runtime="python3.13", layers=arn, **options
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Made:
    """Return an app that the tests of this module only add functions to."""
    return _Made(tmp_path_factory.mktemp("imports"))


def _value(scope: Construct, name: str = NAME) -> str:
    return StringParameter.value_for_string_parameter(scope, name)


def _handed(made: _Made) -> tuple[Construct, Any]:
    arn = made.hub["base"].layer_version_arn
    nested = NestedStack(made.spoke, "Nested", parameters={"BaseArn": arn})
    return nested, CfnParameter(nested, "BaseArn").value_as_string


def _listed(scope: Construct) -> str:
    listed = CfnParameter(scope, "Arns", type="AWS::SSM::Parameter::Value<List<String>>", default="/all")
    return Fn.select(1, listed.value_as_list)


WAYS: dict[str, Any] = {
    "Value": lambda made: _value(made.spoke),
    "Named": lambda made: StringParameter.from_string_parameter_name(made.spoke, "ByName", NAME).string_value,
    "Typed": lambda made: (
        CfnParameter(made.spoke, "TypedArn", type="AWS::SSM::Parameter::Value<String>", default=NAME).value_as_string
    ),
    "Text": lambda _: Token.as_string("{{resolve:ssm:" + NAME + "}}"),
    "Joined": lambda _: Fn.join("", ["{{resolve:ssm:", NAME, "}}"]),
    "Account": lambda _: Token.as_string("{{resolve:ssm:arn:aws:ssm:eu-west-1:111111111111:parameter/layers/base}}"),
    "Export": lambda _: Fn.import_value("base-arn"),
    "Output": lambda made: made.parameter.string_value,
    "Attribute": lambda made: made.hub["base"].layer_version_arn,
    "Split": lambda made: Fn.select(1, Fn.split("|", Fn.join("|", ["x", made.hub["base"].layer_version_arn]))),
    "List": lambda made: _listed(made.spoke),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_an_imported_layer_of_the_app_contains_is_left_out(made: _Made, way: str) -> None:
    """However an ARN leads to the app's own layer, the code is built as if the layer were given, and follows it."""
    imported = LayerVersion.from_layer_version_arn(made.spoke, f"{way}Import", WAYS[way](made))

    function = made.function(made.spoke, way, [imported])

    assert function.contents is not None
    assert function.contents.versions == {}
    assert made.hub in made.spoke.dependencies
    resource: Any = function.node.default_child
    assert resource.get_metadata("cdk-layers:layer-digests") == f"Hub/base={made.hub['base'].digest}"


def test_what_a_nested_stack_is_given_is_left_out(made: _Made) -> None:
    """A nested stack's parameter leads to the layer, which is then given as the string itself."""
    nested, arn = _handed(made)

    function = made.function(nested, "Inside", [arn])

    assert function.contents is not None
    assert function.contents.versions == {}


def _fixed(made: _Made) -> tuple[Construct, str]:
    return made.spoke, Token.as_string("{{resolve:ssm:" + NAME + ":3}}")


def _of_its_own_stack(made: _Made) -> tuple[Construct, str]:
    return made.hub, _value(made.hub)


def _of_another_account(made: _Made) -> tuple[Construct, str]:
    other = Stack(made.app, "Elsewhere", env=Environment(account="222222222222", region="eu-west-1"))
    return other, _value(other)


def _of_anywhere(made: _Made) -> tuple[Construct, str]:
    anywhere = Stack(made.app, "Anywhere")
    return anywhere, _value(anywhere)


def _of_another_stage(made: _Made) -> tuple[Construct, str]:
    inside = Stack(Stage(made.app, "Stage", env=HUB), "Spoke")
    return inside, _value(inside)


def _by_way_of_a_third_stack(made: _Made) -> tuple[Construct, str]:
    third = Stack(made.app, "Third", env=HUB)
    StringParameter(third, "Copy", parameter_name="/third", string_value=made.hub["base"].layer_version_arn)
    return made.spoke, _value(made.spoke, "/third")


def _by_way_of_a_third_export(made: _Made) -> tuple[Construct, str]:
    third = Stack(made.app, "Exporting", env=HUB)
    CfnOutput(third, "Out", value=made.hub["base"].layer_version_arn, export_name="third-arn")
    return made.spoke, Fn.import_value("third-arn")


def _of_its_own_export(made: _Made) -> tuple[Construct, str]:
    return made.hub, Fn.import_value("base-arn")


def _defined_twice(made: _Made) -> tuple[Construct, str]:
    StringParameter(made.hub, "Twice", parameter_name="/twice", string_value=made.hub["base"].layer_version_arn)
    StringParameter(Stack(made.app, "Second", env=HUB), "Twice", parameter_name="/twice", string_value=OTHER)
    return made.spoke, _value(made.spoke, "/twice")


def _exported_twice(made: _Made) -> tuple[Construct, str]:
    CfnOutput(made.hub, "Twice2", value=made.hub["base"].layer_version_arn, export_name="twice")
    CfnOutput(Stack(made.app, "SecondExport", env=HUB), "Twice", value=OTHER, export_name="twice")
    return made.spoke, Fn.import_value("twice")


def _unknown(made: _Made) -> tuple[Construct, str]:
    return made.spoke, _value(made.spoke, "/elsewhere/base")


def _before_its_layer(made: _Made) -> tuple[Construct, str]:
    first = Stack(made.app, "First", env=HUB)
    made.hub.add_stack_dependency(first)
    return first, _value(first)


@pytest.mark.parametrize(
    "way",
    [
        _fixed, _of_its_own_stack, _of_another_account, _of_anywhere, _of_another_stage, _by_way_of_a_third_stack,
        _by_way_of_a_third_export, _of_its_own_export, _defined_twice, _exported_twice, _unknown, _before_its_layer,
    ],
    ids=lambda way: way.__name__,
)  # fmt: skip
def test_code_relies_on_no_version_that_may_be_an_older_one(made: _Made, way: Any) -> None:
    """Where a deploy may give the function another version than the app's newest, its code is packed whole."""
    scope, arn = way(made)

    function = made.function(scope, f"Whole{way.__name__}", [arn])

    assert function.contents is not None
    assert function.contents.versions == {"six": "1.17.0"}
    resource: Any = function.node.default_child
    assert resource.get_metadata("cdk-layers:layer-digests") is None


def test_a_plain_layer_version_of_the_app_is_one(made: _Made) -> None:
    """The CDK's own layer versions are relied on as well, by the hash of their asset."""
    content = made.folder / "plain" / "python"
    (content / "six-1.17.0.dist-info").mkdir(parents=True)
    (content / "six.py").write_text("")
    (content / "six-1.17.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\n")
    (content / "six-1.17.0.dist-info" / "RECORD").write_text("six.py,,\n")
    plain = Stack(made.app, "Plain", env=HUB)
    layer = LayerVersion(plain, "Base", code=Code.from_asset(os.fspath(content.parent)))
    StringParameter(plain, "Parameter", parameter_name="/plain", string_value=layer.layer_version_arn)

    function = made.function(made.spoke, "OfPlain", [_value(made.spoke, "/plain")])

    assert function.contents is not None
    assert function.contents.versions == {}
    resource: Any = function.node.default_child
    assert resource.get_metadata("cdk-layers:layer-digests").startswith("Plain/Base=")


def test_a_function_and_its_version_move_with_an_imported_layer(tmp_path: Path) -> None:
    """A new content of the layer changes the function's template and its current version, in whatever app it is."""

    def synthesized(text: str, number: int) -> tuple[dict[str, str], list[str]]:
        (tmp_path / "base").mkdir(exist_ok=True)
        (tmp_path / "base" / "extra.py").write_text(text)
        made = _Made(tmp_path)
        # With this flag, the CDK's own hash of a version contains the ARNs of layers.
        made.app = new_app(tmp_path / f"out{number}", {SORTING: True})
        made.hub, made.spoke = made.another_hub("Hub"), Stack(made.app, "Spoke", env=HUB)
        other = made.hub.add_layer("other", entry=entry(tmp_path, "other"))
        function = made.function(made.spoke, "Fn", [_value(made.spoke), other])
        function.current_version.apply_removal_policy(RemovalPolicy.RETAIN)
        template = Template.from_stack(made.spoke).to_json()
        (resource,) = resources(template, CfnFunction.CFN_RESOURCE_TYPE_NAME).values()
        return digests(resource), [*resources(template, "AWS::Lambda::Version")]

    before, after = synthesized("A = 1\n", 1), synthesized("A = 2\n", 2)

    assert before[0].keys() == after[0].keys() == {"Hub/base", "Hub/other"}
    assert before[0] != after[0]
    assert before[1] != after[1]
