"""How functions refer to shared layers of other stacks, and how they follow them.

A reference to a shared layer of another stack is weak, so that a new layer version never locks two stacks together.
But a weak reference looks the same whatever the layer's version is: CloudFormation would never touch the function
again. So each such function carries the digest of the layer's content in its template, and its stack is deployed after
the layer's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import Annotations, Aspects, CrossStackReferences, FeatureFlags, IAspect, ReferenceStrength, Stack, Stage

from cdk_layers.cdk.consumers import functions_and_layers, last_of, plain_functions, users_of, versioned_functions
from cdk_layers.cdk.identity import identity
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk.aws_lambda import CfnFunction, Function, ILayerVersion
    from constructs import IConstruct

TEMPLATE_METADATA: Final = "cdk-layers"
"""The key of what functions carry in their template's Metadata: `{"LayerDigests": {"Hub/base": "<digest>"}}`."""

_LAYERS_IN_VERSIONS: Final = "@aws-cdk/aws-lambda:recognizeLayerVersion"
_AFTER_USERS_ASPECTS: Final = 900
"""Above `AspectPriority.DEFAULT` (500), so that layers which aspects add are seen, and below `READONLY` (1000)."""


@dataclass(frozen=True, eq=False)
class Shared:
    """A layer that functions of other stacks can follow."""

    layer: ILayerVersion
    path: str
    stack: Stack
    """The top of the nest of stacks that it stands in."""

    digest: str | None
    """What changes when, and only when, the layer's content does; None when it is not known."""


@dataclass(eq=False)
class _Sharing:
    """What one stage, which is what the CDK synthesizes at once, shares."""

    layers: dict[ILayerVersion, Shared] = field(default_factory=dict)
    followers: dict[str, tuple[Shared, ...]] = field(default_factory=dict)
    """The layers of functions that told them when they were constructed, by the resource's identity."""

    ordered: set[tuple[Stack, Stack]] = field(default_factory=set)
    warned: set[tuple[Stack, str]] = field(default_factory=set)
    mixed: set[Function] = field(default_factory=set)


_STAGES: Final[WeakKeyDictionary[Stage, _Sharing]] = WeakKeyDictionary()
_STACKS: Final[WeakKeyDictionary[Stack, _Sharing]] = WeakKeyDictionary()
_TOPS: Final[WeakKeyDictionary[Stack, Stack]] = WeakKeyDictionary()


def share(shared: Shared, resource: IConstruct, *, strength: ReferenceStrength | None = None) -> None:
    """Let functions of other stacks refer to a layer, and follow its content.

    Args:
        shared: A layer version of the app's.
        resource: Its resource.
        strength: How other stacks refer to it; weakly by default.
    """
    CrossStackReferences.of(shared.layer).produce(strength or ReferenceStrength.WEAK)
    sharing = _sharing_of(shared.stack)
    if not sharing.layers:
        Aspects.of(resource).add(_Sweep(), priority=_AFTER_USERS_ASPECTS)
    sharing.layers[shared.layer] = shared


def follow(function: CfnFunction, stack: Stack, layers: Iterable[ILayerVersion]) -> None:
    """Make a function follow those of its layers that other stacks share.

    Args:
        function: The function's resource.
        stack: The stack that it stands in.
        layers: All of its layers.

    Raises:
        UsageError: A layer's stack depends on the function's, so that neither can be deployed first.
    """
    sharing = _sharing_of(stack)
    shared = tuple(sharing.layers[layer] for layer in layers if layer in sharing.layers)
    sharing.followers[identity(function)] = shared
    _follow(sharing, function, stack, shared)


def top_of(stack: Stack) -> Stack:
    """Return the stack that is deployed when this one is: itself, or the outermost that it is nested in."""
    if stack not in _TOPS:
        parent = stack.nested_stack_parent
        _TOPS[stack] = stack if parent is None else top_of(parent)
    return _TOPS[stack]


def _sharing_of(stack: Stack) -> _Sharing:
    top = top_of(stack)
    if top not in _STACKS:
        stage = Stage.of(top)
        _STACKS[top] = _Sharing() if stage is None else _STAGES.setdefault(stage, _Sharing())
    return _STACKS[top]


def _follow(sharing: _Sharing, function: CfnFunction, stack: Stack, layers: Iterable[Shared]) -> None:
    top = top_of(stack)
    others = [one for one in layers if one.stack is not top]
    for one in others:
        _deploy_after(sharing, top, one)
        if one.digest is None and (top, one.path) not in sharing.warned:
            sharing.warned.add((top, one.path))
            Annotations.of(top).add_warning_v2("cdk-layers:unknown-digest", _unknown_digest(one))
    digests = {one.path: one.digest for one in others if one.digest is not None}
    if digests:
        function.add_metadata(TEMPLATE_METADATA, {"LayerDigests": dict(sorted(digests.items()))})


def _unknown_digest(one: Shared) -> str:
    return (
        f"The content of layer {one.path!r} is not known, since its stack is not being bundled and no earlier build of "
        f"it is in the cache. So functions of this stack do not follow it in this deploy. Deploy both stacks together, "
        f"or synthesize {one.stack.node.path!r} once before."
    )


def _deploy_after(sharing: _Sharing, stack: Stack, one: Shared) -> None:
    if (stack, one.stack) in sharing.ordered:
        return
    sharing.ordered.add((stack, one.stack))
    try:
        stack.add_stack_dependency(one.stack, reason=f"its functions use the layer {one.path}")
    except RuntimeError as error:
        message = (
            f"Stack {stack.node.path!r} has functions that use the layer {one.path!r}, so {one.stack.node.path!r} has "
            f"to be deployed first, but it depends on {stack.node.path!r} itself. "
            f"Move the layer to a stack of its own. The CDK says: {error}"
        )
        raise UsageError(message) from error


@jsii.implements(IAspect)
class _Sweep:
    """Finds the functions that nobody told us of, once a synthesis.

    It is tied to one resource, since an aspect on a tree is called for each of its constructs.
    """

    def visit(self, node: IConstruct) -> None:
        """Sweep the stage at its last function or layer, after the aspects of users; go there from anywhere else."""
        stage = Stage.of(node)
        if stage is None:
            return
        resources = functions_and_layers(stage)
        last = last_of(stage, resources) or node
        if identity(last) == identity(node):
            _sweep(stage, resources)
        else:
            Aspects.of(last).add(_Sweep(), priority=_AFTER_USERS_ASPECTS)


def _sweep(stage: Stage, resources: Iterable[IConstruct]) -> None:
    sharing = _STAGES[stage]
    used = dict(sharing.followers)
    strangers = plain_functions(stage, resources, known=used)
    for function, layers in users_of(tuple(sharing.layers.values()), strangers):
        used[identity(function)] = layers
        _follow(sharing, function, function.stack, layers)
    for versioned, resource in versioned_functions(stage):
        if versioned not in sharing.mixed:
            sharing.mixed.add(versioned)
            _mix_into_version(versioned, used.get(identity(resource), ()))


def _mix_into_version(function: Function, layers: Iterable[Shared]) -> None:
    """Let `current_version` follow the layers where the CDK does not do it by its feature flag."""
    digests = sorted(f"{one.path}={one.digest}" for one in layers if one.digest is not None)
    if digests and not FeatureFlags.of(function).is_enabled(_LAYERS_IN_VERSIONS):
        function.invalidate_version_based_on(" ".join(digests))
