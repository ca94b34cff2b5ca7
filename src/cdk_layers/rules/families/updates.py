"""Updates that fail on the way to a valid state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function
from cdk_layers.lambda_service import limits
from cdk_layers.rules.facts.function_size import AT_THE_LIMIT, FunctionSize
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=190)


@rule(
    "update-too-large",
    Function,
    severity="error",
    meaning="CloudFormation updates a function's layers before its code. In between, the deployed code and "
    "the new layers together have to be within the limit, so moving packages from the code into a layer can fail "
    "although the result fits. Checked if the deployed assembly is given: `cdk-layers check --deployed OLD_CDK_OUT`. "
    "Exactly at the limit it is a warning.",
    remedy="Deploy in two steps: first the smaller code, with the layers that are deployed now (or with a layer that "
    "is small enough), then the new layers. Or give the function a new logical id, which creates a new function.",
    source="aws-cdk issue 8446; the limit: Lambda's developer guide.",
    aws_error=limits.FUNCTION_TOO_LARGE.format(unzipped_bytes="N"),
    failing="# 160 MiB of code and no layer are deployed; 1 MiB of code and a layer of 120 MiB are to be\n"
    "deployed/Code.zip: 160 MiB\nCode.zip: 1 MiB\nLayer0.zip: 120 MiB\n",
    passing="# 60 MiB of code and no layer are deployed; 1 MiB of code and a layer of 120 MiB are to be\n"
    "deployed/Code.zip: 60 MiB\nCode.zip: 1 MiB\nLayer0.zip: 120 MiB\n",
)
def update_too_large(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Add up the deployed code and the new layers, unless the layers do not change or the new state is too large."""
    deployed = subject.deployed
    if deployed is None or deployed.code is None or not subject.layers or _same_layers(subject, deployed):
        return
    total = FunctionSize.of(subject)
    layers = total.unzipped_bytes - (0 if subject.code is None else subject.code.unzipped_bytes)
    during_update = deployed.code.unzipped_bytes + layers
    if (
        during_update < settings.limit_bytes
        or total.unzipped_bytes > settings.limit_bytes
        or layers > settings.limit_bytes
    ):
        return
    excess = during_update - settings.limit_bytes
    measured = f"{size(excess)} over the service's limit" if excess else "exactly the service's limit"
    yield Problem(
        f"While function {subject.where.path!r} is updated, its deployed code "
        f"({size(deployed.code.unzipped_bytes)}) and its new layers ({size(layers)}) are {size(during_update)} "
        f"together, {measured}."
        f"{'' if excess else f' {AT_THE_LIMIT}'}",
        severity="error" if excess else "warning",
        aws_error=limits.FUNCTION_TOO_LARGE.format(unzipped_bytes=during_update) if excess else "",
    )


def _same_layers(subject: Function, deployed: Function) -> bool:
    """Return whether an update does not change the layers."""
    now, before = ([(layer.label, layer.asset) for layer in function.used_layers] for function in (subject, deployed))
    return now == before and all(asset is not None or not layer.is_resource
                                 for layer, (_, asset) in zip(subject.used_layers, now, strict=True))  # fmt: skip
