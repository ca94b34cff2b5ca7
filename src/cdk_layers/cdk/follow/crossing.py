"""References to shared layers across nested stacks, stages, accounts and Regions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from aws_cdk import Annotations, CfnParameter, NestedStack, ReferenceStrength, Stage

from cdk_layers.cdk.model.constructs import known
from cdk_layers.cdk.node.contract import publishing_role_facts, refer_to_nested_stack
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import Stack
    from aws_cdk.aws_lambda import CfnFunction

    from cdk_layers.cdk.follow.shared import Shared


class _Loosened(set["Stack"]):
    """Nested stacks whose outputs other stacks refer to by a strength of their own."""


class _Publishers(dict[tuple[str, str], "Stack"]):
    """Stacks whose layers other accounts use, by account and stack name."""


def loosen(stack: Stack, strength: ReferenceStrength | None) -> None:
    """Set how other stacks refer to what a nested stack contains.

    The CDK refers to an output of the outermost nested stack, so this counts for all that other stacks refer to in it.
    Thus `BOTH` by default: it keeps exports that other stacks may import already, and functions do not use them.

    Args:
        stack: The stack of a shared layer. Nothing happens if it is not nested.
        strength: The strength that the user chose for the layer.
    """
    nested = _outermost_nested(stack)
    if nested is None:
        return
    loosened = state_of(stack).part(_Loosened)
    if nested not in loosened:
        loosened.add(nested)
        refer_to_nested_stack(nested, strength or ReferenceStrength.BOTH)


def refuse_equal_role_names(consumer: Stack, layer: Shared) -> None:
    """Refuse a second layer stack of the same name whose layers are used from another account.

    The CDK names the IAM role by which another account reads an output after the stack's name, and the names of roles
    are global to an account.

    Args:
        consumer: The top-level stack of a function that uses the layer.
        layer: The layer.

    Raises:
        UsageError: Another stack of the same name and account, in another Region, is used from another account, too.
    """
    account, name = map(known, publishing_role_facts(layer.stack))
    if account is None or name is None or known(consumer.account) in {None, account}:
        return
    taken = state_of(layer.stack).part(_Publishers).setdefault((account, name), layer.stack)
    if taken is not layer.stack:
        message = (
            f"Stacks {taken.node.path!r} and {layer.stack.node.path!r} in account {account} have the same name "
            f"{name!r}, and functions of other accounts use their layers. The CDK names the IAM role for that after "
            f"the stack's name, and role names are unique in an account, so the second stack could not be deployed. "
            f"Give each stack a name of its own, for example stack_name={f'{name}-{layer.stack.region}'!r}."
        )
        raise UsageError(message)


def refuse_other_stage(path: str, stack: Stack, layer: Shared) -> None:
    """Refuse a layer of a stage that the CDK synthesizes without knowing of the function.

    A layer of the app, or of a stage around the function's, that another account uses can be referred to. The CDK keeps
    no order between stages, so a warning says what to deploy first.

    Args:
        path: The construct path of the function.
        stack: The function's top-level stack.
        layer: A layer of another stage.

    Raises:
        UsageError: The reference cannot be resolved.
    """
    home = Stage.of(layer.stack)
    outer = Stage.of(stack)
    while outer is not None and outer is not home:
        outer = outer.parent_stage
    accounts = {known(stack.account), known(layer.stack.account)}
    if outer is not None and None not in accounts and len(accounts) > 1:
        text = (
            f"Function {path!r} uses the layer {layer.path!r}, which is outside of its stage. The CDK keeps no order "
            f"between stages: deploy {layer.stack.node.path!r} first."
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


def arn_in(stack: Stack, layer: Shared, arn: str) -> str:
    """Return a layer's ARN for use in a nested stack of another account, handed over by template parameters.

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
        stack.set_parameter(name, arn_in(stack.nested_stack_parent, layer, arn))
    return parameter.value_as_string


def is_handed_over(stack: Stack, layer: Shared) -> bool:
    """Return whether a function of this stack gets the layer's ARN by a template parameter: see `arn_in`."""
    if not isinstance(stack, NestedStack):
        return False
    accounts = {known(stack.account), known(layer.stack.account)}
    return None not in accounts and len(accounts) > 1


def refuse_plain_function(function: CfnFunction, layers: Iterable[Shared]) -> None:
    """Refuse a plain function of a nested stack that uses a layer of another account: see `arn_in`.

    Raises:
        UsageError: The reference cannot be resolved.
    """
    stack = function.stack
    refused = [one.path for one in layers if is_handed_over(stack, one)]
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
