"""Orders of layers in a template that the app does not declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Layer, LayerUse, Settings

register_family(__name__, order=130)


@rule(
    "layer-order-changed",
    Function,
    severity="error",
    meaning="The template lists a function's layers in another order than the app declares, or without one of them. "
    "Layers merge in the listed order and the last one wins, so another order can mean other files. The CDK's feature "
    "flag `@aws-cdk/aws-lambda:recognizeLayerVersion` sorts layers by construct path; aspects and overrides can "
    "reorder them too. A warning where the layers are known to share no file with different content.",
    remedy="Use `LayeredFunction`, which keeps the order regardless of the flag, and remove the aspect or override.",
    source="Lambda's developer guide for the merge order; aws-cdk-lib 2.275 for the flag.",
    failing="""\
stack = Stack(app, "Spoke")
base = SharedPythonLayer(
    stack, "Base", entry="layers/base",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
company = SharedPythonLayer(
    stack, "Company", entry="layers/company",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
function = LayeredFunction(
    stack, "Report", entry="functions/report",
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[company, base],
)
arns = [base.layer_version_arn, company.layer_version_arn]
function.node.default_child.add_property_override("Layers", arns)
""",
    passing="""\
stack = Stack(app, "Spoke")
base = SharedPythonLayer(
    stack, "Base", entry="layers/base",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
company = SharedPythonLayer(
    stack, "Company", entry="layers/company",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
LayeredFunction(
    stack, "Report", entry="functions/report",
    handler="main.handler", runtime=Runtime.PYTHON_3_13,
    layers=[company, base],
)
""",
)
def layer_order_changed(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare the declared labels with those in the template. Further layers there do not change the order."""
    declared = subject.declared_layers
    # None is declared where the condition of the only one does not hold.
    if not declared or subject.layers is None:
        return
    rendered = tuple(layer.label for layer in subject.used_layers)
    missing = [label for label in declared if label not in rendered]
    start = f"Function {subject.where.path!r} declares its layers as {quoted(declared)}"
    if missing and all(_is_known(use) for use in subject.layers):
        yield Problem(f"{start}, and the template leaves out {quoted(missing)}.")
    elif [label for label in rendered if label in declared] != [label for label in declared if label in rendered]:
        harmless = _have_no_conflict(subject.used_layers)
        yield Problem(
            f"{start}, and the template lists them as {quoted(rendered)}: {rendered[-1]!r} wins there."
            + " They share no file with different content, so the merged files are the same." * harmless,
            severity="warning" if harmless else "error",
        )


def _have_no_conflict(layers: Sequence[Layer]) -> bool:
    """Return whether the contents of layers are known and merge to the same files in any order."""
    merged: dict[str, tuple[int, ...]] = {}
    for layer in dict.fromkeys(layers):
        if layer.contents is None:
            return False
        for path, file in layer.contents.files.items():
            if merged.setdefault(path, file[:2]) != file[:2]:
                return False
    return True


def _is_known(use: LayerUse) -> bool:
    return use.reference != "unknown" and (use.layer.is_resource or use.layer.raw_arn is not None)
