"""Errors as values: what passes between processes, and what a message contains."""

from __future__ import annotations

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from cdk_layers import errors
from cdk_layers.errors import CdkLayersError, FunctionError, LimitError
from cdk_layers.findings import Finding, Where

if TYPE_CHECKING:
    from collections.abc import Callable

_FINDING = Finding("too-many-layers", "error", Where("Spoke/Report"), "It has six layers.", "Join some.")
_ERRORS = [
    FunctionError("Spoke/Report", "ValueError", "no rows", ("line 1\n", "line 2\n"), "START\nEND"),
    LimitError("Function 'Spoke/Report' has six layers.", [_FINDING]),
    *(
        error("wrong")
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, CdkLayersError) and error is not FunctionError
    ),
]


def _pickled(error: CdkLayersError) -> CdkLayersError:
    return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]  # noqa: S301 - its own bytes


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", [_pickled, copy.copy, copy.deepcopy])
def test_errors_can_be_copied(error: CdkLayersError, copied: Callable[[CdkLayersError], CdkLayersError]) -> None:
    """A copy has the type, the message and the attributes of the error."""
    other = copied(error)
    assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))


def _fail() -> None:
    raise _ERRORS[0]


def test_errors_pass_between_processes() -> None:
    """An error that cannot be read again would break the pool, and the caller would not learn what failed."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(FunctionError) as raised:
        pool.submit(_fail).result()
    assert (raised.value.error_type, raised.value.log) == ("ValueError", "START\nEND")
