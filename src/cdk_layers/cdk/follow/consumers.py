"""Functions of a stage that use shared layers, found with few jsii calls."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from aws_cdk import ConstructSelector, Mixins, Stage, Tokenization
from aws_cdk.aws_lambda import CfnFunction, CfnVersion, Function

from cdk_layers.cdk.model.tokens import References
from cdk_layers.cdk.node.contract import function_of_current_version, identity, logical_id

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

    from constructs import Construct, IConstruct

    from cdk_layers.cdk.follow.shared_layer import SharedLayer

_KINDS: Final = ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::Lambda::Version")
"""Each of the CDK's constants for these would be a jsii call."""

_FEW: Final = 3
"""Up to this number of functions, their resources are requested one by one."""


class Resources:
    """The resources of functions, layers and versions below a construct."""

    def __init__(self, top: IConstruct) -> None:
        """Select nothing yet."""
        self._selection = Mixins.of(top, ConstructSelector.resources_of_type(*_KINDS))

    def now(self) -> list[IConstruct]:
        """Return the resources that exist now, in the order that the CDK visits them."""
        return self._selection.selected_constructs


def last_of(stage: Stage, resources: Sequence[IConstruct]) -> IConstruct | None:
    """Return the last of some resources that is in the stage itself, and not in a nested stage."""
    return next((resource for resource in reversed(resources) if Stage.of(resource) is stage), None)


def plain_functions(stage: Stage, resources: Iterable[IConstruct], *, known: Container[str]) -> list[CfnFunction]:
    """Return the functions among resources that are in the stage itself and whose identity is not known."""
    functions = [resource for resource in resources if isinstance(resource, CfnFunction)]
    return [function for function in functions if identity(function) not in known and Stage.of(function) is stage]


def resources_of(
    scopes: Mapping[Construct, Collection[Function]], resources: Iterable[IConstruct]
) -> Iterator[tuple[Function, CfnFunction]]:
    """Yield functions with their resources.

    Args:
        scopes: Functions by their scopes.
        resources: All resources below a stage, in the order that the CDK visits them.
    """
    found = [resource for resource in resources if isinstance(resource, CfnFunction)]
    positions = {identity(resource): position for position, resource in enumerate(found)}
    for scope, functions in scopes.items():
        paired = pair_by_position(scope, found, positions) if len(functions) > _FEW else {}
        for function in functions:
            resource = paired.get(identity(function)) or function.node.default_child
            if isinstance(resource, CfnFunction):
                yield function, resource


def pair_by_position(
    scope: Construct, resources: Sequence[CfnFunction], positions: Mapping[str, int]
) -> dict[str, CfnFunction]:
    """Return the resources of all functions in a scope, by the functions' identities; {} if it cannot be sure.

    It saves two jsii calls for each function. Resources are visited in the order of their constructs, so those of the
    scope's functions are between that of the first and that of the last function, and none is missing. If there are
    as many as functions, no resource of another function is among them. Then equal positions belong together.

    Args:
        scope: The scope.
        resources: The resources of all functions of the stage, in the order that the CDK visits them.
        positions: Their positions by identity.
    """
    functions = [child for child in scope.node.children if isinstance(child, Function)]
    ends = [function.node.default_child for function in (*functions[:1], *functions[-1:])]
    at = [positions[identity(end)] for end in ends if isinstance(end, CfnFunction) and identity(end) in positions]
    between = resources[at[0] : at[-1] + 1] if at else []
    is_sure = len(between) == len(functions)
    return dict(zip(map(identity, functions), between, strict=True)) if is_sure else {}


def versioned_functions(resources: Iterable[IConstruct]) -> Iterator[tuple[Function, CfnFunction]]:
    """Yield the functions whose `current_version` is among resources, with their own resources."""
    for version in (resource for resource in resources if isinstance(resource, CfnVersion)):
        function = function_of_current_version(version)
        resource = None if function is None else function.node.default_child
        if function is not None and isinstance(resource, CfnFunction):
            yield function, resource


def users_of(
    shared: Sequence[SharedLayer], functions: Sequence[CfnFunction]
) -> Iterator[tuple[CfnFunction, tuple[SharedLayer, ...]]]:
    """Yield the functions that use shared layers, with these layers.

    Until the CDK prepares an app's references, a layer version of any stack resolves to its logical id. So all are
    resolved by one call. If layers of two stacks have the same logical id, the construct of the reference decides.
    """
    if not functions or not shared:
        return
    resolve = shared[0].stack.resolve
    named: dict[str, list[SharedLayer]] = defaultdict(list)
    for layer, arn in zip(shared, resolve([layer.construct.layer_version_arn for layer in shared]), strict=True):
        named[logical_id(arn)].append(layer)
    # By their numbers, since the CDK leaves out values that resolve to nothing.
    resolved = resolve({str(number): function.layers for number, function in enumerate(functions)})
    for number, layers in resolved.items():
        function = functions[int(number)]
        candidates = [layer for name in dict.fromkeys(_referred(layers)) for layer in named.get(name, ())]
        if len({layer.path for layer in candidates}) > len({name for name in _referred(layers) if name in named}):
            candidates = _referred_by(function, candidates)
        if candidates:
            yield function, tuple(candidates)


def _referred(value: object) -> Iterator[str]:
    """Yield the logical ids in a resolved value, in both branches of an `Fn::If` too."""
    if isinstance(value, dict):
        yield from [value["Ref"]] if isinstance(value.get("Ref"), str) else _referred(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _referred(item)


def _referred_by(function: CfnFunction, candidates: Sequence[SharedLayer]) -> list[SharedLayer]:
    references = References()
    Tokenization.resolve(function.layers, scope=function, resolver=references, preparing=False)
    paths = [reference.target.node.path for reference in references.found]
    return [layer for layer in candidates if any(path.startswith(f"{layer.path}/") for path in paths)]
