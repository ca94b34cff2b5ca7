"""Arguments of the layers of a stack, which come from the stack, from a call, and from a folder's layers.toml."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import Size

from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.errors import UsageError
from cdk_layers.lambda_service.arn import LAYER_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cdk_layers.cdk.arguments.content import ContentChoices
    from cdk_layers.cdk.arguments.types import LayerArguments
    from cdk_layers.project.layer_directory import LayerDirectory, LayerOptions

OF_STACK: Final = frozenset({"compatible_runtimes", "compatible_architectures", "removal_policy"})
"""Options of a folder that are arguments of the stack; the others are passed to each layer."""


@cache
def keyword_defaults(definition: Callable[..., None]) -> LayerArguments:
    """Return the defaults of all keyword arguments of a layer, from its `__init__`."""
    parameters = signature(definition).parameters.values()
    return cast("LayerArguments", {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY})


def only_chosen(choices: ContentChoices) -> LayerArguments:
    """Return what the stack chooses for its layers, without what it leaves to the project."""
    named = {field.name: getattr(choices, field.name) for field in fields(choices)}
    return cast("LayerArguments", {name: value for name, value in named.items() if value is not None})


def only_given(options: LayerArguments) -> dict[str, Any]:
    """Return options without those for which the default of the stack is used: None, and an empty list."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given.get("compatible_architectures"):
        given.pop("compatible_architectures", None)
    return given


def from_options(options: LayerOptions) -> dict[str, Any]:
    """Return the options of a folder's file as arguments of `add_layer`, without those that are not set."""
    named = {field.name: getattr(options, field.name) for field in fields(options)}
    given = {name: value for name, value in named.items() if value is not None}
    if options.max_unzipped is not None:
        given["max_unzipped"] = Size.bytes(options.max_unzipped)
    return given


def from_subfolders(directory: LayerDirectory, shared: Mapping[str, Any]) -> dict[str, LayerArguments]:
    """Return the arguments of `add_layer` for each subfolder of a folder, by its name.

    Args:
        directory: The folder.
        shared: The arguments of all of its layers.
    """
    layers: dict[str, Any] = {}
    for name, options in directory.layers.items():
        folder = directory.path / name
        layer = {**shared, **from_options(options)}
        if "opt_entry" in layer:
            layer["opt_entry"] = folder / layer["opt_entry"]
        if layer.get("opt_entry") != folder:
            layer["entry"] = folder
        layers[name] = layer
    return layers


def refuse_name(stack: str, name: object, others: Iterable[str]) -> None:
    """Reject the name of a layer if it is malformed or taken, or if its output would have the logical id of another.

    Args:
        stack: The construct path of the stack.
        name: The name of the layer.
        others: The names of the layers that the stack has.

    Raises:
        UsageError: It cannot be the name of a layer of the stack.
    """
    if not isinstance(name, str):
        raise Arguments(f"Stack {stack!r}").wrong(name, "name", "the name of a layer, as a string")
    others, place = [*others], f"Layer {f'{stack}/{name}'!r}"
    if not LAYER_NAME.fullmatch(name):
        message = f"{place}: a name consists of 1 to 140 letters, digits, '-' and '_'."
        raise UsageError(message)
    if name in others:
        message = f"{place} exists already. Layers of one stack need different names."
        raise UsageError(message)
    same = next((other for other in others if _letters_and_digits(other) == _letters_and_digits(name)), None)
    if same is not None:
        message = (
            f"{place} would have the same output as layer {same!r}, since CloudFormation's logical ids have "
            f"letters and digits only: '{_letters_and_digits(name)}Arn'. Choose names that differ in letters or digits."
        )
        raise UsageError(message)


def _letters_and_digits(name: str) -> str:
    return "".join(re.findall("[A-Za-z0-9]", name))


def parameter_prefix_of(arguments: Arguments, prefix: str | None) -> str | None:
    """Return the start of the names of a stack's SSM parameters, without a slash at its end.

    Raises:
        UsageError: It is not a slash and a name.
    """
    arguments.text("parameter_prefix", prefix)
    if prefix is None:
        return None
    if not prefix.startswith("/") or not prefix.strip("/"):
        message = f"{arguments.place}: parameter_prefix is {prefix!r}; expected '/' and a name, such as '/layers'."
        raise UsageError(message)
    return prefix.rstrip("/")
