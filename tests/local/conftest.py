"""What the tests of running functions share."""

from __future__ import annotations

import sys

import pytest

from cdk_layers.local.runner import Runner
from cdk_layers.store.local_store import LocalStore

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session")
def runner() -> Runner:
    """Run functions isolated where that is possible."""
    return Runner(LocalStore.default())


@pytest.fixture(scope="session")
def by_paths() -> Runner:
    """Run functions without isolation."""
    return Runner(LocalStore.default(), is_isolated=False)
