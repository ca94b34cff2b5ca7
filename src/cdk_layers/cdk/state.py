"""State of each app: everything that the library remembers about constructs between two calls.

Each module defines a class for what it remembers, and gets the app's one object of that class, such as
`state_of(stack).part(_Declarations)`. Nothing about constructs is remembered elsewhere, so apps in one process are
independent of each other.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cdk_layers.cdk.node.contract import identity
from cdk_layers.project.user_store import user_store

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_layers.store.protocol import Store

_Part = TypeVar("_Part")


class AppState:
    """What is remembered of one construct tree."""

    def __init__(self, root: IConstruct) -> None:
        """Remember nothing yet.

        Args:
            root: The root of the tree, which is an app most often.
        """
        self.root = root
        self._parts: dict[type, object] = {}

    @cached_property
    def store(self) -> Store:
        """The store that the constructs of the app use."""
        return user_store()

    def part(self, kind: type[_Part]) -> _Part:
        """Return the app's object of a class, which is created without arguments at the first call."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        return cast("_Part", self._parts[kind])


_BY_ROOT: Final[dict[str, AppState]] = {}
"""States by the identities of roots: a root that Node created is another Python object each time."""

_BY_CONSTRUCT: Final[dict[object, AppState]] = {}
"""States by constructs that were asked for before, since the root of a construct costs two jsii calls.

The references keep no memory that would be free without them: jsii keeps every object as long as the process.
Source: jsii 1.142, `_reference_map.py`.
"""


def state_of(construct: IConstruct) -> AppState:
    """Return the state of the app that a construct belongs to."""
    if construct not in _BY_CONSTRUCT:
        root = construct.node.root
        _BY_CONSTRUCT[construct] = _BY_ROOT.setdefault(identity(root), AppState(root))
    return _BY_CONSTRUCT[construct]
