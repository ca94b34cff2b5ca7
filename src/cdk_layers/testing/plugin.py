"""pytest fixtures that run and import the functions of an app with their layers.

pytest loads this module in every test run of an environment that has the library, so it imports nothing but pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.testing.functions import AppFunctions, Assemblies
    from cdk_layers.testing.imports import HandlerImporter

_ASSEMBLY: Final = "cdk_layers_assembly"
_PROCESSES: Final = "cdk_layers_processes"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings of the fixtures."""
    parser.addini(
        _ASSEMBLY, "the cloud assembly whose functions lambda_function and lambda_handler find", default="cdk.out"
    )
    parser.addini(
        _PROCESSES,
        'how long the processes of lambda_function live: "test" or "session"; in a session, tests share the global '
        "variables and /tmp of a function",
        default="test",
    )


@pytest.fixture(scope="session")
def _cdk_layers_assemblies(pytestconfig: pytest.Config) -> Assemblies:
    """Return the assemblies that this test run reads."""
    from cdk_layers.testing.functions import Assemblies  # noqa: PLC0415

    return Assemblies(pytestconfig.rootpath / str(pytestconfig.getini(_ASSEMBLY)))


def _scope(fixture_name: str, config: pytest.Config) -> Literal["function", "session"]:
    """Return how long the processes live, so that fixtures with a wider scope can use those of a session."""
    del fixture_name
    return "session" if config.getini(_PROCESSES) == "session" else "function"


@pytest.fixture(scope=_scope)
def lambda_function(request: pytest.FixtureRequest, _cdk_layers_assemblies: Assemblies) -> Iterator[AppFunctions]:
    """Return `lambda_function(name, *, app=None, environment=None)`, whose result is called with an event.

    Example:
        >>> def test_report(lambda_function):
        ...     assert lambda_function("Spoke/Report")({"key": 1}) == {"ok": True}
    """
    from cdk_layers.testing.functions import AppFunctions, check_lifetime  # noqa: PLC0415

    check_lifetime(str(request.config.getini(_PROCESSES)))
    with AppFunctions(_cdk_layers_assemblies) as functions:
        yield functions


@pytest.fixture
def lambda_handler(_cdk_layers_assemblies: Assemblies) -> Iterator[HandlerImporter]:
    """Return `lambda_handler(name, *, app=None, environment=None)`, which imports a handler into this process.

    Until the test ends, the function's code and layers are on the import path and its variables are set. Then the
    modules that it imported from there are removed.
    """
    from cdk_layers.testing.imports import HandlerImporter  # noqa: PLC0415

    with HandlerImporter(_cdk_layers_assemblies) as importer:
        yield importer
