"""Warm environments of functions, without processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.errors import UsageError
from cdk_layers.local.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False)
class _Environment:
    function: str
    on_invoke: Callable[[], object]
    is_usable: bool = True
    closed: list[_Environment] = field(default_factory=list)

    def invoke(self, *_: object, **__: object) -> _Environment:
        self.on_invoke()
        return self

    def close(self) -> None:
        self.is_usable = False


@pytest.mark.parametrize("moment", ["never", "start", "invocation"])
def test_what_began_before_a_change_is_not_used_again(moment: str) -> None:
    """An environment that was starting or busy when the functions changed ends after its invocation."""

    def start(function: Any) -> Any:
        if moment == "start":
            pool.renew()
        return _Environment(function, pool.renew if moment == "invocation" else lambda: None)

    pool = Pool(1, start)
    function: Any = "Report"
    first, second = (pool.invoke(function, b"{}") for _ in range(2))
    assert (first is second) == (moment == "never")
    pool.close()


def test_the_environment_that_was_not_used_for_the_longest_time_ends() -> None:
    """A pool that is full ends that one for another function, and keeps the others warm."""
    started: list[str] = []

    def start(function: Any) -> Any:
        started.append(function)
        return _Environment(function, lambda: None)

    pool = Pool(2, start)
    functions: list[Any] = ["A", "B", "A", "C", "A", "B"]
    for function in functions:
        pool.invoke(function, b"{}")
    assert started == ["A", "B", "C", "B"]
    pool.close()


def test_what_starts_while_the_pool_closes_ends() -> None:
    """No process is left when a service or a test ends during the start of another one."""
    environments: list[_Environment] = []

    def start(function: Any) -> Any:
        pool.close()
        environments.append(_Environment(function, lambda: None))
        return environments[0]

    pool = Pool(1, start)
    function: Any = "Report"
    pool.invoke(function, b"{}")
    assert not environments[0].is_usable
    with pytest.raises(UsageError, match="cannot be run anymore"):
        pool.invoke(function, b"{}")


def test_a_start_that_fails_leaves_its_place() -> None:
    """The next invocation does not wait for a place that nothing takes."""
    errors = [UsageError("There is no CPython 3.13 on this machine.")]

    def start(function: Any) -> Any:
        if errors:
            raise errors.pop()
        return _Environment(function, lambda: None)

    pool = Pool(1, start)
    function: Any = "Report"
    with pytest.raises(UsageError, match="CPython"):
        pool.invoke(function, b"{}")
    assert pool.invoke(function, b"{}") is pool.invoke(function, b"{}")
    pool.close()
