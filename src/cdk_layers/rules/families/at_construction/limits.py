"""Limits on the number of layers, on their bytes, and on their metadata."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer
from cdk_layers.errors import LimitError
from cdk_layers.lambda_service import limits
from cdk_layers.lambda_service.runtimes import ARCHITECTURES
from cdk_layers.rules.examples import function_yaml, layer_yaml, sam_template, template
from cdk_layers.rules.facts.function_size import AT_THE_LIMIT, CODE, MOST_LISTED, FunctionSize, largest, smaller
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import count, listed, quoted, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents

register_family(__name__, order=10, error=LimitError)

_ARN: Final = "arn:aws:lambda:eu-west-1:111111111111:layer"
_TOGETHER: Final = "Code and layers count together: what moves from one to the other still counts."
_MOVE: Final = "or move what only some functions need to another layer."
_FEWER: Final = "or use fewer of these layers together."
_LEAVE_OUT: Final = f"or leave out of the code what a layer provides already. {_TOGETHER}"
_IN_TIME: Final = f"before the next upgrade passes the limit. {_TOGETHER}"
_RAISE: Final = f"or raise the budget: max_unzipped of the construct, or budget in [tool.cdk-layers]. {_TOGETHER}"
_LAYER_NAME_OR_ARN: Final = re.compile(r"[a-zA-Z0-9\-_]+|arn:.*")


def _layer_of(mebibytes: int, name: str = "Data") -> str:
    return f"""
{name}:
  Type: AWS::Serverless::LayerVersion
  Properties:
    ContentUri: layers/{mebibytes}-MiB.zip
"""


_DATA: Final = _layer_of(120)


def _function_with(*layers: str, code_mebibytes: int) -> str:
    return f"""
Report:
  Type: AWS::Serverless::Function
  Properties:
    Runtime: python3.13
    Handler: main.handler
    CodeUri: functions/{code_mebibytes}-MiB.zip
    Layers: [{", ".join(f"!Ref {layer}" for layer in layers)}]
"""


@rule(
    "too-many-layers",
    Function,
    severity="error",
    meaning="A function uses more than five layers.",
    remedy="Join layers that are always used together, or move what only this function needs into its own code.",
    source="Lambda's API, recorded by LocalStack's validated snapshots.",
    aws_error=limits.TOO_MANY_LAYERS,
    raised_at_construction=True,
    failing=template(function_yaml("Layers:", *(f"- {_ARN}:{name}:1" for name in ("a", "b", "c", "d", "e", "f")))),
    passing=template(function_yaml("Layers:", *(f"- {_ARN}:{name}:1" for name in ("a", "b", "c", "d", "e")))),
)
def too_many_layers(subject: Function, _: Settings) -> Iterator[Problem]:
    """Count the layers of a function."""
    used = subject.used_layers
    if len(used) > limits.MAX_LAYERS:
        labels = listed((repr(layer.label) for layer in used), MOST_LISTED)
        yield Problem(
            f"Function {subject.where.path!r} has {count(len(used), 'layer')}, {len(used) - limits.MAX_LAYERS} more "
            f"than the service's limit of {limits.MAX_LAYERS}: {labels}."
        )


@rule(
    "layer-too-large",
    Layer,
    severity="error",
    meaning="One layer contains more unzipped bytes than a function and all of its layers may have together. Exactly "
    "at the limit it is a warning: what the service does there is not verified.",
    remedy=smaller(_MOVE),
    source="Lambda's API and developer guide.",
    aws_error=limits.ARCHIVE_TOO_LARGE,
    raised_at_construction=True,
    failing=sam_template(_layer_of(260)),
    passing=sam_template(_DATA),
)
def layer_too_large(subject: Layer, settings: Settings) -> Iterator[Problem]:
    """Compare one layer with the limit."""
    if subject.contents is not None:
        measured = f"Layer {subject.label!r} is {size(subject.contents.unzipped_bytes)} unzipped"
        yield from _over(subject, measured, (subject.contents,), _MOVE, settings)


def _over(
    subject: Layer | Function, measured: str, parts: tuple[Contents, ...], others: str, settings: Settings
) -> Iterator[Problem]:
    excess = sum(contents.unzipped_bytes for contents in parts) - settings.limit_bytes
    if excess > 0:
        yield Problem(f"{measured}, {size(excess)} over the service's limit.{largest(parts)}", smaller(others, subject))
    elif excess == 0:
        yield Problem(
            f"{measured}, exactly the service's limit of {settings.limit_bytes} bytes. {AT_THE_LIMIT}{largest(parts)}",
            smaller(others, subject),
            severity="warning",
        )


def _a_layer_exceeds(subject: Function, threshold: int) -> bool:
    """Return whether a single layer of the app exceeds the threshold, which is reported once, for the layer."""
    return any(layer.is_resource and (layer.unzipped_bytes or 0) > threshold for layer in subject.used_layers)


@rule(
    "layers-too-large",
    Function,
    severity="error",
    meaning="The layers of a function together are over the limit, whatever its code is, though each is under it.",
    remedy=smaller(_FEWER),
    source="Lambda's API.",
    aws_error=limits.LAYERS_TOO_LARGE,
    raised_at_construction=True,
    failing=sam_template(_function_with("Data", "Science", code_mebibytes=1), _DATA, _layer_of(160, "Science")),
    passing=sam_template(_function_with("Data", code_mebibytes=1), _DATA, _layer_of(160, "Science")),
)
def layers_too_large(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Add up the layers without the code."""
    used = tuple(dict.fromkeys(subject.used_layers))
    known = tuple(layer.contents for layer in used if layer.contents is not None)
    total = sum(contents.unzipped_bytes for contents in known)
    if total > settings.limit_bytes and not _a_layer_exceeds(subject, settings.limit_bytes):
        at_least = "at least " if len(known) < len(used) else ""
        parts = ", ".join(
            f"{layer.label!r} {size(layer.unzipped_bytes)}" for layer in used if layer.unzipped_bytes is not None
        )
        measured = f"The layers of function {subject.where.path!r} are {at_least}{size(total)} unzipped ({parts})"
        yield from _over(subject, measured, known, _FEWER, settings)


@rule(
    "function-too-large",
    Function,
    severity="error",
    meaning="A function's code and its layers together, or its code alone, are over the limit. Exactly at the limit it "
    "is a warning: what the service does there is not verified.",
    remedy=smaller(_LEAVE_OUT),
    source="Lambda's API and developer guide.",
    aws_error=limits.FUNCTION_TOO_LARGE.format(unzipped_bytes="N"),
    raised_at_construction=True,
    failing=sam_template(_function_with("Data", code_mebibytes=160), _DATA),
    passing=sam_template(_function_with("Data", code_mebibytes=1), _DATA),
)
def function_too_large(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Compare the code, then the sum, with the limit. Other rules report layers that exceed it without the code."""
    total = FunctionSize.of(subject)
    start = f"Function {subject.where.path!r} is"
    if subject.code is not None and subject.code.unzipped_bytes > settings.limit_bytes:
        measured = f"{start} {size(subject.code.unzipped_bytes)} unzipped without its layers"
        for problem in _over(subject, measured, (subject.code,), _LEAVE_OUT, settings):
            yield replace(problem, aws_error=limits.ARCHIVE_TOO_LARGE)
    elif not _layers_exceed(subject, total, settings):
        aws_error = limits.FUNCTION_TOO_LARGE.format(unzipped_bytes=total.unzipped_bytes)
        parts = tuple(contents for _, contents in total.parts)
        for problem in _over(subject, f"{start} {total}", parts, _LEAVE_OUT, settings):
            yield replace(problem, aws_error=aws_error)


def _layers_exceed(subject: Function, total: FunctionSize, settings: Settings) -> bool:
    code_bytes = 0 if subject.code is None else subject.code.unzipped_bytes
    return total.unzipped_bytes - code_bytes > settings.limit_bytes


@rule(
    "near-size-limit",
    Layer,
    severity="warning",
    meaning="A layer, or a function with its layers, is over 90 % of the limit, or over the budget of the user. "
    "A budget replaces the 90 %; exceeding it is an error unless the settings make budgets warnings.",
    remedy=smaller(_IN_TIME),
    source="The limit: Lambda's developer guide. The 90 %: a choice of this project.",
    raised_at_construction=True,
    failing=sam_template(_layer_of(240)),
    passing=sam_template(_DATA),
)
def near_size_limit_of_layer(subject: Layer, settings: Settings) -> Iterator[Problem]:
    """Compare one layer with its budget, or with 90 % of the limit."""
    if subject.contents is not None:
        measured = f"Layer {subject.label!r} is {size(subject.contents.unzipped_bytes)} unzipped"
        yield from _near(subject, measured, (subject.contents,), settings)


@further_check("near-size-limit", Function)
def near_size_limit_of_function(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Compare a function with its budget, or with 90 % of the limit, unless one of its layers exceeds that already."""
    total = FunctionSize.of(subject)
    budget = _budget(subject, settings)
    threshold = settings.limit_bytes * 9 // 10 if budget is None else budget
    if subject.budget_bytes is not None or not _a_layer_exceeds(subject, threshold):
        parts = tuple(contents for _, contents in total.parts)
        yield from _near(subject, f"Function {subject.where.path!r} is {total}", parts, settings)


def _budget(subject: Layer | Function, settings: Settings) -> int | None:
    """Return the user's own limit on a subject, which overrides that of the settings; None for no limit."""
    return settings.budget_bytes if subject.budget_bytes is None else subject.budget_bytes


def _near(
    subject: Layer | Function, measured: str, parts: tuple[Contents, ...], settings: Settings
) -> Iterator[Problem]:
    known, budget = sum(contents.unzipped_bytes for contents in parts), _budget(subject, settings)
    if known >= settings.limit_bytes:
        return
    if budget is not None and known > budget:
        yield Problem(
            f"{measured}, {size(known - budget)} over its budget of {size(budget)}.{largest(parts)}",
            smaller(_RAISE, subject),
            severity="error" if settings.strict_budget else "warning",
        )
    elif budget is None and known * 10 > settings.limit_bytes * 9:
        share = known * 100 // settings.limit_bytes
        headroom = size(settings.limit_bytes - known)
        yield Problem(
            f"{measured}, {share} % of the service's limit; {headroom} are left.{largest(parts)}",
            smaller(_IN_TIME, subject),
        )


@rule(
    "size-unknown",
    Function,
    severity="warning",
    meaning="Some part of a function, such as a layer that is only an ARN, has a size that cannot be known here, so "
    "that the total is only a lower bound.",
    remedy="Leave room for it, or download its archive and look its size up: `aws lambda get-layer-version-by-arn "
    "--arn ... --query Content.Location` names its address, while CodeSize is its zipped size. If it fits, acknowledge "
    "this.",
    source="The limit: Lambda's developer guide.",
    failing=template(function_yaml(f"Layers: ['{_ARN}:tracing:7']")),
    passing=template(function_yaml("MemorySize: 256")),
)
def size_unknown(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Report parts of unknown size, together with the sum of the others.

    Code or a layer that was not built, such as that of a stack that `cdk deploy --exclusively` leaves out, is not
    reported: its size is known as soon as it is built, and `App.unread` names it. The same is true of what cannot be
    read, which `unreadable-content` reports. The limit does not apply to container images.
    """
    total = FunctionSize.of(subject)
    explained = {repr(layer.label) for layer in subject.used_layers if layer.is_unbuilt or layer.fault}
    explained |= {CODE} if subject.is_unbuilt or subject.fault else set()
    is_reported = subject.layers and not subject.image and total.parts and not explained.issuperset(total.unknown)
    if is_reported and total.unzipped_bytes < settings.limit_bytes:
        at_most = size(settings.limit_bytes - total.unzipped_bytes)
        yield Problem(
            f"Function {subject.where.path!r} is {total}; {at_most} remain for parts of unknown size.",
            # A function with little room is not one of many with the same layer.
            topic=", ".join(total.unknown) if total.unzipped_bytes * 2 < settings.limit_bytes else "",
        )


@rule(
    "layer-metadata",
    Layer,
    severity="error",
    meaning="A layer's name, description, license, runtimes or architectures do not match the lengths or patterns "
    "that the service accepts.",
    remedy="Shorten it, or use only the characters that the service accepts.",
    source="botocore 1.44.5, the service model of PublishLayerVersion.",
    raised_at_construction=True,
    failing=template(layer_yaml("CompatibleArchitectures: [x86_64, aarch64]")),
    passing=template(layer_yaml("CompatibleArchitectures: [x86_64, arm64]")),
)
def layer_metadata(subject: Layer, _: Settings) -> Iterator[Problem]:
    """Compare each string and list with the limits."""
    start = f"Layer {subject.label!r} has"
    for quantity, length, limit in (
        ("a name of {} characters", len(subject.name or ""), limits.MAX_LAYER_NAME_CHARACTERS),
        ("a description of {} characters", len(subject.description or ""), limits.MAX_DESCRIPTION_CHARACTERS),
        ("a license of {} characters", len(subject.license or ""), limits.MAX_LICENSE_CHARACTERS),
        ("{} compatible runtimes", len(subject.runtimes or ()), limits.MAX_COMPATIBLE_RUNTIMES),
        ("{} compatible architectures", len(subject.architectures or ()), limits.MAX_COMPATIBLE_ARCHITECTURES),
    ):
        if length > limit:
            yield Problem(f"{start} {quantity.format(length)}; the service's limit is {limit}.")
    if subject.name is not None and not _LAYER_NAME_OR_ARN.fullmatch(subject.name):
        yield Problem(f"{start} the name {subject.name!r}; the service accepts letters, digits, '-' and '_'.")
    unknown = [name for name in subject.architectures or () if name not in ARCHITECTURES]
    if unknown:
        yield Problem(f"{start} the architecture {quoted(unknown)}; the service accepts {quoted(ARCHITECTURES)}.")
