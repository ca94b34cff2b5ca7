"""Scopes of constructs, with what all constructs in one scope share, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aws_cdk import Stack

from cdk_layers.cdk.model.tokens import known
from cdk_layers.cdk.node.contract import bundles_nothing, injects_into_functions, recognizes_layers
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import UsageError
from cdk_layers.lambda_service.regions import partition_of

if TYPE_CHECKING:
    from constructs import Construct, IConstruct


@dataclass(frozen=True)
class KnownScope:
    """A scope, and what all constructs in it share."""

    construct: Construct
    stack: Stack
    path: str
    """The construct path of the scope."""

    partition: str | None
    region: str | None
    account: str | None
    bundled: bool
    """Whether the CDK bundles the assets of the stack."""

    builds_layers: bool
    """Whether layers are built, also those of a stack that is not bundled: functions of a bundled one may use them."""

    def path_of(self, name: str) -> str:
        """Return the construct path of a child."""
        return f"{self.path}/{name}" if self.path else name

    @cached_property
    def sorts_layers(self) -> bool:
        """Whether the CDK sorts a function's layers by their construct paths."""
        return recognizes_layers(self.construct)

    @cached_property
    def injects(self) -> bool:
        """Whether a property injector of the app changes the arguments of functions."""
        read = state_of(self.construct).part(_Injects)
        scopes = self.construct.node.scopes
        read.update({scope: injects_into_functions(scope) for scope in scopes if scope not in read})
        return any(read[scope] for scope in scopes)


def known_scope(scope: Construct) -> KnownScope:
    """Return a scope with what constructs in it share, which is read once.

    Raises:
        UsageError: The scope is not in a stack.
    """
    known_scopes = state_of(scope).part(_KnownScopes)
    if scope not in known_scopes:
        known_scopes[scope] = _read(scope)
    return known_scopes[scope]


class _Injects(dict["IConstruct", bool]):
    """Whether property injectors of scopes themselves change the arguments of functions."""


class _KnownScopes(dict["Construct", KnownScope]):
    """Scopes with what is known of them."""


def _read(scope: Construct) -> KnownScope:
    stack = scope if isinstance(scope, Stack) else _stack_of(scope)
    region = known(stack.region)
    bundled = stack.bundling_required
    return KnownScope(
        construct=scope,
        stack=stack,
        path=scope.node.path,
        partition=None if region is None else partition_of(region),
        region=region,
        account=known(stack.account),
        bundled=bundled,
        builds_layers=bundled or not bundles_nothing(stack.node.root),
    )


def _stack_of(scope: Construct) -> Stack:
    try:
        return Stack.of(scope)
    except RuntimeError as error:
        from cdk_layers.cdk.node.error_texts import is_without_stack  # noqa: PLC0415 - nearly all have a stack

        if not is_without_stack(error):
            raise
    kind = type(scope).__name__
    name = f"{kind} {scope.node.path!r}" if scope.node.path else kind
    message = (
        f"scope is the {name}, which is not in a stack. Layers and functions belong to a stack: create one, "
        'Stack(app, "Reports"), and pass it as the scope.'
    )
    raise UsageError(message)
