"""References of functions to shared layers of other stacks, and how functions follow new layer versions.

A reference to a shared layer of another stack is weak, so that a new layer version never locks two stacks together.
But a weak reference is the same for all versions of the layer, so CloudFormation would not update the function. So the
template of each such function contains the digest of the layer's content, and its stack is deployed after the layer's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import (
    Annotations,
    CrossStackReferences,
    IAspect,
    NestedStack,
    ReferenceStrength,
    Stack,
    Stage,
)

from cdk_layers.app import metadata
from cdk_layers.cdk.follow.consumers import (
    Resources,
    last_of,
    plain_functions,
    resources_of,
    users_of,
    versioned_functions,
)
from cdk_layers.cdk.follow.crossing import (
    needs_parameter,
    pass_arn,
    refuse_equal_role_names,
    refuse_other_stage,
    refuse_plain_function,
    refuse_unreadable,
    set_nested_strength,
)
from cdk_layers.cdk.follow.deploy_order import deploy_after, unknown_digest_text
from cdk_layers.cdk.node.contract import (
    acknowledge_reference_strength,
    identity,
    recognizes_layers,
    visit_after_users,
)
from cdk_layers.cdk.state import state_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from aws_cdk.aws_lambda import CfnFunction, Function, ILayerVersion
    from constructs import Construct, IConstruct

    from cdk_layers.cdk.follow.shared_layer import SharedLayer
    from cdk_layers.cdk.model.known_scope import KnownScope


@dataclass(frozen=True, eq=False)
class _Follower:
    """A function that declared its layers."""

    function: Function
    scope: KnownScope
    layers: tuple[SharedLayer, ...]


@dataclass(eq=False)
class _Sharing:
    """The shared layers and followers of a stage, which the CDK synthesizes as a whole."""

    layers: dict[ILayerVersion, SharedLayer] = field(default_factory=dict)
    followers: dict[Function, _Follower] = field(default_factory=dict)
    is_marked: bool = False
    ordered: set[tuple[Stack, Stack]] = field(default_factory=set)
    warned: set[tuple[Stack, str]] = field(default_factory=set)
    mixed: set[Function] = field(default_factory=set)


@dataclass(eq=False)
class _Shares:
    """The shared layers of an app, in all of its stages."""

    layers: dict[ILayerVersion, SharedLayer] = field(default_factory=dict)
    by_stage: dict[Stage, _Sharing] = field(default_factory=dict)
    by_top: dict[Stack, _Sharing] = field(default_factory=dict)
    """By top-level stacks."""

    tops: dict[Stack, Stack] = field(default_factory=dict)


def share(
    shared: SharedLayer, resource: IConstruct, stack: Stack, *, strength: ReferenceStrength | None = None
) -> None:
    """Let functions of other stacks refer to a layer, and follow its content.

    Args:
        shared: A layer version of the app.
        resource: Its resource.
        stack: The stack that it is in, nested or not.
        strength: How other stacks refer to it; weakly by default.
    """
    CrossStackReferences.of(shared.construct).produce(strength or ReferenceStrength.WEAK)
    set_nested_strength(stack, strength)
    state_of(stack).part(_Shares).layers[shared.construct] = shared
    sharing = _sharing_of(shared.stack)
    stage = None if sharing.layers else Stage.of(shared.stack)
    if stage is not None:
        visit_after_users(resource, _MarkFunctions(stage, sharing, Resources(stage)))
    sharing.layers[shared.construct] = shared


def follow(
    function: Function, scope: KnownScope, shared: tuple[SharedLayer, ...], relied_on: tuple[SharedLayer, ...]
) -> None:
    """Make a function follow those of its layers that other stacks share.

    Args:
        function: The function.
        scope: The scope of the function.
        shared: Those of its layers that functions of other stacks can follow.
        relied_on: Imported layers of the app whose distributions its code leaves out: see `imported_layers`.

    Raises:
        UsageError: A layer's stack depends on the function's, so that neither can be deployed first; or the layer is of
            another stage, and the function could not refer to it.
    """
    stack = scope.stack
    sharing = _sharing_of(stack)
    foreign = [layer for layer in shared if layer.construct not in sharing.layers]
    for layer in foreign:
        refuse_other_stage(function.node.path, top_of(stack), layer)
    sharing.followers[function] = _Follower(function, scope, (*shared, *relied_on))
    _deploy_after_layers(sharing, stack, shared)
    if sharing.is_marked or foreign or relied_on:
        _mark_with_digests(cast("CfnFunction", function.node.default_child), stack, (*shared, *relied_on))
    if relied_on:
        # The CDK's hash of a version contains the expression of an imported layer's ARN, which does not change.
        _mix_into_version(function, relied_on, always=True)


def arns_for(layers: Sequence[ILayerVersion], arns: list[str], *, within: Stack) -> list[str]:
    """Return the ARNs of layers for a function of the stack `within`.

    Args:
        layers: The layers.
        arns: Their ARNs.
        within: The function's stack. A nested stack gets a layer of another account by a template parameter.
    """
    if not isinstance(within, NestedStack):
        return arns
    return [_passed_arn(layer, arn, within) for layer, arn in zip(layers, arns, strict=True)]


def _passed_arn(layer: ILayerVersion, arn: str, within: NestedStack) -> str:
    shared = shared_layer(layer)
    return arn if shared is None or not needs_parameter(within, shared) else pass_arn(within, shared, arn)


def top_of(stack: Stack) -> Stack:
    """Return the top-level stack that contains a stack, or the stack itself."""
    tops = state_of(stack).part(_Shares).tops
    if stack not in tops:
        parent = stack.nested_stack_parent if isinstance(stack, NestedStack) else None
        tops[stack] = stack if parent is None else top_of(parent)
    return tops[stack]


def shared_layer(layer: ILayerVersion) -> SharedLayer | None:
    """Return the shared layer of a construct; None if functions of other stacks cannot follow it."""
    return state_of(layer).part(_Shares).layers.get(layer)


def _sharing_of(stack: Stack) -> _Sharing:
    top = top_of(stack)
    shares = state_of(top).part(_Shares)
    if top not in shares.by_top:
        stage = Stage.of(top)
        shares.by_top[top] = _Sharing() if stage is None else shares.by_stage.setdefault(stage, _Sharing())
    return shares.by_top[top]


def _deploy_after_layers(sharing: _Sharing, stack: Stack, layers: Iterable[SharedLayer]) -> None:
    top = top_of(stack)
    for layer in (layer for layer in layers if layer.stack is not top):
        if (top, layer.stack) not in sharing.ordered:
            sharing.ordered.add((top, layer.stack))
            acknowledge_reference_strength(top)
            refuse_equal_role_names(top, layer)
            if layer.construct in sharing.layers:
                deploy_after(top, layer)
            refuse_unreadable(top, layer)
        if layer.digest is None and (top, layer.path) not in sharing.warned and top.bundling_required:
            sharing.warned.add((top, layer.path))
            Annotations.of(top).add_warning_v2("cdk-layers:unknown-digest", unknown_digest_text(layer))


def _mark_with_digests(function: CfnFunction, stack: Stack, layers: Iterable[SharedLayer]) -> None:
    """Write the digests of layers of other stacks to the function's resource, so that it changes with their content."""
    top = top_of(stack)
    digests = {
        f"{layer.path}={layer.digest}" for layer in layers if layer.stack is not top and layer.digest is not None
    }
    if digests:
        function.add_metadata(metadata.LAYER_DIGESTS, metadata.layer_digests_text(digests))


@jsii.implements(IAspect)
class _MarkFunctions:
    """Marks all functions of a stage with the digests of their layers, once in each synthesis.

    An aspect on the stage would be called for each of its constructs, and each call is a round trip to Node. So it is
    on one resource, the first shared layer, and moves to the last resource, which the aspects of users visit last:

        stage ─┬─ Hub ─── base   ◀─ 1. is called here, finds the last resource, and adds itself there
               ├─ Spoke ─ F1, F2
               └─ Late ── F3     ◀─ 2. is called here, after aspects of users, and marks base's users F1, F2 and F3

    If an aspect of a user adds a resource after the last one, it moves again.
    """

    def __init__(self, stage: Stage, sharing: _Sharing, resources: Resources) -> None:
        self._stage = stage
        self._sharing = sharing
        self._resources = resources

    def visit(self, node: IConstruct) -> None:
        """Mark the functions if this is the last resource of the stage; move there otherwise."""
        resources = self._resources.now()
        last = last_of(self._stage, resources) or node
        if identity(last) == identity(node):
            self._mark(resources)
        else:
            visit_after_users(last, _MarkFunctions(self._stage, self._sharing, self._resources))

    def _mark(self, resources: Sequence[IConstruct]) -> None:
        self._sharing.is_marked = True
        layers = self._mark_followers(resources)
        layers.update(self._mark_plain_functions(resources, known=layers))
        for function, resource in versioned_functions(resources):
            if function not in self._sharing.mixed:
                self._sharing.mixed.add(function)
                _mix_into_version(function, layers.get(identity(resource), ()))

    def _mark_followers(self, resources: Sequence[IConstruct]) -> dict[str, tuple[SharedLayer, ...]]:
        """Mark functions that declared their layers. Returns these layers by the identity of the resource."""
        layers: dict[str, tuple[SharedLayer, ...]] = {}
        for resource, follower in _followers(self._sharing, resources):
            layers[identity(resource)] = follower.layers
            _mark_with_digests(resource, follower.scope.stack, follower.layers)
        return layers

    def _mark_plain_functions(
        self, resources: Sequence[IConstruct], *, known: Container[str]
    ) -> dict[str, tuple[SharedLayer, ...]]:
        """Mark functions that this library did not create, and deploy their stacks after those of their layers."""
        layers: dict[str, tuple[SharedLayer, ...]] = {}
        plain = plain_functions(self._stage, resources, known=known)
        for resource, shared in users_of(tuple(self._sharing.layers.values()), plain):
            layers[identity(resource)] = shared
            refuse_plain_function(resource, shared)
            _deploy_after_layers(self._sharing, resource.stack, shared)
            _mark_with_digests(resource, resource.stack, shared)
        return layers


def _followers(sharing: _Sharing, resources: Iterable[IConstruct]) -> Iterator[tuple[CfnFunction, _Follower]]:
    """Yield the resources of functions that declared their layers, with their declarations."""
    by_scope: dict[Construct, list[Function]] = defaultdict(list)
    for follower in sharing.followers.values():
        by_scope[follower.scope.construct].append(follower.function)
    for function, resource in resources_of(by_scope, resources):
        yield resource, sharing.followers[function]


def _mix_into_version(function: Function, layers: Iterable[SharedLayer], *, always: bool = False) -> None:
    """Make `current_version` follow the layers. By default, only if the CDK's feature flag for that is off."""
    digests = sorted(f"{layer.path}={layer.digest}" for layer in layers if layer.digest is not None)
    if digests and (always or not recognizes_layers(function)):
        function.invalidate_version_based_on(" ".join(digests))
