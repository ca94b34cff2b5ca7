"""Layers of the app that a function imports by a token, found while the function is being made.

The token may lead to the layer by an SSM parameter, an export, an attribute, or a parameter of a nested stack. After
synthesis `assembly/` follows the same ways, in templates; a function's code is built before there is any template.

What is found here is relied on: the code of the function leaves out what the layer contains. So only ways count that
give the function the layer's new version in the deploy that brings the new code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import (
    CfnOutput,
    CfnParameter,
    CfnResource,
    ConstructSelector,
    DefaultTokenResolver,
    Mixins,
    NestedStack,
    Reference,
    Stack,
    Stage,
    StringConcat,
    Tokenization,
)
from aws_cdk.aws_lambda import CfnLayerVersion, LayerVersion

from cdk_layers.cdk.follow.references import shared_layer, top_of
from cdk_layers.cdk.follow.shared import Shared
from cdk_layers.cdk.model.constructs import known
from cdk_layers.cdk.model.function_model import arn_of, model_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import IPostProcessor, IResolvable, IResolveContext
    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import IConstruct

_MARK: Final = re.compile("\0([0-9]+)\0")
"""Stands for a reference to a construct in a text, so that texts which contain one can be joined and split."""

_DYNAMIC: Final = re.compile(r"\{\{resolve:ssm:([^}]+)\}\}")
"""A dynamic reference to the newest version of an SSM parameter. Source: CloudFormation's user guide."""

_PARAMETER_ARN: Final = re.compile(r"arn:[^:]*:ssm:[^:]*:[0-9]{12}:parameter(/[^:]+)")
_FROM_SSM: Final = "AWS::SSM::Parameter::Value<"
_SSM: Final = "AWS::SSM::Parameter"
_LONGEST_WAY: Final = 20
"""So many references are followed, one after the other."""


def rely_on(layer: ILayerVersion | str, stack: Stack) -> Shared | None:
    """Deploy a stack after the layer of the app that an import leads to, so that code may leave out what it contains.

    Args:
        layer: What a function was given as a layer, or its ARN.
        stack: The function's stack.

    Returns:
        The layer, or None: it is not an import, it is not known where it leads, that layer contains no distributions,
        or its stack cannot be deployed first.
    """
    found = imported_layer(layer, stack)
    model = None if found is None else model_of(found)
    if found is None or model is None or model.contents is None or not model.contents.distributions:
        return None
    shared = shared_layer(found) or Shared(found, model.where.path, top_of(Stack.of(found)), model.asset)
    own = top_of(stack)
    if shared.stack is not own:
        try:
            own.add_stack_dependency(shared.stack, reason=f"code of its functions relies on the layer {shared.path}")
        except RuntimeError:
            return None
    return shared


def imported_layer(layer: ILayerVersion | str, stack: Stack) -> LayerVersion | None:
    """Return the layer version of the app that an import leads to; None where it is not known, or not safe to rely on.

    It is safe where the layer's stack, which has to be another one of the same stage, account and Region, defines
    the parameters or exports on the way, and no version of a parameter is fixed.

    Args:
        layer: The import, or its ARN.
        stack: The function's stack.
    """
    arn = layer if isinstance(layer, str) else arn_of(layer)
    if known(arn) is not None or (not isinstance(layer, str) and model_of(layer).is_resource):
        return None
    return _Way(stack).end(arn)


class _Way:
    """What one function's import leads to."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stage = Stage.of(stack)
        self._targets = _Targets()
        self._passed: list[Stack] = []
        """Stacks that define what the way goes through."""

        self._names_of: list[Stack] = []
        """Those among them whose parameters or exports are found by name."""

        self._steps = 0

    def end(self, arn: str) -> LayerVersion | None:
        """Return the layer at the end of the way from an ARN."""
        match = _MARK.fullmatch(self._text(arn, self._stack) or "")
        target = None if match is None else self._targets.found[int(match[1])][0]
        layer = target.node.scope if isinstance(target, CfnLayerVersion) else None
        return layer if isinstance(layer, LayerVersion) and self._is_safe(layer) else None

    def _is_safe(self, layer: LayerVersion) -> bool:
        own, home = top_of(self._stack), top_of(Stack.of(layer))
        # Parameters and exports of a stack have their old values when functions of the same stack read them by name.
        here = own is home and not self._names_of
        elsewhere = own is not home and self._is_deployed_with(home) and all(one is home for one in self._passed)
        return here or elsewhere

    def _is_deployed_with(self, home: Stack) -> bool:
        return Stage.of(home) is self._stage and _environment(home) == _environment(top_of(self._stack))

    def _text(self, value: Any, scope: IConstruct) -> str | None:
        self._steps += 1
        if self._steps > _LONGEST_WAY:
            return None
        return self._evaluated(Tokenization.resolve(value, scope=scope, resolver=self._targets, preparing=False))

    def _evaluated(self, expression: Any) -> str | None:
        """Return an expression as a text, in which a mark stands for a layer; None where that is not known."""
        if isinstance(expression, str):
            text = _MARK.sub(self._followed, expression)
            dynamic = _DYNAMIC.fullmatch(text)
            return text if dynamic is None else self._parameter(dynamic[1])
        if not isinstance(expression, dict) or len(expression) != 1:
            return None
        ((function, body),) = expression.items()
        if function == "Fn::ImportValue":
            return self._export(self._evaluated(body))
        if function == "Fn::Join" and isinstance(body, list):
            texts = self._list(body[1])
            return None if texts is None else self._evaluated(str(body[0]).join(texts))
        if function == "Fn::Select" and isinstance(body, list):
            texts = self._list(body[1])
            return texts[int(body[0])] if texts and str(body[0]).isdigit() and int(body[0]) < len(texts) else None
        return None

    def _list(self, expression: Any) -> list[str] | None:
        """Return an expression as a list of texts; None where one of them is not known."""
        if isinstance(expression, list):
            texts = [self._evaluated(one) for one in expression]
            return None if None in texts else cast("list[str]", texts)
        split = expression.get("Fn::Split") if isinstance(expression, dict) else None
        separator, joined = split if isinstance(split, list) else (",", expression)
        text = self._evaluated(joined)
        return None if text is None else text.split(separator)

    def _followed(self, mark: re.Match[str]) -> str:
        """Return what a reference leads to; its own mark where it leads nowhere else."""
        target, attribute = self._targets.found[int(mark[1])]
        text = None
        if isinstance(target, CfnParameter):
            text = self._template_parameter(target)
        elif _is_ssm(target) and attribute == "Value":
            text = self._value(target)
        return mark[0] if text is None else text

    def _template_parameter(self, parameter: CfnParameter) -> str | None:
        if parameter.type.startswith(_FROM_SSM):
            return self._parameter(parameter.default)
        stack = parameter.stack
        resource = stack.nested_stack_resource if isinstance(stack, NestedStack) else None
        if resource is None or stack.nested_stack_parent is None:
            return None
        given = Tokenization.resolve(
            cast("Any", resource).parameters, scope=stack.nested_stack_parent, resolver=self._targets, preparing=False
        )
        return self._evaluated(given.get(stack.resolve(parameter.logical_id))) if isinstance(given, dict) else None

    def _parameter(self, name: Any) -> str | None:
        """Return the value of an SSM parameter, by its name or by the ARN that ends with the name."""
        shared = _PARAMETER_ARN.fullmatch(name) if isinstance(name, str) else None
        wanted = shared[1] if shared else name
        found = [one for one in self._all(ConstructSelector.resources_of_type(_SSM)) if cast("Any", one).name == wanted]
        found = [one for one in found if self._is_deployed_with(top_of(Stack.of(one)))]
        if len(found) != 1:
            return None
        self._names_of.append(top_of(Stack.of(found[0])))
        return self._value(found[0])

    def _value(self, parameter: IConstruct) -> str | None:
        self._passed.append(top_of(Stack.of(parameter)))
        return self._text(cast("Any", parameter).value, parameter)

    def _export(self, name: str | None) -> str | None:
        outputs = [one for one in self._all(ConstructSelector.all()) if isinstance(one, CfnOutput)]
        found = [one for one in outputs if name is not None and one.export_name == name]
        found = [one for one in found if self._is_deployed_with(top_of(Stack.of(one)))]
        if len(found) != 1:
            return None
        home = top_of(Stack.of(found[0]))
        self._names_of.append(home)
        self._passed.append(home)
        return self._text(found[0].value, found[0])

    def _all(self, selector: Any) -> Iterable[IConstruct]:
        return () if self._stage is None else Mixins.of(self._stage, selector).selected_constructs


def _is_ssm(target: IConstruct) -> bool:
    return isinstance(target, CfnResource) and target.cfn_resource_type == _SSM


def _environment(stack: Stack) -> tuple[str | None, str | None]:
    return known(stack.account), known(stack.region)


class _Targets(DefaultTokenResolver):
    """Puts a mark in the place of each reference to a construct while a value is resolved."""

    def __init__(self) -> None:
        super().__init__(StringConcat())
        self.found: list[tuple[IConstruct, str]] = []
        """The constructs that the marks stand for, with the attributes that are referred to."""

    def resolve_token(self, t: IResolvable, context: IResolveContext, post_processor: IPostProcessor) -> object:
        if not Reference.is_reference(t):
            return super().resolve_token(t, context, post_processor)
        reference = cast("Reference", t)
        self.found.append((reference.target, reference.display_name))
        return f"\0{len(self.found) - 1}\0"
