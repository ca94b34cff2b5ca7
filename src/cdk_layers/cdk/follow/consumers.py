"""Which functions of a stage use which shared layers, found without a round trip to Node for each construct."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import ConstructSelector, DefaultTokenResolver, Mixins, Reference, Stage, StringConcat, Tokenization
from aws_cdk.aws_lambda import CfnFunction, CfnVersion, Function

from cdk_layers.cdk.node.contract import function_of_current_version, identity, logical_id

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

    from aws_cdk import IPostProcessor, IResolvable, IResolveContext
    from constructs import Construct, IConstruct

    from cdk_layers.cdk.follow.shared import Shared

_KINDS: Final = ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::Lambda::Version")
"""The CDK's own constants would be asked of Node."""

_FEW: Final = 3
"""So many functions are as quickly asked one by one."""


class Resources:
    """The functions, layers and versions below a construct, whenever they are asked for."""

    def __init__(self, top: IConstruct) -> None:
        """Look below a construct; nothing is asked of it yet."""
        self._selection = Mixins.of(top, ConstructSelector.resources_of_type(*_KINDS))

    def now(self) -> list[IConstruct]:
        """Return them as they are now, in the order that the CDK visits them."""
        return self._selection.selected_constructs


def last_of(stage: Stage, resources: Sequence[IConstruct]) -> IConstruct | None:
    """Return the last of some resources that is the stage's own, and not that of one nested in it."""
    return next((one for one in reversed(resources) if Stage.of(one) is stage), None)


def plain_functions(stage: Stage, resources: Iterable[IConstruct], *, known: Container[str]) -> list[CfnFunction]:
    """Return the functions among resources that are the stage's own, and whose identity is not known already."""
    strangers = [one for one in resources if isinstance(one, CfnFunction) and identity(one) not in known]
    return [one for one in strangers if Stage.of(one) is stage]


def resources_of(
    scopes: Mapping[Construct, Collection[Function]], resources: Iterable[IConstruct]
) -> Iterator[tuple[Function, CfnFunction]]:
    """Yield functions with their resources, in as few round trips as that takes.

    Args:
        scopes: Functions by the constructs that they stand in.
        resources: All resources below a stage, in the order that the CDK visits them.
    """
    found = [one for one in resources if isinstance(one, CfnFunction)]
    places = {identity(one): place for place, one in enumerate(found)}
    for scope, functions in scopes.items():
        known = _side_by_side(scope, found, places) if len(functions) > _FEW else {}
        for function in functions:
            resource = known.get(identity(function)) or function.node.default_child
            if isinstance(resource, CfnFunction):
                yield function, resource


def _side_by_side(scope: Construct, found: Sequence[CfnFunction], places: Mapping[str, int]) -> dict[str, CfnFunction]:
    """Return the resources of a scope's functions by the functions' identities, if no other function is among them."""
    functions = [one for one in scope.node.children if isinstance(one, Function)]
    ends = [one.node.default_child for one in (*functions[:1], *functions[-1:])]
    at = [places[identity(one)] for one in ends if isinstance(one, CfnFunction) and identity(one) in places]
    between = found[at[0] : at[-1] + 1] if at else []
    # As many resources as functions: none of another function is among them, since they are in the functions' order.
    return dict(zip(map(identity, functions), between, strict=True)) if len(between) == len(functions) else {}


def versioned_functions(resources: Iterable[IConstruct]) -> Iterator[tuple[Function, CfnFunction]]:
    """Yield the functions whose `current_version` is among resources, with their own resources."""
    for version in (one for one in resources if isinstance(one, CfnVersion)):
        function = function_of_current_version(version)
        resource = None if function is None else function.node.default_child
        if function is not None and isinstance(resource, CfnFunction):
            yield function, resource


def users_of(
    shared: Sequence[Shared], functions: Sequence[CfnFunction]
) -> Iterator[tuple[CfnFunction, tuple[Shared, ...]]]:
    """Yield those of the functions that use shared layers, with these layers.

    Until the CDK prepares an app's references, a layer version of any stack resolves to its logical id alone. So all
    are resolved at once; where layers of two stacks have the same logical id, the reference itself tells them apart.
    """
    if not functions or not shared:
        return
    resolve = shared[0].stack.resolve
    named: dict[str, list[Shared]] = defaultdict(list)
    for one, arn in zip(shared, resolve([one.layer.layer_version_arn for one in shared]), strict=True):
        named[logical_id(arn)].append(one)
    # By their numbers, since what resolves to nothing is left out.
    resolved = resolve({str(number): function.layers for number, function in enumerate(functions)})
    for number, layers in resolved.items():
        function = functions[int(number)]
        candidates = [one for name in dict.fromkeys(_referred(layers)) for one in named.get(name, ())]
        if len({one.path for one in candidates}) > len({name for name in _referred(layers) if name in named}):
            candidates = _referred_by(function, candidates)
        if candidates:
            yield function, tuple(candidates)


def _referred(value: object) -> Iterator[str]:
    """Yield the logical ids in a resolved value, in both branches of an `Fn::If` too."""
    if isinstance(value, dict):
        yield from [value["Ref"]] if isinstance(value.get("Ref"), str) else _referred(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from _referred(one)


def _referred_by(function: CfnFunction, candidates: Sequence[Shared]) -> list[Shared]:
    targets = _Targets()
    Tokenization.resolve(function.layers, scope=function, resolver=targets, preparing=False)
    return [one for one in candidates if any(path.startswith(f"{one.path}/") for path in targets.paths)]


class _Targets(DefaultTokenResolver):
    """Notes the constructs that a value refers to while it is resolved."""

    def __init__(self) -> None:
        super().__init__(StringConcat())
        self.paths: list[str] = []

    def resolve_token(self, t: IResolvable, context: IResolveContext, post_processor: IPostProcessor) -> object:
        if Reference.is_reference(t):
            self.paths.append(cast("Reference", t).target.node.path)
        return super().resolve_token(t, context, post_processor)
