"""What an app was when it was deployed last, beside what it is now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_layers.app.model import App, Function
    from cdk_layers.findings import Where


def with_deployed(app: App, deployed: App) -> App:
    """Return an app whose functions know what is deployed of them.

    A function is the same one where its stack and its logical id are: CloudFormation replaces any other. An app that is
    read from a single template has no stack, so that the template's file name stands for it.

    Args:
        app: What is to be deployed.
        deployed: The assembly of the last deploy. Of a function with conditions, the variant with the most code counts.
    """
    before: dict[tuple[str, str], list[Function]] = defaultdict(list)
    for function in deployed.functions:
        before[_identity(function.where)].append(function)
    functions = []
    for function in app.functions:
        known = [one for one in before[_identity(function.where)] if one.code is not None]
        largest = max(known, key=lambda one: 0 if one.code is None else one.code.unzipped_bytes, default=None)
        functions.append(replace(function, deployed=largest))
    return replace(app, functions=tuple(functions))


def _identity(where: Where) -> tuple[str, str]:
    return where.template.replace("\\", "/").rpartition("/")[2], where.logical_id
