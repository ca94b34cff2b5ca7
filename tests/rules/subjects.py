"""Functions, layers and grants for the rules to judge, and what they find."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import App, Function, Grant, Layer, LayerUse, Settings
from cdk_layers.contents.model import Contents, Distribution, File, Native
from cdk_layers.findings import Where
from cdk_layers.lambda_service.arn import LayerArn
from cdk_layers.rules.engine import judge, judge_one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.findings import Finding

MIB: Final = 1024 * 1024
TODAY: Final = date(2026, 11, 20)
SETTINGS: Final = Settings(today=TODAY)


def holding(
    unzipped_bytes: int = 1,
    *,
    files: tuple[str, ...] = (),
    machines: tuple[str, ...] = (),
    distributions: Mapping[str, int] | None = None,
) -> Contents:
    """Return contents of that size, with these files, one native file a machine and these distributions."""
    return Contents(
        unzipped_bytes,
        {path: File(1, 0, 0o644) for path in files},
        tuple(Distribution(name, "1.0", "python", size) for name, size in (distributions or {}).items()),
        tuple(Native(f"python/{machine}.so", machine, None) for machine in machines),
    )


def a_layer(path: str = "Hub/base", unzipped_bytes: int | None = None, **facts: Any) -> Layer:
    """Return a layer version that the app defines."""
    if unzipped_bytes is not None:
        facts["contents"] = holding(unzipped_bytes)
    return Layer(Where(path), **{"is_resource": True, **facts})


def an_arn(text: str) -> Layer:
    """Return a layer that is only a literal text."""
    return Layer(Where("Spoke/Report"), raw_arn=text, arn=LayerArn.parse(text))


def a_function(*layers: Layer, reference: Any = "same-stack", **facts: Any) -> Function:
    """Return a function that uses these layers."""
    uses = tuple(LayerUse(one, reference if one.is_resource else "literal") for one in layers)
    return Function(Where("Spoke/Report"), **{"layers": uses, **facts})


def a_grant(layer: Layer | None = None, principal: str | None = "222222222222", **facts: Any) -> Grant:
    """Return a permission on a layer."""
    return Grant(Where("Hub/base/Grant"), layer, principal, **facts)


def findings(rule: str, subject: Function | Layer | Grant | App, settings: Settings = SETTINGS) -> list[Finding]:
    """Return what one rule finds about one subject."""
    found = judge(subject, settings) if isinstance(subject, App) else judge_one(subject, settings)
    return [finding for finding in found if finding.rule == rule]


def severities(rule: str, subject: Function | Layer | Grant | App, settings: Settings = SETTINGS) -> list[str]:
    """Return the severities of what one rule finds about one subject."""
    return [finding.severity for finding in findings(rule, subject, settings)]


def names(subject: Function | Layer | Grant, settings: Settings = SETTINGS) -> Counter[str]:
    """Return how often each rule finds something about one subject."""
    return Counter(finding.rule for finding in judge_one(subject, settings))
