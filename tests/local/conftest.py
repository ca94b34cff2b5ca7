"""What the tests of running functions share."""

from __future__ import annotations

import sys

import pytest

from cdk_layers.local.runner import Runner
from cdk_layers.project.user_store import user_store

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session")
def runner() -> Runner:
    """Run functions isolated where that is possible."""
    return Runner(user_store())


@pytest.fixture(scope="session")
def by_paths() -> Runner:
    """Run functions without isolation."""
    return Runner(user_store(), is_isolated=False)
