"""Warm environments of functions, without processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

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
