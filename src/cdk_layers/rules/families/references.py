"""References to layers of other stacks that lead nowhere, do not follow the layer, or lock it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer
from cdk_layers.rules.examples import function_yaml, template
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=150)

_STALE: Final = ("stack-output", "ssm-reference")
"""References whose text in the template is the same for every version. Template parameters that are read from SSM are
not: the CDK CLI never skips such a stack, and CloudFormation reads the value again (run)."""

_HUB = """\
stage = Stage(app, "Shared")
hub = Stack(stage, "Hub", env=Environment(account="111111111111", region="eu-west-1"))
base = SharedPythonLayer(
    hub, "Base", entry="layers/base", compatible_runtimes=[Runtime.PYTHON_3_13],
    grants=[LayerGrant.account("222222222222")],
)
"""
_FUNCTION = """\
Function(
    spoke, "Report", code=Code.from_asset("functions/report"),
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[base],
)
"""


@rule(
    "missing-output",
    Function,
    severity="error",
    meaning="A function reads the ARN of a layer from an output of a stack of the same app, and that stack's template "
    "has no such output. The CDK writes this where the stack is in another stage and in another account: it "
    "synthesizes each stage separately, and the layer's stage is written already when it adds the output.",
    remedy="Define the stack of the layers in the stage of the function.",
    source="aws-cdk-lib 2.275, run with two stages.",
    failing=f"""\
{_HUB}spoke = Stack(
    Stage(app, "Prod"), "Spoke",
    env=Environment(account="222222222222", region="eu-west-1"),
)
{_FUNCTION}""",
    passing=f"""\
{_HUB}spoke = Stack(stage, "Spoke", env=Environment(account="222222222222", region="eu-west-1"))
{_FUNCTION}""",
)
def missing_output(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search for references to outputs that a stack of the app does not have."""
    for use in dict.fromkeys(subject.layers or ()):
        if use.reference == "missing-output":
            yield Problem(
                f"Function {subject.where.path!r} reads the ARN of a layer from {use.layer.label!r}, and the stack of "
                "that name in this app has no such output."
            )


@rule(
    "stale-reference",
    Function,
    severity="warning",
    meaning="A function refers weakly (by a stack output or a dynamic reference such as `{{resolve:ssm:...}}`) to a "
    "layer of another stack, and nothing in its template depends on the layer's content. When the layer changes, the "
    "function's template does not, so the CDK finds nothing to deploy and the function stays on the old version. A "
    "template parameter of type `AWS::SSM::Parameter::Value` is not stale: it is read again at each deploy. Other "
    "resources are stale in the same way, such as an SSM parameter that is defined in another stack than the layer.",
    remedy="Use a `SharedPythonLayer`, which writes its digest into the Metadata of every function of the app that "
    "uses it, read the ARN with `StringParameter.value_for_string_parameter`, or write the hash of the layer's asset, "
    "which is in the S3Key of its Content, into the function's Metadata.",
    source="aws-cdk-lib 2.275 and the CDK CLI, run against a local AWS.",
    failing=f"""\
hub = Stack(app, "Hub", env=Environment(account="111111111111", region="eu-west-1"))
base = LayerVersion(
    hub, "Base", code=Code.from_asset("layers/base"),
    removal_policy=RemovalPolicy.RETAIN,
)
CrossStackReferences.of(base).produce(ReferenceStrength.WEAK)
spoke = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-west-1"))
{_FUNCTION}""",
    passing=f"""\
hub = MultiLayerStack(app, "Hub", env=Environment(account="111111111111", region="eu-west-1"))
base = hub.add_layer(
    "base", entry="layers/base",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
spoke = Stack(app, "Spoke", env=Environment(account="111111111111", region="eu-west-1"))
{_FUNCTION}""",
)
def stale_reference(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search the template for the digest of each layer with a weak reference."""
    for use in dict.fromkeys(subject.layers or ()):
        layer = use.layer
        follows = subject.follows if layer.asset is None else subject.follows & {layer.asset}
        can_follow = layer.is_resource and not layer.is_unbuilt and not subject.edge
        if use.reference in _STALE and can_follow and not follows:
            how = "a stack output" if use.reference == "stack-output" else "a dynamic reference to an SSM parameter"
            yield Problem(
                f"Function {subject.where.path!r} refers to the layer {layer.label!r} by {how}, and nothing in its "
                "template depends on the layer's content: it would not get a new version."
            )


@further_check("stale-reference", Layer)
def stale_use(subject: Layer, _: Settings) -> Iterator[Problem]:
    """Report what else refers to a layer weakly, such as an SSM parameter."""
    if subject.stale_uses:
        refer, would = ("refers", "it would") if len(subject.stale_uses) == 1 else ("refer", "they would")
        yield Problem(
            f"{quoted(subject.stale_uses)} {refer} to the layer {subject.label!r} by a stack output, and nothing in "
            f"the template depends on the layer's content: {would} keep the ARN of an old version.",
            remedy="Define what needs the ARN in the stack of the layer: `parameter_prefix` of a `MultiLayerStack` "
            "writes SSM parameters there.",
        )


@rule(
    "locked-export",
    Function,
    severity="warning",
    meaning="A function imports a layer's ARN that another stack exports. The ARN changes with the layer's content, "
    "and CloudFormation refuses to change an export that is in use.",
    remedy="Use a `SharedPythonLayer` or a `MultiLayerStack` without `reference_strength=ReferenceStrength.STRONG`, "
    "which functions refer to weakly and follow; or write the "
    "ARN to an SSM parameter, and read it with `StringParameter.value_for_string_parameter` (a template parameter of "
    "type `AWS::SSM::Parameter::Value<String>`).",
    source="CloudFormation; aws-cdk issue 1972.",
    aws_error="Export ... cannot be updated as it is in use by ...",
    failing=template(function_yaml("Layers: [!ImportValue 'Hub:BaseLayerArn']")),
    passing="Parameters:\n  Base: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /layers/base}\n"
    + template(function_yaml("Layers: [!Ref Base]")),
)
def locked_export(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search for imported ARNs."""
    labels = dict.fromkeys(use.layer.label for use in subject.layers or () if use.reference == "import-value")
    if labels:
        yield Problem(
            f"Function {subject.where.path!r} imports the ARN of {quoted(labels)} from another stack's exports: the "
            "next change of that layer cannot be deployed while it does."
        )
