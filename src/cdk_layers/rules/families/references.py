"""References to outputs that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function
from cdk_layers.errors import SharingError
from cdk_layers.rules.registry import Problem, register_family, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=150, error=SharingError)

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
    spoke, "Report", code=Code.from_asset("functions/report"), handler="main.handler", runtime=Runtime.PYTHON_3_13,
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
{_HUB}spoke = Stack(Stage(app, "Prod"), "Spoke", env=Environment(account="222222222222", region="eu-west-1"))
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
