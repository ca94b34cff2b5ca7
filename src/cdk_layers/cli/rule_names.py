"""Names of rules on the command line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from cdk_layers.errors import UsageError
from cdk_layers.rules.registry import all_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.rules.registry import Rule


def rules_by_name(names: Iterable[str]) -> tuple[Rule, ...]:
    """Return rules by their names.

    Raises:
        UsageError: A name is not that of a rule.
    """
    known = {rule.name: rule for rule in all_rules()}
    for name in names:
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(similar)}?" if similar else "`cdk-layers rules` lists all."
            message = f"There is no rule {name!r}. {hint}"
            raise UsageError(message)
    return tuple(known[name] for name in names)
