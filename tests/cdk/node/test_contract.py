"""Each undocumented fact of the CDK that this library relies on, shown on plain constructs of the CDK alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    Aspects,
    AssetStaging,
    BundlingOptions,
    CfnOutput,
    CfnResource,
    CrossStackReferences,
    DockerImage,
    Environment,
    IAspect,
    IPolicyValidationPlugin,
    IPropertyInjector,
    NestedStack,
    PolicyValidationPluginReport,
    PropertyInjectors,
    ReferenceStrength,
    Stack,
    Token,
    Validations,
)
from aws_cdk.assertions import Annotations, Match, Template
from aws_cdk.aws_cloudfront.experimental import EdgeFunction
from aws_cdk.aws_lambda import (
    AdotInstrumentationConfig,
    AdotLambdaExecWrapper,
    AdotLambdaLayerPythonSdkVersion,
    AdotLayerVersion,
    CfnVersion,
    Code,
    Function,
    LambdaInsightsVersion,
    LayerVersion,
    ParamsAndSecretsLayerVersion,
    ParamsAndSecretsVersions,
    Runtime,
    Version,
)
from aws_cdk.aws_servicecatalog import ProductStack
from constructs import Construct

from cdk_layers.cdk.node import contract
from tests.cdk.apps import HUB, SORTING, inline

if TYPE_CHECKING:
    from aws_cdk import IPolicyValidationContext
    from constructs import IConstruct

_EXTENSIONS: dict[str, Any] = {
    "adot_instrumentation": AdotInstrumentationConfig(
        exec_wrapper=AdotLambdaExecWrapper.INSTRUMENT_HANDLER,
        layer_version=AdotLayerVersion.from_python_sdk_layer_version(AdotLambdaLayerPythonSdkVersion.LATEST),
    ),
    "insights_version": LambdaInsightsVersion.VERSION_1_0_229_0,
    "params_and_secrets": ParamsAndSecretsLayerVersion.from_version(ParamsAndSecretsVersions.V1_0_103),
}


def _layer(stack: Stack, name: str, folder: Path) -> LayerVersion:
    return LayerVersion(stack, name, code=Code.from_asset(str(folder)))


def test_objects_of_node_have_one_identity(stack: Stack) -> None:
    """An object that Node created is another Python object each time, with the same identity."""
    function = Function(stack, "F", **inline())
    assert contract.identity(function.node.default_child) == contract.identity(function.node.default_child)
    assert contract.identity(Runtime.PYTHON_3_13) == contract.identity(Runtime.PYTHON_3_13)
    assert contract.identity(function) != contract.identity(stack)


def test_assets_are_staged_below_code_and_stage(stack: Stack, folder: Path) -> None:
    """The staged asset of a layer and a function is found, and inline code has none."""
    layer = _layer(stack, "L", folder)
    function = Function(stack, "F", **inline(code=Code.from_asset(str(folder))))
    for construct in (layer, function):
        staged = contract.asset_staging(construct.node)
        assert isinstance(staged, AssetStaging)
        assert staged.asset_hash in staged.absolute_staged_path
    assert contract.asset_staging(Function(stack, "G", **inline()).node) is None


def test_lists_that_are_tokens_are_recognized() -> None:
    """A list that stands for a token is distinguished from a plain one."""
    assert contract.is_encoded_list(Token.as_list({"Ref": "Runtimes"}))
    assert not contract.is_encoded_list(["python3.13"])


def test_strings_with_tokens_are_recognized() -> None:
    """A string that contains a token is distinguished from a plain one."""
    assert contract.is_encoded_text(f"tests/{Token.as_string({'Ref': 'Folder'})}/")
    assert not contract.is_encoded_text("tests/$HOME/${Token}/")


def test_the_current_version_leads_to_its_function(stack: Stack) -> None:
    """Only the version that the CDK makes itself leads to its function."""
    function = Function(stack, "F", **inline())
    other = Version(stack, "V", lambda_=function)
    for version, expected in ((function.current_version, function), (other, None)):
        resource = version.node.default_child
        assert isinstance(resource, CfnVersion)
        assert contract.function_of_current_version(resource) is expected


def test_an_arn_resolves_to_its_logical_id_in_any_stack(app: App, stack: Stack, folder: Path) -> None:
    """Before references are prepared, a layer's ARN is a plain Ref, even in another stack."""
    layer = _layer(stack, "L", folder)
    resource = layer.node.default_child
    assert isinstance(resource, CfnResource)
    resolved = Stack(app, "Spoke", env=HUB).resolve(layer.layer_version_arn)
    assert contract.logical_id(resolved) == stack.resolve(resource.logical_id)


@pytest.mark.parametrize(("selected", "is_bundled"), [(None, True), ([], False), (["Hub"], True), (["Other"], False)])
def test_the_stacks_to_bundle_are_context(tmp_path: Path, selected: list[str] | None, is_bundled: bool) -> None:
    """Without the context every stack is bundled, and with it the named ones alone."""
    context = {} if selected is None else {"aws:cdk:bundling-stacks": selected}
    app = App(outdir=str(tmp_path / "out"), context=context)
    assert Stack(app, "Hub").bundling_required is is_bundled
    assert contract.leaves_out_bundling(app) is (selected is not None)


@pytest.mark.parametrize("is_set", [True, False])
def test_one_flag_sorts_layers_and_makes_versions_follow_them(tmp_path: Path, folder: Path, is_set: bool) -> None:
    """With the flag, layers are sorted by their paths, and a layer changes the version's logical id."""
    app = App(outdir=str(tmp_path / "out"), context={SORTING: is_set})
    stack = Stack(app, "Hub")
    assert contract.recognizes_layers(stack) is is_set
    layers = [LayerVersion.from_layer_version_arn(stack, name, f"arn:aws:lambda:eu-west-1:111111111111:layer:{name}:1")
              for name in ("b", "a")]  # fmt: skip
    Function(stack, "F", layers=layers, **inline()).current_version  # noqa: B018
    [found] = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    names = [arn.split(":")[-2] for arn in found["Properties"]["Layers"]]
    assert names == (["a", "b"] if is_set else ["b", "a"])


@pytest.mark.parametrize("name", [None, *_EXTENSIONS])
def test_arguments_by_which_the_cdk_adds_layers(stack: Stack, name: str | None) -> None:
    """A function has layers of the CDK's own when, and only when, one of these arguments is given."""
    arguments = {} if name is None else {name: _EXTENSIONS[name]}
    assert contract.adds_layers(arguments) is (name is not None)
    code = Code.from_inline("def handler(event, context): pass")
    Function(stack, "F", code=code, handler="index.handler", runtime=Runtime.PYTHON_3_12, **arguments)
    [found] = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    assert len(found["Properties"].get("Layers", ())) == (name is not None)


@pytest.mark.parametrize("injected", [Function, LayerVersion, None])
def test_injectors_of_functions(stack: Stack, injected: type[Function | LayerVersion] | None) -> None:
    """An injector of a scope is applied to the functions in it if it is for `Function`."""
    applied: list[str] = []

    @jsii.implements(IPropertyInjector)
    class Injector:
        @property
        def construct_unique_id(self) -> str:
            return "" if injected is None else injected.PROPERTY_INJECTION_ID

        def inject(self, original_props: Any, *, scope: Construct, id: str) -> Any:  # noqa: A002, ARG002
            applied.append(id)
            return original_props

    if injected is not None:
        PropertyInjectors.of(stack).add(Injector())
    assert contract.injects_into_functions(stack) is (injected is Function)
    Function(Construct(stack, "Inner"), "F", **inline())
    assert applied == (["F"] if injected is Function else [])
    assert not contract.injects_into_functions(stack.node.find_child("Inner"))


@jsii.implements(IAspect)
class _Notes:
    def __init__(self, name: str, notes: list[tuple[str, str]], then: IConstruct | None = None) -> None:
        self._name, self._notes, self._then = name, notes, then

    def visit(self, node: IConstruct) -> None:
        self._notes.append((self._name, node.node.id))
        if self._then is not None:
            contract.visit_after_users(self._then, _Notes("added", self._notes))


@pytest.mark.parametrize("stabilizes", [True, False])
def test_an_aspect_runs_after_those_of_users(tmp_path: Path, stabilizes: bool) -> None:
    """It is the last to visit a construct, and what it adds to a later construct is called, too."""
    app = App(outdir=str(tmp_path / "out"), context={"@aws-cdk/core:aspectStabilization": stabilizes})
    stack = Stack(app, "Hub")
    first, last = (CfnResource(stack, name, type="AWS::SNS::Topic") for name in ("First", "Last"))
    notes: list[tuple[str, str]] = []
    contract.visit_after_users(first, _Notes("ours", notes, then=last))
    Aspects.of(first).add(_Notes("user's", notes))
    app.synth()
    assert notes == [("user's", "First"), ("ours", "First"), ("added", "Last")]


@jsii.implements(IPolicyValidationPlugin)
class _Plugin:
    def __init__(self, name: str, called: list[str]) -> None:
        self._name, self._called = name, called

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        return "1"

    @property
    def rule_ids(self) -> list[str]:
        return []

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:  # noqa: ARG002 - the name is the interface's
        self._called.append(self._name)
        return PolicyValidationPluginReport(success=True, violations=[])


def test_the_last_plugin_comes_after_those_of_users(app: App) -> None:
    """A plugin that the user adds later is called before, and nothing is called twice in one synthesis."""
    called: list[str] = []
    contract.add_last_plugin(app, _Plugin("ours", called), lambda: called.append("added"))
    CfnResource(Stack(app, "Hub"), "Topic", type="AWS::SNS::Topic")
    Validations.of(app).add_plugins(_Plugin("users", called))
    app.synth()
    assert called == ["added", "users", "ours"]


@pytest.mark.parametrize(("value", "expected"), [(None, False), (True, False), (False, True), ("false", True)])
def test_the_cli_says_in_context_that_it_reports(tmp_path: Path, value: object, expected: bool) -> None:
    """The CLI turns the app's own report off, by a Boolean or its text."""
    context = {} if value is None else {"@aws-cdk/core:failSynthOnValidationErrors": value}
    assert contract.is_reported_by_cli(App(outdir=str(tmp_path / "out"), context=context)) is expected


def test_acknowledgements_are_metadata(stack: Stack) -> None:
    """What was acknowledged is found at its own construct, and nothing else is."""
    Validations.of(stack).acknowledge(Acknowledgment(id="cdk-layers::too-many-layers", reason="It is."))
    assert contract.is_acknowledged(stack, "cdk-layers::too-many-layers")
    assert not contract.is_acknowledged(stack, "cdk-layers::over-size-limit")
    assert not contract.is_acknowledged(stack.node.root, "cdk-layers::too-many-layers")


class _Image(DockerImage):
    """An image whose run is Python's."""

    def __init__(self, text: str) -> None:
        super().__init__("none")
        self.text = text

    def run(self, *, volumes: Any = None, **_: object) -> None:
        folder = contract.output_folder(volumes)
        assert folder is not None
        if self.text:
            (Path(folder) / "made.txt").write_text(self.text)


def test_an_image_in_python_is_run_with_an_output_folder(stack: Stack, folder: Path) -> None:
    """What an image's `run` writes into the mounted output folder is the asset."""
    code = Code.from_asset(str(folder), bundling=BundlingOptions(image=_Image("made")))
    staged = contract.asset_staging(LayerVersion(stack, "L", code=code).node)
    assert staged is not None
    assert (Path(staged.absolute_staged_path) / "made.txt").read_text() == "made"
    assert contract.output_folder(None) is None


def test_runtimes_of_an_imported_layer(stack: Stack) -> None:
    """An import by its ARN alone says all runtimes, which means that the user gave none."""
    arn = "arn:aws:lambda:eu-west-1:111111111111:layer:base:1"
    bare = LayerVersion.from_layer_version_arn(stack, "Bare", arn)
    told = LayerVersion.from_layer_version_attributes(
        stack, "Declared", layer_version_arn=arn, compatible_runtimes=[Runtime.PYTHON_3_13]
    )
    assert contract.given_runtimes(bare) == ()
    assert [runtime.name for runtime in contract.given_runtimes(told)] == ["python3.13"]


def test_images_have_a_runtime_of_this_name() -> None:
    """A function from an image has a runtime whose name is no runtime of Lambda's."""
    assert Runtime.FROM_IMAGE.name == contract.IMAGE_RUNTIME


def test_stacks_of_edge_functions_are_recognized(app: App) -> None:
    """An edge function of another Region is in a stack that the CDK made."""
    spoke = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-west-1"))
    edge = EdgeFunction(spoke, "Edge", **inline())
    assert contract.is_edge_stack(Stack.of(edge.current_version.lambda_))
    assert not contract.is_edge_stack(spoke)


@pytest.mark.parametrize("is_silenced", [True, False])
def test_the_recommendation_of_a_strength_can_be_silenced(
    app: App, stack: Stack, folder: Path, is_silenced: bool
) -> None:
    """The CDK recommends to configure a strength at the stack that refers, unless that is acknowledged."""
    spoke = Stack(app, "Spoke", env=HUB)
    Function(spoke, "F", layers=[_layer(stack, "L", folder)], **inline())
    if is_silenced:
        contract.acknowledge_reference_strength(spoke)
    app.synth()
    found = Annotations.from_stack(spoke).find_warning("*", Match.string_like_regexp("strength configured"))
    assert (not found) is is_silenced


@pytest.mark.parametrize("strength", [ReferenceStrength.STRONG, ReferenceStrength.WEAK])
def test_references_into_a_nested_stack_have_the_strength_of_its_resource(
    app: App, stack: Stack, folder: Path, strength: ReferenceStrength
) -> None:
    """Other stacks refer to an output of the nested stack's resource, by an export only if that is strong."""
    nested = NestedStack(stack, "Nested")
    contract.refer_to_nested_stack(nested, strength)
    CfnOutput(Stack(app, "Spoke", env=HUB), "Used", value=_layer(nested, "L", folder).layer_version_arn)
    outputs = app.synth().get_stack_artifact("Hub").template.get("Outputs", {})
    assert any("Export" in output for output in outputs.values()) is (strength is ReferenceStrength.STRONG)


def test_roles_for_other_accounts_are_named_after_the_stacks_name(app: App, folder: Path) -> None:
    """Stacks of one name in two Regions get roles of one name."""
    stacks = []
    for region in ("eu-west-1", "us-east-1"):
        env, other = (Environment(account=account, region=region) for account in ("111111111111", "222222222222"))
        hub = Stack(app, f"Hub-{region}", stack_name="layers", env=env)
        layer = _layer(hub, "L", folder)
        CrossStackReferences.of(layer).produce(ReferenceStrength.WEAK)
        CfnOutput(Stack(app, f"Spoke-{region}", env=other), "Used", value=layer.layer_version_arn)
        stacks.append(hub)
    assembly = app.synth()
    templates = [assembly.get_stack_artifact(hub.artifact_id).template for hub in stacks]
    roles = [body for one in templates for body in one["Resources"].values() if body["Type"] == "AWS::IAM::Role"]
    first, second = (role["Properties"]["RoleName"] for role in roles)
    assert first == second
    assert len(set(map(contract.publishing_role_facts, stacks))) == 1


def test_products_are_recognized_by_the_name_of_their_template(stack: Stack) -> None:
    """The CDK writes their templates as assets, and neither a plain stack nor a nested one has such a name."""
    assert contract.is_template_of_others(ProductStack(stack, "Product"))
    assert not contract.is_template_of_others(stack)
    assert not contract.is_template_of_others(NestedStack(stack, "Nested"))
