"""Functions of an app together with their last deployed versions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.app.model import App, Function
    from cdk_layers.findings import Where


def with_deployed(app: App, deployed: App) -> App:
    """Return an app whose functions have their deployed versions.

    A function is the same if its stack and its logical id are, since CloudFormation replaces any other. The file name
    of the template identifies the stack, since an app that is read from a single template has no stack name.

    Args:
        app: The app to be deployed.
        deployed: The assembly of the last deploy. The conditions of a stack are assumed to stay as they are, so a
            function's scenario is compared with the same one. If there is none, the one with the most code counts.
    """
    before: dict[tuple[str, str], list[Function]] = defaultdict(list)
    for function in deployed.functions:
        before[_identity(function.where)].append(function)
    functions = []
    for function in app.functions:
        known = [deployed for deployed in before[_identity(function.where)] if deployed.code is not None]
        same = [deployed for deployed in known if deployed.scenario == function.scenario]
        largest = max(same or known, key=_code_bytes, default=None)
        functions.append(replace(function, deployed=largest))
    return replace(app, functions=tuple(functions))


def _code_bytes(function: Function) -> int:
    return 0 if function.code is None else function.code.unzipped_bytes


def _identity(where: Where) -> tuple[str, str]:
    return where.template.replace("\\", "/").rpartition("/")[2], where.logical_id
