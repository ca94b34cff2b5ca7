"""References to shared layers across nested stacks, stages, accounts and Regions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Annotations, CfnParameter, NestedStack, ReferenceStrength, Stage

from cdk_layers.cdk.model.tokens import known
from cdk_layers.cdk.node.contract import is_template_of_others, publishing_role_facts, refer_to_nested_stack
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import Stack
    from aws_cdk.aws_lambda import CfnFunction

    from cdk_layers.cdk.follow.shared_layer import SharedLayer


class _WithStrength(set["Stack"]):
    """Nested stacks whose outputs have a reference strength set by this module."""


class _Publishers(dict[tuple[str, str], "Stack"]):
    """Stacks with layers that other accounts use, by account and stack name."""


class _Environment(NamedTuple):
    """The environment of a stack. None is unknown, as without `env`."""

    account: str | None
    region: str | None

    def __str__(self) -> str:
        return f"account {self.account or 'unknown'}, Region {self.region or 'unknown'}"


def set_nested_strength(stack: Stack, strength: ReferenceStrength | None) -> None:
    """Set the strength of references from other stacks into a nested stack.

    The CDK refers to an output of the outermost nested stack, so the strength applies to everything in it that other
    stacks refer to. It defaults to `BOTH`, which keeps exports that other stacks may import already. Functions do not
    use these exports.

    Args:
        stack: The stack of a shared layer. Nothing happens if it is not nested.
        strength: The strength that the user chose for the layer.
    """
    nested = _outermost_nested(stack)
    if nested is None:
        return
    done = state_of(stack).part(_WithStrength)
    if nested not in done:
        done.add(nested)
        refer_to_nested_stack(nested, strength or ReferenceStrength.BOTH)


def refuse_equal_role_names(consumer: Stack, layer: SharedLayer) -> None:
    """Reject a second stack of the same name and account whose layers other accounts use.

    The CDK adds an IAM role by which the other accounts read outputs, and names it after the stack. Role names are
    unique in an account, in all Regions.

    Args:
        consumer: The top-level stack of a function that uses the layer.
        layer: The layer.

    Raises:
        UsageError: There is such a stack, in another Region.
    """
    account, name = map(known, publishing_role_facts(layer.stack))
    if account is None or name is None or known(consumer.account) in {None, account}:
        return
    first = state_of(layer.stack).part(_Publishers).setdefault((account, name), layer.stack)
    if first is not layer.stack:
        message = (
            f"Stacks {first.node.path!r} and {layer.stack.node.path!r} in account {account} have the same name "
            f"{name!r}, and functions of other accounts use their layers. The CDK names the IAM role for that after "
            f"the stack, and role names are unique in an account, so the second stack could not be deployed. "
            f"Give each stack a different name, for example stack_name={f'{name}-{layer.stack.region}'!r}."
        )
        raise UsageError(message)


def refuse_unreadable(consumer: Stack, layer: SharedLayer) -> None:
    """Reject a layer whose ARN the CDK could not get from the layer's stack into the stack of a function.

    The CDK compares the environments of both stacks, and what it knows of one stack only is different. It reads the
    outputs of other accounts by the execution role of the function's stack.

    Args:
        consumer: The top-level stack of a function that uses the layer.
        layer: The layer, of another stack.

    Raises:
        UsageError: The environments do not suffice, or the function's stack cannot have an execution role.
    """
    own, other = (_Environment(known(stack.account), known(stack.region)) for stack in (consumer, layer.stack))
    if own == other:
        return
    path, hub = consumer.node.path, layer.stack.node.path
    users = f"Stack {path!r} ({own}) has functions that use the layer {layer.path!r} ({other})"
    if own.account != other.account and is_template_of_others(consumer):
        message = (
            f"{users}. The template of a product or stack set has no CloudFormation execution role, by which the CDK "
            f"would read the ARN. Add a CfnParameter for the ARN to {path!r} and write "
            f"layers=[parameter.value_as_string], or write the ARN itself, which is in the outputs of {hub!r}."
        )
        raise UsageError(message)
    # If the account of the layer alone is unknown, the CDK would name a role of "unknown-account".
    names_unknown_role = other.account is None and own.account is not None
    if names_unknown_role or None in {own.region, other.region}:
        message = (
            f"{users}. The CDK can refer from one stack to the other if it knows the environments of both, or if both "
            f"are the same. Pass env=Environment(account=..., region=...) to both {path!r} and {hub!r}, or to neither "
            f"if they are deployed to one account and Region."
        )
        raise UsageError(message)


def refuse_other_stage(path: str, stack: Stack, layer: SharedLayer) -> None:
    """Reject a layer of another stage, which the CDK synthesizes separately.

    One kind of reference is possible: to a layer of the app or of an outer stage, in another account. The CDK does not
    order the deploys of stages, so a warning names the stack to deploy first.

    Args:
        path: The construct path of the function.
        stack: The function's top-level stack.
        layer: A layer of another stage.

    Raises:
        UsageError: The reference cannot be resolved.
    """
    layer_stage = Stage.of(layer.stack)
    outer = Stage.of(stack)
    while outer is not None and outer is not layer_stage:
        outer = outer.parent_stage
    accounts = {known(stack.account), known(layer.stack.account)}
    if outer is not None and None not in accounts and len(accounts) > 1:
        text = (
            f"Function {path!r} uses the layer {layer.path!r}, which is outside of its stage. The CDK does not "
            f"order stages: deploy {layer.stack.node.path!r} first."
        )
        Annotations.of(stack).add_warning_v2(f"cdk-layers:stage-order:{layer.path}", text)
        return
    message = (
        f"Function {path!r} uses the layer {layer.path!r} of another stage ({_name(stack)} and {_name(layer.stack)}). "
        f"The CDK synthesizes each stage separately, so the function could not refer to the layer. Define the layers' "
        f"stack in the function's stage, too; or, within one account and Region, set parameter_prefix on a "
        f"MultiLayerStack and read the ARN with StringParameter.value_for_string_parameter."
    )
    raise UsageError(message)


def pass_arn(stack: Stack, layer: SharedLayer, arn: str) -> str:
    """Return a layer's ARN for a nested stack of another account, passed by template parameters of the nested stacks.

    The CDK reads another account's output by the CloudFormation execution role of a stack, and a nested stack has none.

    Args:
        stack: The function's stack, which is nested.
        layer: The layer.
        arn: Its ARN.
    """
    if not isinstance(stack, NestedStack) or stack.nested_stack_parent is None:
        return arn
    digest = hashlib.sha256(layer.path.encode()).hexdigest()[:8]
    name = f"LayerArn{re.sub('[^A-Za-z0-9]', '', layer.path)[-40:]}{digest}"
    parameter = stack.node.try_find_child(name)
    if not isinstance(parameter, CfnParameter):
        parameter = CfnParameter(stack, name, description=f"The ARN of the layer version {layer.path}")
        stack.set_parameter(name, pass_arn(stack.nested_stack_parent, layer, arn))
    return parameter.value_as_string


def needs_parameter(stack: Stack, layer: SharedLayer) -> bool:
    """Return whether a function of this stack gets the layer's ARN by a template parameter: see `pass_arn`."""
    if not isinstance(stack, NestedStack):
        return False
    accounts = {known(stack.account), known(layer.stack.account)}
    return None not in accounts and len(accounts) > 1


def refuse_plain_function(function: CfnFunction, layers: Iterable[SharedLayer]) -> None:
    """Reject a plain function in a nested stack that uses a layer of another account: see `pass_arn`.

    Raises:
        UsageError: The reference cannot be resolved.
    """
    stack = function.stack
    refused = [layer.path for layer in layers if needs_parameter(stack, layer)]
    if refused:
        path = function.node.path.rpartition("/")[0]
        message = (
            f"Function {path!r} is in the nested stack {stack.node.path!r} and uses the layer {refused[0]!r} of "
            f"another account. The CDK cannot refer from a nested stack to another account. Use a "
            f"LayeredFunction, which gets the ARN by a parameter of the nested stack, or move "
            f"the function out of the nested stack."
        )
        raise UsageError(message)


def _outermost_nested(stack: Stack) -> NestedStack | None:
    if not isinstance(stack, NestedStack) or stack.nested_stack_parent is None:
        return None
    return _outermost_nested(stack.nested_stack_parent) or stack


def _name(stack: Stack) -> str:
    stage = Stage.of(stack)
    return repr(stage.node.path) if stage is not None and stage.node.path else "the app"
