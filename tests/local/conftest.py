"""What the tests of running functions share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cdk_layers.local.runner import Runner
from cdk_layers.project.user_store import user_store

if TYPE_CHECKING:
    from collections.abc import Iterator

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session", autouse=True)
def no_region() -> Iterator[None]:
    """Functions whose stack has no Region get the one of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_REGION", raising=False)
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        yield


@pytest.fixture(scope="session")
def runner() -> Runner:
    """Run functions isolated where that is possible."""
    return Runner(user_store())


@pytest.fixture(scope="session")
def by_paths() -> Runner:
    """Run functions without isolation."""
    return Runner(user_store(), is_isolated=False)
