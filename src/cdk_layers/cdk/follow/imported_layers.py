"""Layers of the app that a function imports by a token.

The token may refer to an SSM parameter, an export, an attribute, or a parameter of a nested stack. `assembly/` follows
the same references in templates, but a function's code is built before there is a template.

The code of the function leaves out the distributions that the layer contains. So a reference is only followed if the
deploy that updates the code also gives the function the new version of the layer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import (
    CfnOutput,
    CfnParameter,
    CfnResource,
    ConstructSelector,
    Mixins,
    NestedStack,
    Stack,
    Stage,
    Tokenization,
)
from aws_cdk.aws_lambda import CfnLayerVersion, LayerVersion

from cdk_layers.cdk.follow.references import shared_layer, top_of
from cdk_layers.cdk.follow.shared_layer import SharedLayer
from cdk_layers.cdk.model.layers import arn_of, model_of
from cdk_layers.cdk.model.tokens import MARK, References, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import IConstruct

_DYNAMIC: Final = re.compile(r"\{\{resolve:ssm:([^}]+)\}\}")
"""A dynamic reference to the newest version of an SSM parameter. Source: CloudFormation's user guide."""

_PARAMETER_ARN: Final = re.compile(r"arn:[^:]*:ssm:[^:]*:[0-9]{12}:parameter(/[^:]+)")
_FROM_SSM: Final = "AWS::SSM::Parameter::Value<"
_SSM: Final = "AWS::SSM::Parameter"
_MAX_STEPS: Final = 20
"""How many references are followed, one after the other."""


def depend_on_import(layer: ILayerVersion | str, stack: Stack) -> SharedLayer | None:
    """Return the layer of the app that an import refers to, after making the function's stack depend on its stack.

    So the function's code may leave out the distributions that the layer contains.

    Args:
        layer: A layer of the function, or its ARN.
        stack: The function's stack.

    Returns:
        The layer. None if the argument is not an import, it is unknown which layer it refers to, that layer contains no
        distributions, or its stack cannot be deployed first.
    """
    found = imported_layer(layer, stack)
    model = None if found is None else model_of(found)
    if found is None or model is None or model.contents is None or not model.contents.distributions:
        return None
    shared = shared_layer(found) or SharedLayer(found, model.where.path, top_of(Stack.of(found)), model.asset)
    own = top_of(stack)
    if shared.stack is not own:
        try:
            own.add_stack_dependency(shared.stack, reason=f"code of its functions relies on the layer {shared.path}")
        except RuntimeError:
            return None
    return shared


def imported_layer(layer: ILayerVersion | str, stack: Stack) -> LayerVersion | None:
    """Return the layer version of the app that an import refers to; None if it is unknown or may be an older version.

    It is the new version if the layer is in another stack of the same stage, account and Region, this stack defines all
    parameters and exports on the way to it, and no version of a parameter is fixed.

    Args:
        layer: The import, or its ARN.
        stack: The function's stack.
    """
    arn = layer if isinstance(layer, str) else arn_of(layer)
    if known(arn) is not None or (not isinstance(layer, str) and model_of(layer).is_resource):
        return None
    return _Trace(stack).find_layer(arn)


class _Trace:
    """The references from the import of a function to the layer."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stage = Stage.of(stack)
        self._references = References()
        self._defining_stacks: list[Stack] = []
        """Stacks that define the parameters and exports on the way."""

        self._named_stacks: list[Stack] = []
        """Those of them whose parameters or exports are read by name."""

        self._steps = 0

    def find_layer(self, arn: str) -> LayerVersion | None:
        """Return the layer that an ARN refers to; None if it is unknown or may be an older version."""
        match = MARK.fullmatch(self._resolve(arn, self._stack) or "")
        target = None if match is None else self._references.found[int(match[1])].target
        layer = target.node.scope if isinstance(target, CfnLayerVersion) else None
        return layer if isinstance(layer, LayerVersion) and self._gets_new_version(layer) else None

    def _gets_new_version(self, layer: LayerVersion) -> bool:
        own, layer_stack = top_of(self._stack), top_of(Stack.of(layer))
        if own is layer_stack:
            # A function that reads a parameter or export of its own stack by name gets the old value.
            return not self._named_stacks
        return self._is_deployed_with(layer_stack) and all(stack is layer_stack for stack in self._defining_stacks)

    def _is_deployed_with(self, stack: Stack) -> bool:
        return Stage.of(stack) is self._stage and _environment(stack) == _environment(top_of(self._stack))

    def _resolve(self, value: Any, scope: IConstruct) -> str | None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return None
        return self._evaluate(Tokenization.resolve(value, scope=scope, resolver=self._references, preparing=False))

    def _evaluate(self, expression: Any) -> str | None:
        """Return an expression as a string, with a mark for a reference to a layer; None if it is unknown."""
        if isinstance(expression, str):
            text = MARK.sub(self._value_of_mark, expression)
            dynamic = _DYNAMIC.fullmatch(text)
            return text if dynamic is None else self._parameter(dynamic[1])
        if not isinstance(expression, dict) or len(expression) != 1:
            return None
        ((function, body),) = expression.items()
        if function == "Fn::ImportValue":
            return self._export(self._evaluate(body))
        if function == "Fn::Join" and isinstance(body, list):
            texts = self._list(body[1])
            return None if texts is None else self._evaluate(str(body[0]).join(texts))
        if function == "Fn::Select" and isinstance(body, list):
            texts = self._list(body[1])
            return texts[int(body[0])] if texts and str(body[0]).isdigit() and int(body[0]) < len(texts) else None
        return None

    def _list(self, expression: Any) -> list[str] | None:
        """Return an expression as a list of strings; None if any of them is unknown."""
        if isinstance(expression, list):
            texts = [self._evaluate(item) for item in expression]
            return None if None in texts else cast("list[str]", texts)
        split = expression.get("Fn::Split") if isinstance(expression, dict) else None
        separator, joined = split if isinstance(split, list) else (",", expression)
        text = self._evaluate(joined)
        return None if text is None else text.split(separator)

    def _value_of_mark(self, mark: re.Match[str]) -> str:
        """Return the value of a parameter that a mark stands for; the mark itself for any other construct."""
        reference = self._references.found[int(mark[1])]
        target, attribute = reference.target, reference.display_name
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
        arguments = Tokenization.resolve(
            cast("Any", resource).parameters,
            scope=stack.nested_stack_parent,
            resolver=self._references,
            preparing=False,
        )
        name = stack.resolve(parameter.logical_id)
        return self._evaluate(arguments.get(name)) if isinstance(arguments, dict) else None

    def _parameter(self, name: Any) -> str | None:
        """Return the value of an SSM parameter of the app, by its name or ARN; None if there is not exactly one."""
        shared = _PARAMETER_ARN.fullmatch(name) if isinstance(name, str) else None
        wanted = shared[1] if shared else name
        parameters = self._all(ConstructSelector.resources_of_type(_SSM))
        found = [parameter for parameter in parameters if cast("Any", parameter).name == wanted]
        found = [parameter for parameter in found if self._is_deployed_with(top_of(Stack.of(parameter)))]
        if len(found) != 1:
            return None
        self._named_stacks.append(top_of(Stack.of(found[0])))
        return self._value(found[0])

    def _value(self, parameter: IConstruct) -> str | None:
        self._defining_stacks.append(top_of(Stack.of(parameter)))
        return self._resolve(cast("Any", parameter).value, parameter)

    def _export(self, name: str | None) -> str | None:
        outputs = [output for output in self._all(ConstructSelector.all()) if isinstance(output, CfnOutput)]
        found = [output for output in outputs if name is not None and output.export_name == name]
        found = [output for output in found if self._is_deployed_with(top_of(Stack.of(output)))]
        if len(found) != 1:
            return None
        stack = top_of(Stack.of(found[0]))
        self._named_stacks.append(stack)
        self._defining_stacks.append(stack)
        return self._resolve(found[0].value, found[0])

    def _all(self, selector: Any) -> Iterable[IConstruct]:
        return () if self._stage is None else Mixins.of(self._stage, selector).selected_constructs


def _is_ssm(target: IConstruct) -> bool:
    return isinstance(target, CfnResource) and target.cfn_resource_type == _SSM


def _environment(stack: Stack) -> tuple[str | None, str | None]:
    return known(stack.account), known(stack.region)
